"""Derives the models of models.hopf again with SymPy and compares with what the compiler printed.

Both sides are compared as numbers at random points. Checked for every model: the Hamiltonian, the generator, the
Fokker-Planck operator (with policies as unknown functions of the state), the costate equations; where they exist the
control law (against brute force), the Riccati entries, the Hopf-Cole equation, Euler-Lagrange and canonical equations.
"""
import argparse
import itertools
import math
import random
import re
import subprocess
import sys

import sympy as sp

RNG = random.Random(20)
INF = float("inf")


def spec(states, drift, noise=None, cost="0", controls=None, discount="0", reward=False, values=None, corr=None,
         terminal="0", positive=(), concave=False, letters=None):
    return dict(concave=concave, letters=letters or {}, states=states, drift=drift, noise=noise or [], cost=cost, controls=controls or {}, discount=discount,
                reward=reward, values=values or {}, corr=corr, terminal=terminal, positive=positive)


# The mathematics of each model, written down a second time. Sets: (lo, hi), a list of values, or ("ball", r).
MODELS = {
    "pendulum": spec(["theta", "omega"], ["omega", "g/l*sin(theta) + (tau - b*omega)/(m*l**2)"], [["0"], ["sigma"]],
                     "10*(1 - cos(theta)) + omega**2/10 + tau**2/100", {"tau": (-2, 2)}, "1/2",
                     values=dict(m=1, l=1, g=9.81, b=0.1, sigma=0.5)),
    "merton": spec(["x"], ["x*(r + k*(mu - r) - c)"], [["k*sigma*x"]], "(c*x)**(1 - gamma)/(1 - gamma)",
                   {"k": (0, 3), "c": (0.001, 5)}, "rho", True, dict(r=0.03, mu=0.08, sigma=0.2, gamma=2, rho=0.05),
                   positive=["x"], concave=True),
    "lqr": spec(["x_1", "x_2"], ["x_2", "u_1"], [["1/10", "0"], ["0", "1/10"]], "x_1**2 + x_2**2 + u_1**2",
                {"u_1": (-INF, INF)}, "1/10"),
    "dubins": spec(["x", "y", "theta"], ["v*cos(theta)", "v*sin(theta)", "u"], cost="1", controls={"u": (-1, 1)},
                   values=dict(v=1, turn=1)),
    "air3d": spec(["x", "y", "psi"], ["-ve + vp*cos(psi) + a*y", "vp*sin(psi) - a*x", "b - a"],
                  controls={"b": (-1, 1), "a": ("max", -1, 1)}, values=dict(ve=5, vp=5), terminal="sqrt(x**2+y**2)-5"),
    "oscillator": spec(["q"], ["v"], cost="m*v**2/2 - k*q**2/2", controls={"v": (-INF, INF)}, values=dict(m=1, k=1)),
    "put": spec(["S"], ["r*S"], [["sigma*S"]], discount="r", reward=True, values=dict(r=0.05, sigma=0.2, K=100),
                terminal="Max(K - S, 0)"),
    "vp": spec(["x_1", "x_2"], ["-(beta0 + t*(beta1 - beta0))*x_1/2", "-(beta0 + t*(beta1 - beta0))*x_2/2"],
               [["sqrt(beta0 + t*(beta1 - beta0))", "0"], ["0", "sqrt(beta0 + t*(beta1 - beta0))"]],
               values=dict(beta0=0.1, beta1=20)),
    "bridge": spec(["x_1", "x_2"], ["v_1", "v_2"], [["sqrt(eps)", "0"], ["0", "sqrt(eps)"]], "(v_1**2 + v_2**2)/2",
                   {"v_1": (-INF, INF), "v_2": (-INF, INF)}, values=dict(eps=0.1)),
    "firm": spec(["k"], ["i - d*k"], cost="z*k - i - i**2/2", controls={"i": (-INF, INF)}, discount="r", reward=True,
                 values=dict(r=0.05, d=0.1, z=0.2)),
    "double_well": spec(["x"], ["-4*k*x*(x**2 - 1) + u"], [["1"]], "u**2/2", {"u": (-INF, INF)},
                        values=dict(k=1, nu=1), terminal="nu*(x**2 - 1)**2"),
    "noisy_lq": spec(["x_1", "x_2"], ["x_2 + 1/10", "-a*x_1 + u"], [["x_1/5", "0"], ["0", "1/10 + 3*u/10"]],
                     "x_1**2 + x_2**2/2 + x_1*u/5 + u**2 + 3*x_2/10 + u/10 + 1", {"u": (-INF, INF)}, "rho",
                     values=dict(a=0.3, rho=0.2), letters=dict(noises=["w", "z"])),
    "two_body": spec(["q_1", "q_2"], ["v_1", "v_2"],
                     cost="m*v_1**2/2 + (2 + cos(q_1))*v_2**2/2 + 3*v_1*v_2/10 - k*(1 - cos(q_1 - q_2))",
                     controls={"v_1": (-INF, INF), "v_2": (-INF, INF)}, values=dict(m=2, k=3)),
    "kepler": spec(["x", "y"], ["v", "w"], cost="(v**2 + w**2)/2 + 1/sqrt(x**2 + y**2)",
                   controls={"v": (-INF, INF), "w": (-INF, INF)}),
    "heston": spec(["s", "v"], ["r*s", "kappa*(level - v)"], [["sqrt(v)*s", "0"], ["0", "xi*sqrt(v)"]],
                   discount="r", values=dict(kappa=2, level=0.04, xi=0.3, r=0.02), corr=[[1, -0.5], [-0.5, 1]],
                   terminal="Max(s - 100, 0)", positive=["s", "v"], letters=dict(xi="zeta")),
    "convex": spec(["x"], ["a - b"], cost="x**2 - log(a) + exp(b) - b", controls={"a": (0.1, 4), "b": (-INF, INF)},
                   discount="1", positive=["x"]),
    "quartic": spec(["x"], ["u"], [["1/2"]], "x**2 + u**4/4", {"u": (-INF, INF)}, "1"),
    "ball": spec(["x", "y"], ["u_1 + 1/2", "u_2"], cost="1 + (u_1**2 + u_2**2)/2", controls={"u_1": ("ball", 1), "u_2": ("ball", 1)}),
    "heading": spec(["x", "y"], ["cos(h) + 1/2", "sin(h)"], cost="1", controls={"h": (-math.pi, math.pi)}),
    "two_assets": spec(["x"], ["x*(r + k*(mu1 - r) + l*(mu2 - r)) - c"], [["x*k*s1", "x*l*s2"]], "log(c)",
                       {"k": (-INF, INF), "l": (-INF, INF), "c": (0.001, INF)}, "rho", True,
                       dict(r=0.03, mu1=0.08, mu2=0.06, s1=0.2, s2=0.15, rho=0.05), [[1, 0.4], [0.4, 1]],
                       positive=["x"], concave=True),
    "magnetic": spec(["x", "y"], ["v", "w"], cost="m*(v**2 + w**2)/2 + e*B*(x*w - y*v)/2",
                     controls={"v": (-INF, INF), "w": (-INF, INF)}, values=dict(m=1, e=1, B=2)),
    "double_pendulum": spec(["a", "b"], ["va", "vb"],
                            cost="(m1 + m2)*l1**2*va**2/2 + m2*l2**2*vb**2/2 + m2*l1*l2*va*vb*cos(a - b)"
                                 " + (m1 + m2)*g*l1*cos(a) + m2*g*l2*cos(b)",
                            controls={"va": (-INF, INF), "vb": (-INF, INF)},
                            values=dict(m1=1, m2=2, l1=1, l2=0.5, g=9.81)),
    "kepler_polar": spec(["r", "phi"], ["vr", "vphi"], cost="m*(vr**2 + r**2*vphi**2)/2 + k/r",
                         controls={"vr": (-INF, INF), "vphi": (-INF, INF)}, values=dict(m=1, k=1), positive=["r"],
                         letters=dict(phi="f")),
    "letters": spec(["V", "phi", "p", "q"], ["phi", "A*V + u", "q", "-p"],
                    [["0", "0"], ["1/2", "0"], ["0", "c/10"], ["0", "0"]],
                    "Q*V**2 + m*R*u**2 + H*P*psi*p**2", {"u": (-INF, INF)},
                    values=dict(H=2, psi=1, m=1, P=1, c=2, A=1, Q=1, R=1),
                    letters=dict(V="W", phi="f", p="lambda", q="z", P="K", linear="s", score="score_0", noises=["w", "score"])),
    "kinks": spec(["x"], ["a + b + d"], cost="x**2 + Abs(a) + a**2/2 + sqrt(1 + b**2) + Abs(d)**3",
                  controls={"a": (-1, 1), "b": (-2, 2), "d": (-2, 2)}, discount="1"),
    "stratonovich_pair": spec(["x", "y"], ["-x + s**2*x/2 + s*y/2", "x + s**2*y/2"], [["s*x", "y"], ["0", "s*y"]],
                              values=dict(s=0.3), letters=dict(noises=["w", "z"])),
    "impatient": spec(["x"], ["u"], [["1 + x/5"]], "x**2 + u**2", {"u": (-INF, INF)}, "1/10 + x**2"),
    "saddle": spec(["x"], ["x + u + d"], [["1/10"]], "x**2 + u**2 - g**2*d**2 + u*d/2",
                   {"u": (-INF, INF), "d": ("max", -INF, INF)}, "1/2", values=dict(g=2)),
    "matched": spec(["q_1", "q_2", "v_1", "v_2"], ["v_1", "v_2", "-q_1 + u_1", "-q_2 + u_2"],
                    [["0", "0"], ["0", "0"], ["s", "0"], ["0", "s"]],
                    "q_1**2 + q_2**2 + R*(u_1**2 + u_2**2)/2 + 3*u_1/10", {"u_1": (-INF, INF), "u_2": (-INF, INF)},
                    values=dict(s=0.5, R=2, nu=1), terminal="nu*(q_1**2 + q_2**2)"),
    "gears": spec(["x"], ["g*x + u"], [["1/10"]], "x**2 + g**2 + u**2*(1 + g**2)", {"g": [-1, 0, 2], "u": (-1, 1)}, "1"),
}


# ---- reading what the compiler printed -------------------------------------------------------------------

def clean(name):
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")


def top_level(text, separator):
    depth, parts, start = 0, [], 0
    for i, ch in enumerate(text):
        depth += ch in "([{" and 1 or (ch in ")]}" and -1 or 0)
        if ch == separator and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return parts + [text[start:]]


def names(text):
    """D(V,x[1]) and x[1] become plain identifiers: D_V_x_1, x_1."""
    while True:
        found = re.search(r"(?<![A-Za-z0-9_])[Dd]\(((?:[^()]|\([^()]*\))*)\)", text)
        if not found or "," not in found.group(1):
            break
        text = text[: found.start()] + clean(found.group(0)[0] + "_" + found.group(1)) + text[found.end():]
    while re.search(r"[A-Za-z_]\w*\[[^\[\]]*\]", text):
        text = re.sub(r"[A-Za-z_]\w*\[[^\[\]]*\]", lambda m: clean(m.group(0)), text)
    return text


def conditionals(text):
    """`if c then a else b` inside balanced parentheses becomes Python's conditional expression."""
    found = re.search(r"\bif\b", text)
    if not found:
        return text
    start, end, depth = found.start(), len(text), 0
    for i in range(start, len(text)):
        depth += text[i] in "([" and 1 or (text[i] in ")]" and -1 or 0)
        if depth < 0 or (depth == 0 and text[i] == ","):
            end = i
            break
    body = text[start:end]
    level, depth, then_at, else_at = 0, 0, None, None
    for word in re.finditer(r"\bif\b|\bthen\b|\belse\b|[()]", body):
        w = word.group(0)
        if w in "()":
            depth += 1 if w == "(" else -1
        elif depth == 0 and w == "if":
            level += 1
        elif depth == 0 and w == "then" and level == 1 and then_at is None:
            then_at = word.start()
        elif depth == 0 and w == "else":
            if level == 1 and else_at is None:
                else_at = word.start()
            level -= 1
    c, a, b = body[2:then_at], body[then_at + 4:else_at], body[else_at + 4:]
    python = f"(({conditionals(a)}) if ({conditionals(c)}) else ({conditionals(b)}))"
    return text[:start] + python + conditionals(text[end:])


FUNCTIONS = {name: getattr(math, name) for name in
             "sin cos tan asin acos atan atan2 sinh cosh tanh exp sqrt floor erf pi".split()}
FUNCTIONS.update(abs=abs, min=min, max=max, inf=INF, sign=lambda x: (x > 0) - (x < 0),
                 log=lambda x: math.log(x) if x > 0 else -INF)


def python_text(text):
    return conditionals(names(text).replace("^", "**"))


def value(text, point):
    if getattr(text, "parts", ()):
        point = dict(point)
        for name, definition in text.parts:
            point[name] = value(definition, point)
    return eval(python_text(text), dict(FUNCTIONS), point)  # the text is our own compiler's output


def strip_optimum(text):
    text = text.strip()
    while re.match(r"(inf|sup)\(", text):
        text = ",".join(top_level_optimum(text)).strip()
    return text


def top_level_optimum(text):
    inner = text[4:-1]
    return top_level(inner, ",")[1:]


class Text(str):
    """The right side of an equation, with the shared parts (`let r1 = ...`) of its step."""

    def __new__(cls, text, parts=()):
        made = super().__new__(cls, text)
        made.parts = parts
        return made


def read(output):
    models, model, step, parts = {}, None, None, []
    for line in output.splitlines():
        if line.startswith("@model "):
            model = models.setdefault(line[7:], {})
        elif line.startswith("@step "):
            step, parts = model.setdefault(line[6:], []), []
        elif line.startswith("let "):
            parts.append(line[4:].split(" = ", 1))
        elif line and not line.startswith("//") and " = " in line:
            left, right = line.split("  // ")[0].split(" = ", 1)
            for name, definition in model.get("abbreviations", []):
                right = re.sub(rf"\b{name}\b", lambda _: f"({definition})", right)
            step.append((left.strip(), Text(right.strip(), parts)))
    return models


# ---- deriving again ----------------------------------------------------------------------------------------

# Models with a law that is compiled and not printed; tests/unit/derive_laws.cpp samples such laws.
TOO_LONG = {"gears"}


class Problem:
    def __init__(self, s):
        self.s = s
        self.x = [sp.Symbol(n, real=True) for n in s["states"]]
        self.u = [sp.Symbol(n, real=True) for n in s["controls"]]
        self.t = sp.Symbol("t", real=True)
        known = {str(v): v for v in self.x + self.u + [self.t]}
        known.update({n: sp.Symbol(n, positive=True) for n in s["values"]})
        known.update({"beta0": sp.Symbol("beta0", positive=True), "beta1": sp.Symbol("beta1", positive=True)})
        self.known = known
        expr = lambda text: sp.sympify(text, locals=known)
        self.f = [expr(e) for e in s["drift"]]
        self.L = expr(s["cost"])
        self.rho = expr(s["discount"])
        n, k = len(self.x), len(s["noise"][0]) if s["noise"] else 0
        self.sigma = sp.Matrix(n, k, [expr(e) for row in s["noise"] for e in row]) if k else sp.zeros(n, 1)
        C = sp.Matrix(s["corr"]) if s["corr"] else sp.eye(self.sigma.shape[1])
        self.C = C
        self.a = self.sigma * C * self.sigma.T

    def letter(self, usual):
        """The letter that the derivation uses where the usual one is a name of the model."""
        return self.s["letters"].get(usual, usual)

    def operator(self, function):
        """f.grad + 1/2 a:hess with the compiler's names for the derivatives."""
        e = sum(f * sp.Symbol(f"D_{function}_{x}") for f, x in zip(self.f, self.x))
        for i, j in itertools.product(range(len(self.x)), repeat=2):
            lo, hi = min(i, j), max(i, j)
            e += self.a[i, j] * sp.Symbol(f"D_{function}_{self.x[lo]}_{self.x[hi]}") / 2
        return e

    def adjoint(self, density):
        functions = {u: sp.Function(str(u))(*self.x) for u in self.u}
        m = sp.Function(density)(*self.x)
        e = 0
        for i, xi in enumerate(self.x):
            e -= sp.diff((self.f[i].subs(functions)) * m, xi)
            for j, xj in enumerate(self.x):
                e += sp.diff(self.a[i, j].subs(functions) * m, xi, xj) / 2
        e = e.doit()
        flat = {}
        for d in e.atoms(sp.Derivative):
            order = [str(v) for v, count in d.variable_count for _ in range(count)]
            order.sort(key=[str(x) for x in self.x].index)
            flat[d] = sp.Symbol("_".join(["D", str(d.expr.func)] + order))
        e = e.xreplace(flat)
        return e.xreplace({f: sp.Symbol(str(f.func)) for f in e.atoms(sp.Function) if f.func.__name__ in
                           [density] + [str(u) for u in self.u]})

    def point(self, expression_texts=(), extra=()):
        values = dict(self.s["values"])
        for x in self.x:
            values[str(x)] = RNG.uniform(0.5, 2) if str(x) in self.s["positive"] else RNG.uniform(-1.5, 1.5)
        for u, set_ in self.s["controls"].items():
            values[u] = RNG.choice(set_) if isinstance(set_, list) else RNG.uniform(0.2, 0.9)
        values["t"] = RNG.uniform(0.1, 0.9)
        texts = [t for text in expression_texts for t in [text] + [d for _, d in getattr(text, "parts", ())]]
        for text in texts:
            for name in re.findall(r"[A-Za-z_]\w*", names(text)):
                if name not in FUNCTIONS and name not in ("if", "then", "else", "and", "or", "not"):
                    values.setdefault(name, RNG.uniform(-2, 2))
        for name in extra:
            values.setdefault(name, RNG.uniform(-2, 2))
        return values


def number(expression, point):
    return float(sp.N(expression.subs({s: point[str(s)] for s in expression.free_symbols})))


# The two regimes of `switching`, and `jumping` without its jumps: what couples them is added by hand below.
REGIMES = [spec(["a"], [f"{z} + 3*a/100 - c"], [[f"{z}/10"]], f"log(c)*{z}", {"c": (0.1, 2)}, "1/20", True, positive=["a"])
           for z in ("1/10", "1/5")]
JUMPING = spec(["x"], ["x*(1/20 - c)"], [["x/5"]], "log(c*x)", {"c": (0.1, 2)}, "1/10", True, dict(lam=0.5),
               positive=["x"])


class Checker:
    def __init__(self):
        self.count, self.failures = 0, []

    def same(self, what, problem, text, expression, points=3):
        self.count += 1
        for _ in range(points):
            point = problem.point([text], [str(s) for s in expression.free_symbols])
            ours, theirs = value(text, point), number(expression, point)
            if not abs(ours - theirs) <= 1e-9 * (1 + abs(theirs)):
                self.failures.append(f"{what}: {ours} printed, {theirs} expected\n    {text}\n    {expression}")
                return

    def fail_unless(self, ok, what):
        self.count += 1
        if not ok:
            self.failures.append(what)


def candidates(set_):
    if isinstance(set_, list):
        return set_
    lo, hi = (set_[1], set_[2]) if set_[0] == "max" else set_
    lo, hi = max(lo, -8), min(hi, 8)
    return [lo + (hi - lo) * k / 60 for k in range(61)]


def grid_of(p):
    sets = list(p.s["controls"].values())
    if sets[0][0] == "ball":
        r = sets[0][1]
        return [(q * r * math.cos(t), q * r * math.sin(t)) for q in (0, .25, .5, .75, 1)
                for t in [k * math.pi / 30 for k in range(60)]]
    axes = [candidates(s) for s in sets]
    if math.prod(len(axis) for axis in axes) <= 4000:
        return itertools.product(*axes)
    return ([RNG.choice(axis) for axis in axes] for _ in range(4000))


def optimal_point(laws, controls, point):
    """Laws may name other controls, finite ones: those are found first."""
    uses = {c: [o for o in controls if re.search(rf"(?<!\w){o}(?!\w)", names(laws[c]))] for c in controls}
    point = dict(point)
    for c in sorted(controls, key=lambda c: len(uses[c])):
        point[c] = value(laws[c], point)
    return point


def check_saddle(check, name, p, laws):
    """A free saddle is a stationary point."""
    if not all(INF in s for s in p.s["controls"].values()):
        return
    H = p.L + p.operator("V")
    for u in p.u:
        slope = sp.diff(H, u)
        for other in p.u:
            slope = slope.subs(other, sp.sympify(python_text(laws[str(other)]), locals=p.known))
        check.same(f"{name}: saddle in {u}", p, "0", sp.simplify(slope))


def check_law(check, name, p, steps):
    laws = {}
    for left, right in steps["control_law"]:
        if clean(left) in p.s["controls"]:
            laws[clean(left)] = right  # the last line of a control is its law
    if any(isinstance(s, tuple) and s[0] == "max" for s in p.s["controls"].values()):
        return check_saddle(check, name, p, laws)
    controls = list(p.s["controls"])
    if name in TOO_LONG:
        return
    if set(laws) != set(controls):
        check.fail_unless(False, f"{name}: laws for {sorted(laws)} instead of {controls}")
        return
    sense = -1 if p.s["reward"] else 1
    V = p.letter("V")
    H = sense * (p.L + p.operator(V))
    symbols = sorted(H.free_symbols | set(p.u), key=str)
    fast = sp.lambdify(symbols, H, "math")
    for _ in range(4):
        point = p.point(laws.values(), [str(s) for s in symbols])
        if p.s["concave"]:
            point["D_V_x"], point["D_V_x_x"] = RNG.uniform(0.1, 3), -RNG.uniform(0.1, 3)
        if name == "noisy_lq":
            point["D_V_x_2_x_2"] = abs(point["D_V_x_2_x_2"])
        at = lambda u: fast(*[dict(point, **dict(zip(controls, u)))[str(s)] for s in symbols])
        optimum = optimal_point(laws, controls, point)
        law = [optimum[c] for c in controls]
        best = at(law)
        for other in itertools.islice(grid_of(p), 4000):
            if at(other) < best - 1e-9 * (1 + abs(best)):
                check.fail_unless(False, f"{name}: law {law} costs {best}, but {other} costs {at(other)}")
                return
        check.count += 1


def pontryagin(p, labels):
    """L + p.f + tr(C q'sigma) with the compiler's names."""
    H = p.L + sum(sp.Symbol(f"{p.letter('p')}_{x}") * f for x, f in zip(p.x, p.f))
    for i, x in enumerate(p.x):
        for k, l in itertools.product(range(len(labels)), repeat=2):
            H += p.C[k, l] * sp.Symbol(f"{p.letter('q')}_{x}_{labels[k]}") * p.sigma[i, l]
    return H


def printed_drift(left, right, costate):
    """The right side of the costate's equation, its dt term where it is a differential."""
    plain = clean(names(left.rstrip("'")))
    if plain == costate and left.endswith("'"):
        return right
    if plain == "d" + costate:
        drift = [term[:-3] for term in split_terms(right) if term.endswith("*dt")]
        return drift[0] if drift else "0"
    return None


def noise_labels(p):
    count = p.sigma.shape[1] if p.s["noise"] else 0
    return p.s["letters"].get("noises", ["w"] if count == 1 else [f"w_{k + 1}" for k in range(count)])


def check_costate(check, name, p, steps):
    labels = noise_labels(p)
    H = pontryagin(p, labels)
    found = 0
    for x in p.x:
        costate = f"{p.letter('p')}_{x}"
        expected = p.rho * sp.Symbol(costate) - sp.diff(H, x) + sp.diff(p.rho, x) * sp.Symbol(p.letter("V"))
        for left, right in steps["costate"]:
            text = printed_drift(left, right, costate)
            if text is not None:
                check.same(f"{name}: costate of {x}", p, text, expected)
                found += 1
    check.fail_unless(found == len(p.x), f"{name}: {found} costate equations")


def in_regime(e, fields, j):
    """Fields V, phi, m with their derivatives, costates and their noise get the regime as a last index."""
    new = {}
    for s in e.free_symbols:
        text = str(s)
        for field in fields:
            if text == field or text.startswith(f"{field}_a"):
                new[s] = sp.Symbol(f"{text}_{j}")
            elif text.startswith(f"D_{field}_"):
                new[s] = sp.Symbol(text.replace(f"D_{field}_", f"D_{field}_{j}_", 1))
    return e.xreplace(new)


def check_switching(check, steps):
    a = sp.Symbol("a", real=True)
    q = [[-sp.Rational(3, 2), sp.Rational(3, 2)], [1 + a**2 / 10, -1 - a**2 / 10]]
    of = lambda field, k: sp.Symbol(f"{field}_{k}")
    gain = lambda field, j: sum(q[j - 1][k - 1] * (of(field, k) - of(field, j)) for k in (1, 2))
    for j in (1, 2):
        p = Problem(REGIMES[j - 1])
        hjb = in_regime(p.L + p.operator("V"), ["V"], j) + gain("V", j)
        check.same(f"switching: HJB {j}", p, strip_optimum(steps["hjb"][j - 1][1]), hjb)
        check.same(f"switching: generator {j}", p, steps["generator"][j - 1][1],
                   in_regime(p.operator("phi"), ["phi"], j) + gain("phi", j))
        flow = sum(q[k - 1][j - 1] * of("m", k) for k in (1, 2))
        check.same(f"switching: Fokker-Planck {j}", p, steps["fokker_planck"][j + 1][1],
                   in_regime(p.adjoint("m"), ["m"], j) + flow)
        expected = p.rho * sp.Symbol("p_a") - sp.diff(pontryagin(p, ["w"]), a)
        expected = in_regime(expected, ["p", "q"], j) - gain("p_a", j)
        expected -= sum(sp.diff(q[j - 1][k - 1], a) * of("V", k) for k in (1, 2))
        texts = [printed_drift(l, r, f"p_a_{j}") for l, r in steps["costate"]]
        texts = [t for t in texts if t is not None]
        check.fail_unless(len(texts) == 1, f"switching: {len(texts)} costate equations of regime {j}")
        for text in texts:
            check.same(f"switching: costate {j}", p, text, expected)


def check_jumping(check, steps):
    p = Problem(JUMPING)
    x, lam = p.x[0], sp.Symbol("lam", positive=True)
    rate = lam * x
    jump = lambda f: rate * (sp.Symbol(f"{f}_after_N") - sp.Symbol(f))
    check.same("jumping: HJB", p, strip_optimum(steps["hjb"][0][1]), p.L + p.operator("V") + jump("V"))
    check.same("jumping: generator", p, steps["generator"][0][1], p.operator("phi") + jump("phi"))
    expected = p.rho * sp.Symbol("p_x") - sp.diff(pontryagin(p, ["w"]), x)
    expected -= rate * (sp.Symbol("p_after_N_x") - sp.Symbol("p_x")) + lam * (sp.Symbol("V_after_N") - sp.Symbol("V"))
    for left, right in steps["costate"]:
        text = printed_drift(left, right, "p_x")
        if text is not None:
            check.same("jumping: costate", p, text, expected)
    p.known["z"] = z = sp.Symbol("z", real=True)
    check_jump_flow(check, "jumping", p, steps, dict(N=rate))
    check_landing(check, "jumping", p, steps, "m", "N", {"x_before_N": x / (1 + z)},
                  lam * x / (1 + z) / sp.Abs(1 + z))
    check_mass(check, "jumping", steps, lambda x: 0.5 * x, lambda x, z: x * z, lambda x: x * x / (1 + x), 0.4)


def check_landing(check, name, p, steps, m, process, back, weight):
    """m_from_N, where a jump came from, and the rate backward, against the map written down by hand."""
    lines = dict(steps["fokker_planck"])
    density = sp.Symbol(f"{m}_before_{process}")
    for place, expected in back.items():
        check.same(f"{name}: {place}", p, lines[place], expected)
    check.same(f"{name}: landing", p, lines[f"{m}_from_{process}"], weight * density)
    reverse = dict(steps["reverse"])
    check.same(f"{name}: back", p, reverse[f"back_{process}"], weight * density / sp.Symbol(m))


def check_jump_flow(check, name, p, steps, rates, m="m"):
    """The local part, and what jumps bring and take."""
    jumps = sum(sp.Symbol(f"{m}_from_{k}") - rate * sp.Symbol(m) for k, rate in rates.items())
    check.same(f"{name}: Fokker-Planck", p, steps["fokker_planck"][1][1], p.adjoint(m) + jumps)


def check_mass(check, name, steps, rate, jump, test, spread):
    """Weakly: the integral of test(x)*(landing - rate*m) is that of m*rate*(E test(x + h) - test)."""
    lines = dict(steps["fokker_planck"])
    z_nodes = [(-0.1 + 0.05 * (k - 40) / 8, math.exp(-((k - 40) / 8) ** 2 / 2)) for k in range(81)]
    total = sum(w for _, w in z_nodes)
    m = lambda x: math.exp(-(math.log(x) / spread) ** 2 / 2)
    h = 0.002
    left = right = 0
    for i in range(1, 5001):
        x = i * h
        landing = 0
        for z, w in z_nodes[::2]:
            point = dict(x=x, z=z, lam=0.5)
            point["m_before_N"] = m(value(lines["x_before_N"], point))
            landing += w / total * 2 * value(lines["m_from_N"], point)
        left += h * test(x) * (landing - rate(x) * m(x))
        right += h * m(x) * rate(x) * sum(w / total * 2 * (test(x + jump(x, z)) - test(x)) for z, w in z_nodes[::2])
    check.fail_unless(abs(left - right) < 2e-4 * abs(right), f"{name}: {left} lands, {right} jumps")


def check_stretched(check, steps):
    p = Problem(spec(["x", "y"], ["-x", "-y"], [["1"], ["0"]], values=dict(a=0.3, lam=2, c=0.5)))
    p.known["z"] = z = sp.Symbol("z", real=True)
    x, y = p.x
    a, lam, c = (sp.Symbol(n, positive=True) for n in ("a", "lam", "c"))
    check_jump_flow(check, "stretched", p, steps, dict(N=lam * (1 + x**2), K=1 + y**2))
    u, v = sp.symbols("u v", real=True)
    place = sp.solve([u + z + a * v - x, v + c * v + u * z - y], [u, v], dict=True)[0]
    stretch = 1 + c - a * z
    check_landing(check, "stretched", p, steps, "m", "N", {"x_before_N": place[u], "y_before_N": place[v]},
                  lam * (1 + place[u]**2) / sp.Abs(stretch))
    folded = sp.Symbol("y_before_K", real=True)
    lines = dict(steps["fokker_planck"])
    check.same("stretched: K", p, lines["y"], folded + folded**3)
    check.same("stretched: landing of K", p, lines["m_from_K"],
               (1 + folded**2) / (1 + 3 * folded**2) * sp.Symbol("m_before_K"))


def check_storms(check, steps):
    """Regimes and jumps: the reversed rates carry the flux of the other direction."""
    x = sp.Symbol("x", real=True)
    q = {(1, 2): 1 + x, (2, 1): sp.Integer(2)}
    of = lambda field, k: sp.Symbol(f"{field}_{k}")
    reverse = [(clean(left), right) for left, right in steps["reverse"]]
    for j, k in ((1, 2), (2, 1)):
        p = Problem(spec(["x"], [f"-{j}*x"], [[f"3*x*{j}/10"]], positive=["x"]))
        find = lambda lines, wanted: [r for l, r in lines if clean(names(l)) == wanted]
        flow = in_regime(p.adjoint("m"), ["m"], j) + q[k, j] * of("m", k) - q[j, k] * of("m", j)
        flow += sp.Symbol(f"m_from_N_{j}") - j * x * of("m", j)
        check.same(f"storms: Fokker-Planck {j}", p, steps["fokker_planck"][j + 1][1], flow)
        lines = [(clean(names(l)), r) for l, r in steps["fokker_planck"]]
        check.same(f"storms: place {j}", p, find(lines, f"x_before_N_{j}")[0], 2 * x)
        weight = 2 * j * 2 * x * sp.Symbol(f"m_before_N_{j}")
        check.same(f"storms: landing {j}", p, find(lines, f"m_from_N_{j}")[0], weight)
        check.same(f"storms: back {j}", p, find(reverse, f"back_N_{j}")[0], weight / of("m", j))
        check.same(f"storms: switch back {j}", p, find(reverse, f"back_{j}_{k}")[0],
                   q[k, j] * of("m", k) / of("m", j))
        drift = [term[:-3] for term in split_terms(find(reverse, "dx")[j - 1]) if term.endswith("*dt")]
        a = p.a[0, 0]
        check.same(f"storms: reverse drift {j}", p, drift[0],
                   p.f[0] - sp.diff(a, x) - a * sp.Symbol(f"score_x_{j}"))


LINKS = 5


def arm_parts():
    """M, the forces and L of the arm, as functions of numbers."""
    q, v = sp.symbols(f"q_1:{LINKS + 1}"), sp.symbols(f"v_1:{LINKS + 1}")
    m, l, g = sp.symbols("m l g")
    L = 0
    for k in range(1, LINKS + 1):
        across = sum(v[i] * sp.cos(q[i]) for i in range(k))
        along = sum(v[i] * sp.sin(q[i]) for i in range(k))
        L += m * l**2 * (across**2 + along**2) / 2 + m * g * l * sum(sp.cos(q[i]) for i in range(k))
    slope = [sp.diff(L, x) for x in q]
    mass = [[sp.diff(L, a, b) for b in v] for a in v]
    return sp.lambdify([q, v, m, l, g], [L, slope, mass], "math")


def solve_numbers(A, b):
    return [float(x) for x in sp.Matrix(A).LUsolve(sp.Matrix(b))]


def check_arm(check, steps):
    """Laws and canonical equations at random points, the mass matrix inverted as numbers there."""
    parts = arm_parts()
    for _ in range(3):
        values = dict(m=1.5, l=0.7, g=9.81)
        for i in range(1, LINKS + 1):
            values.update({f"q_{i}": RNG.uniform(-3, 3), f"p_q_{i}": RNG.uniform(-2, 2)})
            values[f"D_V_q_{i}"] = -values[f"p_q_{i}"]
        q = [values[f"q_{i + 1}"] for i in range(LINKS)]
        p = [values[f"p_q_{i + 1}"] for i in range(LINKS)]
        at = lambda v: parts(q, v, 1.5, 0.7, 9.81)
        v = solve_numbers(at([0] * LINKS)[2], p)
        L, slope, _ = at(v)
        wanted = [sum(a * b for a, b in zip(p, v)) - L] + v + slope
        printed = [value(right, values) for _, right in steps["canonical"]]
        laws = [value(right, values) for left, right in steps["control_law"] if left.startswith("v")]
        for what, ours, theirs in (("canonical", printed, wanted), ("law", laws, v)):
            check.fail_unless(len(ours) == len(theirs), f"arm: {len(ours)} {what} equations")
            for a, b in zip(ours, theirs):
                check.fail_unless(abs(a - b) < 1e-8 * (1 + abs(b)), f"arm: {what} {a} printed, {b} expected")
    text = " ".join(str(r) + " ".join(d for _, d in r.parts) for lines in steps.values() for _, r in lines)
    check.fail_unless("cos(q[1] - q[2])" in text, "arm: sums of angles are not folded")


def check_torques(check, steps):
    """x' = H_p and p' = rho p - H_x, at random points."""
    q, w, tau = sp.symbols("q_1:4"), sp.symbols("w_1:4"), sp.symbols("tau_1:4")
    M = sp.Matrix(3, 3, lambda i, j: (3 - max(i, j)) * sp.cos(q[i] - q[j]))
    C = sp.Matrix([sum((3 - max(i, j)) * sp.sin(q[i] - q[j]) * w[j]**2 for j in range(3)) for i in range(3)])
    G = sp.Matrix([(3 - i) * sp.Float(9.81) * sp.sin(q[i]) for i in range(3)])
    force = sp.Matrix(tau) - C - G
    p, y = sp.symbols("p_q_1:4"), sp.symbols("p_w_1:4")
    for _ in range(2):
        values = {str(s): RNG.uniform(-1.5, 1.5) for s in q + w + tau + p + y}
        values["g"] = 9.81
        numbers = {s: values[str(s)] for s in q + w + tau + p + y}
        inverse = sp.Matrix(M.subs(numbers)).inv()
        acceleration = inverse * force.subs(numbers)
        carried = inverse * sp.Matrix([numbers[s] for s in y])
        expected = {f"w_{i + 1}": acceleration[i] for i in range(3)}
        for i, s in enumerate(q + w):
            # d(M^-1 F) = M^-1 (dF - dM M^-1 F)
            change = (sp.diff(force, s) - sp.diff(M, s) * acceleration).subs(numbers)
            slope = sum(a * b for a, b in zip(carried, change)) + (2 if i < 3 else sp.Rational(1, 5)) * numbers[s]
            if i >= 3:
                slope += numbers[p[i - 3]]
            expected[f"p_{s}"] = sp.Rational(1, 10) * numbers[(p + y)[i]] - slope
        found = 0
        for left, right in steps["costate"]:
            plain = clean(names(left.rstrip("'")))
            if not left.endswith("'") or plain not in expected:
                continue
            found += 1
            ours, theirs = value(right, values), float(expected[plain])
            check.fail_unless(abs(ours - theirs) < 1e-8 * (1 + abs(theirs)),
                              f"torques: {left} {ours} printed, {theirs} expected")
        check.fail_unless(found == 9, f"torques: {found} equations")


def check_sizes(check, program, models):
    """Whole derivations of arms are read by people: common parts have names."""
    for style, longest in (("unicode", 200_000), ("latex", 200_000), ("hopf", 200_000)):
        output = subprocess.run([program, models, style], capture_output=True, text=True, check=True).stdout
        for part in output.split("@model ")[1:]:
            name = part.split("\n", 1)[0]
            size = len(part.encode())
            check.fail_unless(size < longest, f"{name}: {size} bytes in {style}")


def split_terms(text):
    depth, parts, start = 0, [], 0
    for i in range(len(text)):
        depth += text[i] in "([" and 1 or (text[i] in ")]" and -1 or 0)
        if depth == 0 and text.startswith(" + ", i) and text[:i].endswith(("dt", "]", "dw", "dz")) and "d" in text[start:i]:
            parts.append(text[start:i])
            start = i + 3
    return parts + [text[start:]]


def check_riccati(check, name, p, steps):
    """The printed entries are the coefficients of H at a quadratic V, compared as a polynomial at random points."""
    entries = [(l, r) for l, r in steps.get("riccati", []) if not r.startswith("[")]
    if not entries:
        return
    n = len(p.x)
    big, small = p.letter("P"), p.s["letters"].get("linear", "p")
    P = sp.Matrix(n, n, lambda i, j: sp.Symbol(big if n == 1 else f"{big}_{min(i, j) + 1}_{max(i, j) + 1}"))
    q = sp.Matrix(n, 1, lambda i, j: sp.Symbol(small if n == 1 else f"{small}_{i + 1}"))
    x = sp.Matrix(p.x)
    cost = -p.L if p.s["reward"] else p.L
    grad = P * x + q
    H = cost + sum(f * g for f, g in zip(p.f, grad)) + (p.a * P).trace() / 2
    best = sp.solve([sp.diff(H, u) for u in p.u], p.u, dict=True)[0]
    H = sp.expand(sp.simplify(H.subs(best)))
    wanted = [sp.diff(H, p.x[i], p.x[j]) for i in range(n) for j in range(i, n)]
    wanted += [sp.diff(H, v).subs({s: 0 for s in p.x}) for v in p.x] + [H.subs({s: 0 for s in p.x})]
    for (left, right), expected in zip(entries, wanted):
        check.same(f"{name}: Riccati {left}", p, right, expected)
    check.fail_unless(len(entries) == len(wanted), f"{name}: {len(entries)} Riccati equations")


def check_hopf_cole(check, name, p, steps):
    """V = -lambda log psi in the HJB equation, times -psi/lambda, is the printed operator."""
    lines = dict(steps.get("hopf_cole", []))
    if "lambda" not in lines:
        return
    lam = sp.sympify(python_text(lines["lambda"]), locals=p.known)
    psi = sp.Function("psi")(*p.x)
    V = -lam * sp.log(psi)
    H = p.L + sum(f * sp.diff(V, x) for f, x in zip(p.f, p.x))
    for i, j in itertools.product(range(len(p.x)), repeat=2):
        H += p.a[i, j] * sp.diff(V, p.x[i], p.x[j]) / 2
    best = sp.solve([sp.diff(H, u) for u in p.u], p.u, dict=True)[0]
    linear = sp.expand(sp.simplify(-psi / lam * H.subs(best)))
    flat = {}
    for d in linear.atoms(sp.Derivative):
        order = sorted((str(v) for v, c in d.variable_count for _ in range(c)), key=[str(s) for s in p.x].index)
        flat[d] = sp.Symbol("_".join(["D", "psi"] + order))
    linear = linear.xreplace(flat).xreplace({psi: sp.Symbol("psi")})
    printed = [right for left, right in steps["hopf_cole"] if "D(psi,t)" in left or left == "0"]
    check.same(f"{name}: Hopf-Cole", p, printed[0], linear)


def check_mechanics(check, name, p, steps):
    if "euler_lagrange" not in steps:
        return
    t = p.t
    paths = {x: sp.Function(f"{x}_path")(t) for x in p.x}
    rates = {u: sp.diff(paths[x], t) for u, x in zip(p.u, p.x)}
    back = {}
    for x, path in paths.items():
        back[sp.diff(path, t, 2)] = sp.Symbol(f"d_{x}_t_t")
    for x, path in paths.items():
        back[sp.diff(path, t)] = sp.Symbol(f"d_{x}_t")
    for i, x in enumerate(p.x):
        momentum = sp.diff(p.L, p.u[i]).subs(paths).subs(rates)
        force = sp.diff(p.L, x).subs(paths).subs(rates)
        zero = sp.diff(momentum, t) - force
        for old, new in back.items():
            zero = zero.subs(old, new)
        zero = zero.subs({path: x for x, path in paths.items()})
        left, right = steps["euler_lagrange"][i]
        check.same(f"{name}: Euler-Lagrange {x}", p, Text(f"({left}) - ({right})", right.parts), zero)
    p_symbols = [sp.Symbol(f"{p.letter('p')}_{x}") for x in p.x]
    legendre = sum(s * u for s, u in zip(p_symbols, p.u)) - p.L
    best = sp.solve([sp.diff(legendre, u) for u in p.u], p.u, dict=True)[0]
    H = legendre.subs(best)
    canonical = [right for _, right in steps["canonical"]]
    expected = [H] + [sp.diff(H, s) for s in p_symbols] + [-sp.diff(H, x) for x in p.x]
    for text, e in zip(canonical, expected):
        check.same(f"{name}: canonical", p, text, e)


def check_model(check, name, steps):
    p = Problem(MODELS[name])
    if "hamiltonian" in steps:
        check.same(f"{name}: Hamiltonian", p, strip_optimum(steps["hamiltonian"][0][1]),
                   p.L + p.operator(p.letter("V")))
    check.same(f"{name}: generator", p, steps["generator"][0][1], p.operator(p.letter("phi")))
    left, right = steps["fokker_planck"][1]
    density = re.match(r"D\((\w+),t\)", left).group(1)
    check.same(f"{name}: Fokker-Planck", p, right, p.adjoint(density))
    if "control_law" in steps:
        check_law(check, name, p, steps)
    if "costate" in steps:
        check_costate(check, name, p, steps)
    check_riccati(check, name, p, steps)
    check_hopf_cole(check, name, p, steps)
    check_mechanics(check, name, p, steps)
    check_reversal(check, name, p, steps)
    check_bellman(check, name, p, steps)


def check_reversal(check, name, p, steps):
    """dx = (f - div a - a score) dt backward, x' = f - 1/2 div a - 1/2 a score; policies have derivatives."""
    if "reverse" not in steps:
        return
    functions = {u: sp.Function(str(u))(*p.x) for u in p.u}
    for i, x in enumerate(p.x):
        change = 0
        for j, y in enumerate(p.x):
            slope = sp.diff(p.a[i, j].subs(functions), y)
            flat = {d: sp.Symbol(f"D_{d.expr.func}_{y}") for d in slope.atoms(sp.Derivative)}
            slope = slope.xreplace(flat).xreplace({f: u for u, f in functions.items()})
            change += slope + p.a[i, j] * sp.Symbol(f"{p.letter('score')}_{y}")
        flow = dict((clean(l.rstrip("'")), r) for l, r in steps["probability_flow"])
        check.same(f"{name}: probability flow of {x}", p, flow[str(x)], p.f[i] - change / 2)
        back = dict((clean(l), r) for l, r in steps["reverse"])[f"d{x}"]
        drift = [term[:-3] for term in split_terms(back) if term.endswith("*dt")]
        check.same(f"{name}: reverse drift of {x}", p, drift[0] if drift else "0", p.f[i] - change)


def check_bellman(check, name, p, steps):
    """next = x + f dt + sigma sqrt(dt) xi, at dt = 0.1."""
    for i, x in enumerate(p.x):
        text = next(r for l, r in steps["bellman"] if clean(l) == f"next_{x}")
        expected = x + p.f[i] / 10
        for k, label in enumerate(noise_labels(p)):
            expected += p.sigma[i, k] * sp.Symbol(f"{p.letter('xi')}_{label}") / sp.sqrt(10)
        check.same(f"{name}: step of {x}", p, re.sub(r"\bdt\b", "0.1", text), expected)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--print", dest="program", required=True)
    parser.add_argument("--models", required=True)
    arguments = parser.parse_args()
    output = subprocess.run([arguments.program, arguments.models], capture_output=True, text=True, check=True).stdout
    models, check = read(output), Checker()
    for name in MODELS:
        check.fail_unless(name in models, f"{name} was not derived")
        if name in models:
            check_model(check, name, models[name])
    check_switching(check, models["switching"])
    check_jumping(check, models["jumping"])
    check_stretched(check, models["stretched"])
    check_storms(check, models["storms"])
    check_arm(check, models["arm"])
    check_torques(check, models["torques"])
    check_sizes(check, arguments.program, arguments.models)
    for failure in check.failures:
        print(failure)
    print(f"{check.count} comparisons, {len(check.failures)} failures")
    return 1 if check.failures else 0


sys.exit(main())

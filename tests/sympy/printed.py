"""The models of models.hopf in SymPy, and what the compiler printed of them as expressions and numbers."""
import itertools
import math
import random
import re

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

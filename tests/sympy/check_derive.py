"""Derives the models of models.hopf again with SymPy and compares with what the compiler printed.

Both sides are compared as numbers at random points. Checked for every model: the Hamiltonian, the generator, the
Fokker-Planck operator (with policies as unknown functions of the state), the costate equations; where they exist the
control law (against brute force), the Riccati entries, the Hopf-Cole equation, Euler-Lagrange and canonical equations.
"""
import argparse
import itertools
import math
import re
import subprocess
import sys

import sympy as sp

from printed import (Checker, clean, INF, JUMPING, MODELS, names, Problem, python_text, read, REGIMES, RNG, spec,
                     strip_optimum, Text, TOO_LONG, value)


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

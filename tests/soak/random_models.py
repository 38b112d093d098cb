#!/usr/bin/env python3
"""Random models of every kind, each solved as it is and again as the same problem in other words.

    random_models.py --hopf build/hopf [--count 1000] [--first 0] [--jobs N] [--keep FOLDER]

V may not depend on the unit of time or of cost, on a constant that is added to every cost, on the sign of a state, on the order
of the states, on the number of threads or on the processor; and costs that are never negative have V >= 0. Steps and iterations
may differ by a thousandth of the error shown. With a constant added, whether open ends matter is judged anew, and where an answer
comes with a warning it may hang on a hair: then the two must agree within their errors. A model that is refused must be refused in
other words too. Model k is drawn from the seed k alone, so `--first k --count 1` shows it again; `--keep`
leaves what failed as files. Ends with 'N passed, M failed'.
"""
import argparse
import concurrent.futures
import copy
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

TIMEOUT = 60
CLOSE = 1e-6   # relative to the size of V: the same problem in other words
WIDEST = 0.5   # relative to the size of V: no error shown excuses more
STEPS = 1e-3   # relative to the errors shown: other steps and iterations
POINTS = 5
NODES = {1: 41, 2: 13, 3: 7}
NAMES = ("x", "y", "z")


def number(value):
    return f"({value:.12g})" if value < 0 else f"{value:.12g}"


class Model:
    """Expressions are texts in which a state stands as {x}, so that it can be renamed or turned round."""

    def __init__(self, seed):
        draw = self.draw = random.Random(seed)
        self.seed = seed
        self.n = draw.choice((1, 1, 1, 1, 2, 2, 2, 3))
        self.order = list(range(self.n))
        self.sign = [1] * self.n
        self.rate, self.unit, self.shift = 1.0, 1.0, 0.0
        self.horizon = draw.choice((None, None, 0.5, 1.0))
        self.discount = draw.choice((0.0, 0.3, 1.0)) if self.horizon else draw.choice((0.2, 0.5, 1.0))
        self.reward = draw.random() < 0.25
        self.domain = [self.draw_domain() for _ in range(self.n)]
        self.ends = [draw.choice(("reflect", "reflect", "extrapolate", "constrain", "absorb", "periodic"))
                     for _ in range(self.n)]
        self.regimes = draw.random() < 0.15 and self.n < 3
        self.controls = self.draw_controls()
        self.noisy = [draw.random() < 0.6 for _ in range(self.n)]
        self.drift = [self.draw_drift(k) for k in range(self.n)]
        self.noise = [self.draw_noise(k) if self.noisy[k] else None for k in range(self.n)]
        self.cost = self.draw_cost()
        self.terminal = self.draw_value() if self.horizon else None
        self.pay = self.draw_value()
        self.until = draw.random() < 0.15
        self.stop = self.draw_value() if draw.random() < 0.12 else None

    def draw_domain(self):
        lo = self.draw.choice((-2, -1, -1, 0.5))
        return lo, lo + self.draw.choice((1.5, 2, 3))

    def coefficient(self, scale=1.0):
        return number(round(self.draw.uniform(-scale, scale), 3))

    def draw_controls(self):
        sets = ("in [-1, 1]", "in [-1, 1]", "in [0, 2]", "in {{-1, 0, 1}}", "")
        return [self.draw.choice(sets) for _ in range(self.draw.choice((0, 1, 1, 1, 2)))]

    def wave(self, k):
        """A function of state k that fits the state: one that is periodic for an angle."""
        x = "{" + NAMES[k] + "}"
        if self.ends[k] == "periodic":
            period = self.domain[k][1] - self.domain[k][0]
            return self.draw.choice(("sin", "cos")) + f"({number(2 * math.pi / period)}*{x})"
        return self.draw.choice((x, x, f"tanh({x})", f"sin({x})"))

    def draw_drift(self, k):
        terms = [f"{self.coefficient()}*{self.wave(self.draw.randrange(self.n))}"]
        for c in range(len(self.controls)):
            if c % self.n == k or self.draw.random() < 0.2:
                terms.append(f"{self.coefficient(1.5)}*u{c}")
        return " + ".join(terms)

    def draw_noise(self, k):
        base = number(round(self.draw.uniform(0.2, 0.8), 3))
        return self.draw.choice((base, base, f"{base}*(1 + 0.3*{self.wave(k)}^2)"))

    def draw_cost(self):
        terms = [f"{number(round(self.draw.uniform(0.1, 2), 3))}*({self.wave(k)} - {self.coefficient(0.5)})^2" for k in
                 range(self.n)]
        for c, limits in enumerate(self.controls):
            weight = self.draw.choice((0, 0.1, 1)) if limits else 1
            if weight:
                terms.append(f"{weight}*u{c}^2")
        return " + ".join(terms)

    def draw_value(self):
        k = self.draw.randrange(self.n)
        return f"{number(round(self.draw.uniform(0.1, 1.5), 3))}*({self.wave(k)} - {self.coefficient(0.5)})^2"

    # The same problem in other words.

    def written(self, text):
        return text.format(**{NAMES[k]: NAMES[k] if self.sign[k] > 0 else f"(-{NAMES[k]})" for k in range(self.n)})

    def amount(self, text):
        """A value: terminal, pay, stop, end of the domain."""
        sign = -1 if self.reward else 1
        return f"{number(sign * self.unit)}*({self.written(text)} + {number(self.shift)})"

    def state_line(self, k):
        lo, hi = self.domain[k]
        if self.sign[k] < 0:
            lo, hi = -hi, -lo
        ends = f"absorb({self.amount(self.pay)})" if self.ends[k] == "absorb" else self.ends[k]
        return f"  state {NAMES[k]} in [{number(lo)}, {number(hi)}] {ends}"

    def text(self):
        lines = ["model m {"] + [self.state_line(k) for k in self.order]
        if self.regimes:
            lines.append(f"  regime j in 1..2 rates [[{number(-0.4 * self.rate)}, {number(0.4 * self.rate)}], "
                         f"[{number(0.7 * self.rate)}, {number(-0.7 * self.rate)}]]")
        lines += [f"  control u{c} {limits.format()}" for c, limits in enumerate(self.controls)]
        if any(self.noisy):
            lines.append(f"  noise w[{self.n}]")
        for k in self.order:
            line = f"  d{NAMES[k]} = {number(self.sign[k] * self.rate)}*({self.written(self.drift[k])})*dt"
            if self.noise[k]:
                line += f" + {number(math.sqrt(self.rate))}*({self.written(self.noise[k])})*dw[{k + 1}]"
            lines.append(line)
        sign = -1 if self.reward else 1
        running = f"{self.written(self.cost)} + {number(self.discount * self.shift)}"
        if self.regimes:
            running += " + (if j == 1 then 0 else 0.5)"
        lines.append(f"  {'reward' if self.reward else 'lagrangian'} {number(sign * self.unit * self.rate)}*({running})")
        if self.terminal:
            lines.append(f"  terminal {self.amount(self.terminal)}")
        if self.until:
            lines.append(f"  until {self.written('{x}')}^2 <= 0.3 pay {self.amount(self.pay)}")
        if self.stop:
            lines.append(f"  stop pays {self.amount(self.stop)}")
        if self.discount:
            lines.append(f"  discount {number(self.discount * self.rate)}")
        if self.horizon:
            lines.append(f"  horizon {number(self.horizon / self.rate)}")
        return "\n".join(lines + ["}"])

    def points(self):
        draw = random.Random(self.seed + 1)
        for _ in range(POINTS):
            yield [lo + (hi - lo) * draw.uniform(0.1, 0.9) for lo, hi in self.domain]

    def script(self):
        lines = [self.text(), f"V = solve(m, method = \"fd\", grid = {NODES[self.n]})"]
        for at in self.points():
            point = "(" + ", ".join(number(self.sign[k] * at[k]) for k in self.order) + ")"
            lines.append(f"print(0 + V{point}, V.error{point})")
        return "\n".join(lines) + "\n"

    def value(self, shown):
        """V of the model as it was drawn, from V as it is shown."""
        return (-shown if self.reward else shown) / self.unit - self.shift


def time_unit(model):
    model.rate = model.draw.choice((0.25, 2, 60, 3600))


def cost_unit(model):
    model.unit = model.draw.choice((1e-3, 7, 1e4))


def shift(model):
    model.shift = model.draw.choice((1, 10))


def mirror(model):
    model.sign = [model.draw.choice((1, -1)) for _ in range(model.n)]
    model.sign[0] = -1


def order(model):
    model.order.reverse()


WORDS = {"unit of time": time_unit, "unit of cost": cost_unit, "shift": shift, "mirror": mirror, "order": order}
PROCESSORS = ("x86-64", "x86-64-v3")


class Answer:
    def __init__(self, script, code, fault="", values=(), errors=(), warned=False):
        self.script, self.code, self.fault = script, code, fault
        self.values, self.errors, self.warned = list(values), list(errors), warned


def run(hopf, model, cache, extra=(), processor=None):
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch, "model.hopf")
        script = model.script()
        path.write_text(script)
        environment = dict(os.environ, NO_COLOR="1", HOPF_CACHE_DIR=str(cache))
        if processor:
            environment["HOPF_CPU"] = processor
        try:
            done = subprocess.run([hopf, "run", "--off=cache", *extra, str(path)], cwd=scratch, capture_output=True, text=True,
                                  timeout=TIMEOUT, env=environment)
        except subprocess.TimeoutExpired:
            return Answer(script, -1, f"no answer in {TIMEOUT} s")
        fault = ""
        if done.returncode not in (0, 1, 3) or "internal-fault" in done.stderr or "Sanitizer" in done.stderr:
            fault = f"exit code {done.returncode}: {done.stderr.strip()[:300]}"
        elif done.returncode == 0:
            number = r"(-?(?:[\d.]+(?:e[-+]?\d+)?|inf))"
            found = re.findall(rf"(?m)^{number} {number}$", done.stdout)
            if len(found) != POINTS:
                fault = f"prints {done.stdout[:100]!r}"
            return Answer(script, 0, fault, [model.value(float(v)) for v, _ in found],
                          [float(e) / model.unit for _, e in found], "warning" in done.stderr)
        return Answer(script, done.returncode, fault)


def compare(base, other, close, same_ends=True):
    if base.code != other.code:
        return f"exit code {base.code} becomes {other.code}"
    size = max([abs(v) for v in base.values + other.values if math.isfinite(v)] or [0])
    part = 0 if not close else STEPS if same_ends and not (base.warned or other.warned) else 1
    for v, w, e, f in zip(base.values, other.values, base.errors, other.errors):
        allowed = part * min(e + f, WIDEST * size)
        if v != w and not abs(v - w) <= close * size + allowed:
            return f"{v:.10g} becomes {w:.10g}, errors {e:.2g} and {f:.2g}"
    return ""


def examine(hopf, seed, cache):
    """What is wrong with model `seed`: (words, what, scripts)."""
    model = Model(seed)
    draw = random.Random(seed + 7)
    base = run(hopf, model, cache, ["--threads", "1"])
    if base.fault:
        return "as it is", base.fault, [base.script]
    size = max([abs(v) for v in base.values if math.isfinite(v)] or [0])
    if base.values and min(base.values) < -1e-9 * size:
        return "bounds", f"every cost is positive and V is {min(base.values):.6g}", [base.script]
    words = [name for name in WORDS if model.n > 1 or name != "order"]
    for name in draw.sample(words, 1):
        other = copy.deepcopy(model)
        WORDS[name](other)
        answer = run(hopf, other, cache)
        fault = answer.fault or compare(base, answer, CLOSE + 1e-12 * (1 + abs(other.shift)) / max(size, 1e-3), name != "shift")
        if fault:
            return name, fault, [base.script, answer.script]
    if draw.random() < 0.2:
        answer = run(hopf, model, cache, ["--threads", "2"], draw.choice(PROCESSORS))
        fault = answer.fault or compare(base, answer, 0)
        if fault:
            return "threads and processor", fault, [base.script]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hopf", required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep")
    options = parser.parse_args()
    hopf = pathlib.Path(options.hopf).resolve()
    failed = 0
    with tempfile.TemporaryDirectory() as cache, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        seeds = range(options.first, options.first + options.count)
        for seed, found in zip(seeds, pool.map(lambda s: examine(hopf, s, cache), seeds)):
            if not found:
                continue
            failed += 1
            words, what, scripts = found
            print(f"FAIL model {seed}, {words}: {what}", flush=True)
            if options.keep:
                pathlib.Path(options.keep).mkdir(parents=True, exist_ok=True)
                for k, script in enumerate(scripts):
                    pathlib.Path(options.keep, f"{seed}_{k}.hopf").write_text(script)
    print(f"{options.count - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

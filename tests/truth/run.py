#!/usr/bin/env python3
"""The proving ground: problems with known answers, each solved in every way that applies, held against the error that
the answer itself shows.

    run.py --hopf build/hopf [--table FILE] [--jobs N] [NAME...]

A problem is a file `NAME.hopf` beside this one: a model `m`, a first comment that says where its truth comes from, and
lines of directions:

  //! inside [a, b], [c, d]   `truth` is a function of the states; it is compared at random points of this box
  //! at [x, y] = V           or a single known value; `within E` says how well the literature knows it
  //! solve ARGUMENTS         one way to solve it; several lines are several ways

A row fails where fewer than 95 % of the points lie within the error shown, where a known value lies outside of it, where the
solve fails, or where an answer with a bound or a residual broken comes without a warning. `--table` writes the table of
docs/trust.md. Ends with 'N passed, M failed'.
"""
import argparse
import concurrent.futures
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
POINTS = 2000
COVERED = 0.95
ROUNDING = 1e-9  # relative to the size of V: an exact answer prints ten digits
LEAST = 1e-4     # of the range of V: smaller errors are as good as known to a factor of ten
TIMEOUT = 240
BEGIN, END = "<!-- table begins -->", "<!-- table ends -->"


class Problem:
    def __init__(self, path):
        self.name = path.stem
        self.text = path.read_text()
        self.about = self.text.split("\n", 1)[0].removeprefix("// ")
        self.ways, self.box, self.values = [], None, []
        for word, rest in re.findall(r"(?m)^//! (\w+) (.*)$", self.text):
            if word == "solve":
                self.ways.append(rest)
            elif word == "inside":
                self.box = [tuple(map(float, pair.split(","))) for pair in re.findall(r"\[([^\]]*)\]", rest)]
            elif word == "at":
                point, value = rest.split(" = ")
                value, _, within = value.partition(" within ")
                self.values.append((point, float(value), float(within or 0)))
            else:
                sys.exit(f"{path}: '{word}' is no direction")

    def points(self):
        if self.box is None:
            return []
        drawn = random.Random(self.name)
        return [[drawn.uniform(*pair) for pair in self.box] for _ in range(POINTS)]

    def script(self, way):
        lines = [self.text, f"V = solve(m, {way})"]
        if self.box:
            truth = "truth(" + ", ".join(f"p[{k + 1}]" for k in range(len(self.box))) + ")"
            lines.append("for p in [" + ",\n  ".join(map(str, self.points())) + "] {")
            lines.append(f'  print("point", V(p) - {truth}, V.error(p), {truth})')
            lines.append("}")
        for point, _, _ in self.values:
            lines.append(f'print("value", 0 + V({point}), V.error({point}))')
        return "\n".join(lines) + "\n"


class Row:
    """One problem solved in one way."""

    def __init__(self, problem, way):
        self.problem, self.way = problem, way
        self.failure, self.warnings, self.seconds = "", 0, 0.0
        self.covered = self.sharp = self.error = self.shown = math.nan

    def judge(self, done):
        self.warnings = len(re.findall(r"(?m)^warning", done.stderr))
        if done.returncode:
            first = re.search(r"(?m)^error.*$", done.stderr)
            self.failure = first.group(0) if first else f"exit code {done.returncode}"
            return
        points = [list(map(float, line.split()[1:])) for line in done.stdout.splitlines() if line.startswith("point")]
        values = [list(map(float, line.split()[1:])) for line in done.stdout.splitlines() if line.startswith("value")]
        if len(points) != len(self.problem.points()) or len(values) != len(self.problem.values):
            self.failure = "the output is incomplete"
            return
        wrong, shown, size = [], [], []
        if points:
            size = [abs(t) for _, _, t in points]
            spread = max(t for _, _, t in points) - min(t for _, _, t in points)
            slack = ROUNDING * max(size)
            inside = [abs(d) <= e + slack for d, e, _ in points]
            self.covered = sum(inside) / len(inside)
            floor = LEAST * spread + slack
            self.sharp = sum(max(e, floor) <= 10 * max(abs(d), floor) for d, e, _ in points) / len(points)
            wrong, shown = [abs(d) for d, _, _ in points], [e for _, e, _ in points]
            if self.covered < COVERED:
                self.failure = f"{100 * self.covered:.0f} % of the points lie within the error shown"
        for (v, e), (point, truth, within) in zip(values, self.problem.values):
            size.append(abs(truth) if math.isfinite(truth) else 0)
            wrong.append(0 if v == truth else abs(v - truth))
            shown.append(e if math.isfinite(truth) else 0)
            if v != truth and not abs(v - truth) <= e + within + ROUNDING * abs(truth):
                self.failure = f"V({point}) = {v:.8g}, shown error {e:.2g}, truth {truth:.10g}"
        scale = max(size) or 1
        self.error, self.shown = max(wrong) / scale, max(shown) / scale

    def cells(self):
        percent = lambda share: "" if math.isnan(share) else f"{100 * share:.0f} %"
        number = lambda value: "" if math.isnan(value) else f"{value:.1e}"
        return [self.problem.name, f"`{self.way}`", number(self.error), number(self.shown), percent(self.covered),
                percent(self.sharp), str(self.warnings or ""), self.failure]


def solve(hopf, problem, way):
    row = Row(problem, way)
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch, f"{problem.name}.hopf")
        path.write_text(problem.script(way))
        environment = dict(os.environ, NO_COLOR="1", LC_ALL="C.UTF-8")
        started = time.monotonic()
        try:
            row.judge(subprocess.run([hopf, "run", str(path)], cwd=scratch, capture_output=True, text=True, timeout=TIMEOUT,
                                     env=environment))
        except subprocess.TimeoutExpired:
            row.failure = f"no answer in {TIMEOUT} s"
        row.seconds = time.monotonic() - started
    return row


HEAD = ["problem", "solved with", "largest error", "largest error shown", "within the error shown", "known to a factor of 10",
        "warnings", "fault"]


def table(rows, problems):
    lines = ["| " + " | ".join(HEAD) + " |", "| " + " | ".join(["---"] * len(HEAD)) + " |"]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    lines += ["", "| problem | where its truth comes from |", "| --- | --- |"]
    lines += [f"| [{p.name}](../tests/truth/{p.name}.hopf) | {p.about} |" for p in problems]
    return "\n".join(lines)


def write_table(path, text):
    page = pathlib.Path(path)
    before, rest = page.read_text().split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hopf", required=True)
    parser.add_argument("--table")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    problems = [Problem(path) for path in sorted(HERE.glob("*.hopf"))
                if not options.names or any(name in path.stem for name in options.names)]
    work = [(problem, way) for problem in problems for way in problem.ways]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        rows = []
        for row in pool.map(lambda item: solve(pathlib.Path(options.hopf).resolve(), *item), work):
            rows.append(row)
            print(f"{'FAIL' if row.failure else 'ok  '} {row.seconds:5.1f} s  " +
                  "  ".join(cell for cell in row.cells() if cell), flush=True)
    if options.table:
        write_table(options.table, table(rows, problems))
    known = [row for row in rows if not math.isnan(row.covered)]
    if known:
        print(f"{len(known)} closed forms: {100 * sum(row.covered for row in known) / len(known):.1f} % of the points within the "
              f"error shown, {100 * sum(row.sharp for row in known) / len(known):.1f} % known to a factor of ten")
    failed = sum(bool(row.failure) for row in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Prints how fast hopf is: whole processes beside their targets, kernels beside hand-written C++.

Each process is run several times and the fastest run counts: what else the machine does only adds.
A cold start has an empty object cache of its own. A kernel's ratio is its time over that of the same arithmetic by hand, from one run.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_RATIO = 1.15
BEFORE_RUNNING = ("load", "parse", "check", "derive", "plan", "lower", "codegen")
SAVING = """model saving {
  param s = 1.2, r = 0.035, rho = 0.05, z = [0.1, 0.2]
  regime j in 1..2 rates [[-1.5, 1.5], [1, -1]]
  state a in [-0.02, 3] constrain
  control c in [0, inf]
  da = (z[j] + r*a - c)*dt
  reward c^(1 - s)/(1 - s)
  discount rho
}
V = solve(saving, grid = [16000])
assert abs(V(-0.02, j = 1) + 145.2034113880) < 1e-8
"""


class Run:
    """One process: wall time in ms, largest resident set in MB, and its phases in ms."""

    def __init__(self, command, folder, cache):
        environment = dict(os.environ, HOPF_CACHE_DIR=str(cache))
        errors = Path(folder) / "errors.txt"
        start = time.perf_counter()
        with open(errors, "wb") as stream:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=stream)
            _, status, usage = os.wait4(process.pid, 0)
        self.wall = (time.perf_counter() - start) * 1e3
        process.returncode = os.waitstatus_to_exitcode(status)
        text = errors.read_text()
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{text}")
        self.memory = usage.ru_maxrss / 1024
        self.phases = {m[1]: float(m[2]) for m in re.finditer(r"^ +(\w+) +([\d.]+) ms", text, re.M)}


class Bench:
    def __init__(self, build, runs):
        self.hopf = (build / "hopf").resolve()
        self.programs = sorted((build / "bench").glob("*_bench"))
        self.runs = runs
        self.folder = tempfile.TemporaryDirectory()
        self.caches = 0

    def fresh_cache(self):
        self.caches += 1
        return Path(self.folder.name) / f"cache{self.caches}"

    def repeat(self, arguments, warm):
        """Several runs; with a warm cache one more, before the others, that fills it."""
        shared = self.fresh_cache()
        command = [self.hopf, *arguments]
        if warm:
            Run(command, self.folder.name, shared)
        return [Run(command, self.folder.name, shared if warm else self.fresh_cache()) for _ in range(self.runs)]

    def processes(self):
        """Rows of name, figure, target, unit."""
        pendulum = ROOT / "examples" / "01_pendulum.hopf"
        saving = Path(self.folder.name) / "saving.hopf"
        saving.write_text(SAVING)
        start = min(r.wall for r in self.repeat(["version"], warm=True))

        def ready(run):
            """From the start of the process until all kernels, of solve and of simulate, can be called."""
            return start + sum(run.phases[name] for name in BEFORE_RUNNING)

        run = ["run", "--quiet", "--time-phases"]
        cold = self.repeat([*run, pendulum], warm=False)
        warm = self.repeat([*run, pendulum], warm=True)
        yield "start of the process", start, None, "ms"
        yield "pendulum's kernels, cold", min(map(ready, cold)), 200, "ms"
        yield "pendulum's kernels, cached", min(map(ready, warm)), 80, "ms"
        yield "hopf check", min(r.wall for r in self.repeat(["check", pendulum], warm=True)), 30, "ms"
        saved = self.repeat([*run, saving], warm=True)
        yield "saving, 16000 points: solve", min(r.phases["solve"] for r in saved), 100, "ms"
        yield "pendulum, 201 x 201: solve", min(r.phases["solve"] for r in cold), 2000, "ms"
        yield "pendulum, whole file, cold", min(r.wall for r in cold), 2000, "ms"
        yield "pendulum, peak memory", max(r.memory for r in cold), 300, "MB"

    def kernels(self):
        """The lines that the benchmark programs print, and the ratios in them."""
        for program in self.programs:
            environment = dict(os.environ, HOPF_CACHE_DIR=str(self.fresh_cache()))
            result = subprocess.run([program], capture_output=True, text=True, env=environment)
            if result.returncode != 0:
                sys.exit(f"{program.name} failed: ours and the rival's results differ\n{result.stdout}{result.stderr}")
            for line in result.stdout.splitlines():
                row = re.match(r"(.+?) +([\d.]+) ns +([\d.]+) ns +ratio ([\d.]+)", line)
                if row:
                    yield row[1], float(row[2]), float(row[3]), float(row[4])


def verdict(good):
    return "" if good else "  over"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="a build folder with the benchmarks (HOPF_BENCH=ON)")
    parser.add_argument("--runs", type=int, default=7, help="of each process")
    arguments = parser.parse_args()
    bench = Bench(arguments.build, arguments.runs)
    met = True
    print(f"{'whole process':<32}{'measured':>12}{'target':>12}{'ratio':>8}", flush=True)
    for name, figure, target, unit in bench.processes():
        good = target is None or figure <= target
        met &= good
        beside = f"{target:>9} {unit}{figure / target:>8.2f}" if target else ""
        print(f"{name:<32}{figure:>9.1f} {unit}{beside}{verdict(good)}", flush=True)
    print(f"\n{'kernel, per element':<32}{'generated':>12}{'by hand':>12}{'ratio':>8}", flush=True)
    for name, ours, theirs, ratio in bench.kernels():
        met &= ratio <= MOST_RATIO
        print(f"{name:<32}{ours:>9.3f} ns{theirs:>9.3f} ns{ratio:>8.3f}{verdict(ratio <= MOST_RATIO)}", flush=True)
    print(f"\nratios of kernels may be {MOST_RATIO} at most; {'every target is met' if met else 'NOT every target is met'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Whole problems under every processor and with passes switched off: the files that they save are the same.

    same_results.py --hopf build/hopf

Code for every processor that this machine can stand in for, and code that was not optimised, gives the same bytes;
tables change the order of roundings only.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

MODEL = """model pendulum {
  state theta in [-pi, pi] periodic
  state omega in [-8, 8] extrapolate
  control tau in [-2, 2]
  noise w[2]
  dtheta = omega*dt + 0.05*exp(-omega^2)*dw[2]
  domega = (9.81*sin(theta) + tau - 0.1*omega)*dt + 0.5*dw[1]
  lagrangian 10*(1 - cos(theta)) + 0.1*omega^2 + 0.01*tau^2
  discount 0.5
}
V = solve(pendulum, grid = [31, 37])
S = simulate(pendulum, policy = V.policy, from = [1, 0], until = 1, paths = 101, seed = 3)
save(V, "value.csv")
save(S, "paths.csv")
"""
PROCESSORS = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
NEEDED = {"x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}


def saved(hopf, cpu=None, off=None):
    """The content of the files that the model saves."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "model.hopf").write_text(MODEL)
        environment = dict(os.environ, HOPF_CACHE_DIR=str(place / "cache"))
        environment.pop("HOPF_CPU", None)
        if cpu:
            environment["HOPF_CPU"] = cpu
        command = [hopf, "run", "--quiet", "model.hopf", *([f"--off={off}"] if off else [])]
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{cpu or off or 'as it is'}: {done.stderr}")
        return [(place / name).read_text() for name in ("value.csv", "paths.csv")]


def largest_difference(ours, theirs):
    numbers = [[float(x) for line in text.splitlines()[1:] for x in line.split(",")] for text in (ours, theirs)]
    if len(numbers[0]) != len(numbers[1]):
        return float("inf")
    return max(abs(a - b) / (1 + abs(a)) for a, b in zip(*numbers))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hopf", required=True)
    hopf = pathlib.Path(parser.parse_args().hopf).resolve()
    reference = saved(hopf)
    has = pathlib.Path("/proc/cpuinfo").read_text().split()
    variants = [{"cpu": cpu} for cpu in PROCESSORS if cpu not in NEEDED or NEEDED[cpu] in has]
    failed = [v for v in [*variants, {"off": "optimize"}, {"off": "cache"}] if saved(hopf, **v) != reference]
    if largest_difference(saved(hopf, off="tables")[0], reference[0]) > 1e-12:
        failed.append({"off": "tables"})
    for variant in failed:
        print(f"{variant}: the results differ")
    print(f"{len(variants) + 3 - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

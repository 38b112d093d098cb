#!/usr/bin/env python3
"""A million paths of one state with the default records stay below 100 MB above what one path takes; a hundred million
steps of one path take no memory of their own.

    path_memory.py --hopf build/hopf
"""
import argparse
import os
import pathlib
import sys
import tempfile

MODEL = """model walk {
  state x
  noise w
  dx = -x*dt + dw
  lagrangian x^2
  horizon 1
}
S = simulate(walk, from = [0], paths = PATHS, seed = 1, step = STEP)
print(S.x.std, S.cost)
"""


def peak(hopf, folder, paths, step):
    """The largest resident size of a run in kilobytes."""
    script = pathlib.Path(folder) / "model.hopf"
    script.write_text(MODEL.replace("PATHS", str(paths)).replace("STEP", str(step)))
    child = os.spawnve(os.P_NOWAIT, hopf, [str(hopf), "run", "--quiet", str(script)],
                       dict(os.environ, HOPF_CACHE_DIR=folder))
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"{paths} paths: the run failed")
    return usage.ru_maxrss


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hopf", required=True)
    hopf = pathlib.Path(parser.parse_args().hopf).resolve()
    with tempfile.TemporaryDirectory() as folder:
        peak(hopf, folder, 2, 0.1)  # fills the cache of kernels
        least = peak(hopf, folder, 2, 0.1)
        many = peak(hopf, folder, 1_000_000, 0.05)
        long = peak(hopf, folder, 2, 1e-6)
    print(f"two paths {least} kB, a million {many} kB, a million steps {long} kB")
    return 0 if many - least < 100_000 and long - least < 10_000 else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Token-level mutations of working models through the whole command.

    mutate.py --hopf build/hopf [--seconds 20] [--seed 1] [--keep FOLDER] [--patience 5]

Each round takes a file of the corpus (examples, tests), changes a few of its tokens, and runs one of
`hopf check | derive | plan | run --stop-after=...` on it. Any answer will do but an end by a signal, an
exit code that the command does not document, an internal fault, or no end within its patience. Inputs
that fail are kept in FOLDER. Ends with 'N runs, M failures'.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDERS = ("examples", "tests/syntax", "tests/numerics", "tests/diagnostics", "tests/sympy", "stdlib")
TOKEN = re.compile(r'\s+|//[^\n]*|"[^"\n]*"|[^\W\d]\w*|\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?|\.\.|<=|>=|==|!=|.', re.S)
SPICE = ("0", "-1", "1e308", "1e-308", "inf", "pi", "1/0", "x", "u", "t", "V", "dt", "dw", "p", "m", "[", "]", "(", ")",
         "{", "}", "[[1, 0], [0, 1]]", "eye(3)", "zeros(2)", "ball(1)", "simplex", "{0, 1}", "[-1, 1]", "10^12", "1..10^9",
         "if", "then", "else", "in", "and", "not", "=", "==", "<", ",", ";", ":", "^", "*", "/", "+", "-", "'", "periodic",
         "reflect", "absorb(0)", "constrain", "reward 1", "horizon 1", "discount 0", "terminal x", "until x > 0 pay 1",
         "stop pays 0", "average", "stratonovich", "regime j in 1..2 rates [[-1, 1], [1, -1]]", "control q", "disturbance q",
         "sum(i for i in 1..3)", "sqrt(-1)", "log(0)", "max(x, 0)", "\ufeff", "\r\n", "\t", "\u0430", "\0")
# The documented exit codes: 0 success up to 5 files and machine, 130 interrupted.
EXPECTED = {0, 1, 2, 3, 4, 5}


def corpus():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.hopf")):
            text = path.read_text(errors="replace")
            if len(text) < 20_000:
                yield path.name, TOKEN.findall(text)


def mutated(tokens, others, rng):
    tokens = list(tokens)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        solid = [i for i, token in enumerate(tokens) if not token.isspace()]
        if not solid:
            return "".join(tokens)
        at = rng.choice(solid)
        action = rng.randrange(7)
        if action == 0:
            del tokens[at]
        elif action == 1:
            tokens.insert(at, tokens[rng.choice(solid)] + " ")
        elif action == 2:
            other = rng.choice(solid)
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif action == 3:
            tokens[at] = rng.choice(SPICE)
        elif action == 4:
            tokens[at] = tokens[rng.choice(solid)]
        elif action == 5:
            donor = rng.choice(others)[1]
            start = rng.randrange(len(donor))
            tokens[at:at] = donor[start:start + rng.randrange(1, 12)]
        else:
            tokens[at:at + rng.randrange(1, 10)] = []
    return "".join(tokens)


def commands(path):
    return (["check", path], ["derive", path], ["derive", path, "--as=latex"], ["plan", path],
            ["run", path, "--stop-after=plan"], ["run", path, "--stop-after=lower", "--quiet"],
            ["solve", path, "--grid=7", "--steps=3", "--off=cache", "--off=optimize"])


def fault(hopf, arguments, folder, limit):
    """What is wrong with the command's end, or nothing."""
    try:
        done = subprocess.run([hopf, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=limit)
    except subprocess.TimeoutExpired:
        return f"no end within {limit:g} s"
    if done.returncode not in EXPECTED:
        return f"exit code {done.returncode}"
    if b"internal fault" in done.stderr or b"E0905" in done.stderr:
        return done.stderr.decode(errors="replace").split("\n", 1)[0]
    if done.returncode and not done.stderr.strip():
        return f"exit code {done.returncode} without a word"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hopf", required=True)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--patience", type=float, default=5, help="seconds for one run")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    files = list(corpus())
    runs = failures = 0
    end = time.monotonic() + options.seconds
    hopf = str(pathlib.Path(options.hopf).resolve())
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            name, tokens = rng.choice(files)
            path = pathlib.Path(folder) / "input.hopf"
            text = mutated(tokens, files, rng)
            path.write_bytes(text.encode(errors="surrogatepass"))
            arguments = rng.choice(commands("input.hopf"))
            runs += 1
            what = fault(hopf, arguments, folder, options.patience)
            if what is None:
                continue
            failures += 1
            print(f"run {runs}: {name}: hopf {' '.join(arguments)}: {what}")
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{options.seed}_{runs}_{arguments[0]}.hopf").write_bytes(path.read_bytes())
    print(f"{runs} runs, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

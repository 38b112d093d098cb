#!/usr/bin/env python3
"""Checks the symbolic core against SymPy: derivatives, simplification, expansion and substitution of random
expressions agree with SymPy's own to 20 digits at random points.

    check_expr.py --print PRINT_EXPRESSIONS [--count N]
"""
import argparse
import random
import subprocess
import sys

import sympy

X, Y, Z = sympy.symbols("x y z", real=True)
NAMES = {"x": X, "y": Y, "z": Z, "abs": sympy.Abs, "sign": sympy.sign}
DIGITS = 40


def read(text):
    """Hopf text as a SymPy expression; decimals are exact."""
    return sympy.sympify(text.replace("^", "**"), locals=NAMES, rational=True, evaluate=True)


def value(expression, point):
    return expression.evalf(DIGITS, subs=point)


def same(ours, theirs, point):
    a, b = value(ours, point), value(theirs, point)
    if not (a.is_finite and b.is_finite):
        return a.is_finite == b.is_finite
    return abs(a - b) <= sympy.Float(10) ** -20 * (1 + abs(a))


def faults_of(line, point):
    """The names of the fields that SymPy does not agree with."""
    fields = [read(field) for field in line.split("\t")]
    expression = fields[0]
    expected = {
        "derivative in x": expression.diff(X),
        "derivative in y": expression.diff(Y),
        "simplified": expression,
        "expanded": expression,
        "substituted": expression.subs(Y, X**2 - Z),
    }
    for ours, (name, theirs) in zip(fields[1:], expected.items()):
        if not same(ours, theirs, point):
            yield f"{name}: {ours}\n  SymPy has {theirs}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--print", required=True, dest="program")
    parser.add_argument("--count", type=int, default=150)
    options = parser.parse_args()
    run = subprocess.run([options.program, str(options.count)], capture_output=True, text=True, check=True)
    numbers = random.Random(20)
    lines = run.stdout.splitlines()
    failed = 0
    for line in lines:
        point = {v: sympy.Rational(numbers.randint(-150, 150), 100) for v in (X, Y, Z)}
        faults = list(faults_of(line, point))
        failed += bool(faults)
        for fault in faults:
            print(f"{line.split(chr(9))[0]}\n  {fault}")
    print(f"{len(lines) - failed} passed, {failed} failed")
    return 1 if failed or len(lines) != options.count else 0


if __name__ == "__main__":
    sys.exit(main())

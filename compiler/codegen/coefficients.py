#!/usr/bin/python3
"""Derives every constant of vector_math: run `coefficients.py > coefficients.hpp`.

Each polynomial is the near-minimax (Chebyshev) fit of an analytic remainder, computed with 60
digits and rounded to double at the end. The remainder is what is left when the leading terms, which
the code adds exactly, are taken off, so rounding a coefficient costs next to nothing.
"""
from mpmath import mp, mpf, chebyfit, sqrt, sin, cos, exp, log, pi, atan, asin, erf, erfc

mp.dps = 60


def fit(name, formula, function, interval, terms, scale):
    """A fit with `terms` coefficients. `scale` is the remainder's largest weight in the result."""
    coefficients, error = chebyfit(function, interval, terms, error=True)
    rounded = [float(c) for c in coefficients]
    weighted = mp.nstr(abs(error) * scale, 2)
    lo, hi = (mp.nstr(mpf(end), 5) for end in interval)
    print(f"// {formula}")
    print(f"// on [{lo}, {hi}]; weighted error {weighted}.")
    print(f"inline constexpr std::array<double, {terms}> {name} = {{")
    for c in reversed(rounded):
        print(f"    {c.hex()},  // {c!r}")
    print("};\n")


def split(name, value, parts, low_bits=0):
    """`value` as a sum of doubles; with low_bits the first keeps only 53 - low_bits bits."""
    out, rest = [], mpf(value)
    for k in range(parts):
        part = float(rest)
        if k == 0 and low_bits:
            unit = mpf(2) ** (mp.frexp(rest)[1] - 53 + low_bits)
            part = float(mp.nint(rest / unit) * unit)
        out.append(part)
        rest -= mpf(part)
    print(f"inline constexpr std::array<double, {parts}> {name} = {{")
    print("    " + ", ".join(p.hex() for p in out) + "};")


def away_from_zero(f, limit):
    """f with its removable singularity at 0 filled in."""
    return lambda z: mpf(limit) if abs(z) < mpf(10) ** -25 else f(z)


def main():
    print("// Constants of vector_math, lowest power first. Written by coefficients.py.")
    print("#pragma once\n\n#include <array>\n\nnamespace hopf::codegen::coefficients {\n")
    split("kPi", pi, 3)
    split("kHalfPi", pi / 2, 3)
    split("kLog2", log(2), 2, low_bits=11)
    print()
    half = (pi / 2) ** 2
    fit("kSinHalfTurn", "sin r = r + r^3 P(r^2)",
        away_from_zero(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, mpf(-1) / 6), [0, half], 8, half)
    quarter = (pi / 4) ** 2
    fit("kSin", "sin r = r + r^3 P(r^2)",
        away_from_zero(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, mpf(-1) / 6),
        [0, quarter], 6, quarter)
    fit("kCos", "cos r = 1 - r^2/2 + r^4 P(r^2)",
        away_from_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24),
        [0, quarter], 6, quarter**2)
    h = log(2) / 2 + mpf(2) ** -20
    fit("kExp", "exp r = 1 + r + r^2 P(r)",
        away_from_zero(lambda r: (exp(r) - 1 - r) / r**2, mpf(1) / 2), [-h, h], 10, h**2)
    s2 = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * (1 + mpf(2) ** -20)
    atanh = lambda s: log((1 + s) / (1 - s)) / 2
    fit("kLog", "2 atanh s = 2 s + s^3 P(s^2)",
        away_from_zero(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z, mpf(2) / 3),
        [0, s2], 7, s2)
    fit("kLogTail", "2 atanh s = 2 s + (2/3) s^3 + s^5 P(s^2)",
        away_from_zero(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2 - 2 * z / 3) / z**2, mpf(2) / 5),
        [0, s2], 8, s2**2)
    t2 = (sqrt(2) - 1) ** 2 * (1 + mpf(2) ** -20)
    fit("kAtan", "atan z = z + z^3 P(z^2)",
        away_from_zero(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, mpf(-1) / 3), [0, t2], 11, t2)
    fit("kAsin", "asin x = x + x^3 P(x^2)",
        away_from_zero(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 6),
        [0, mpf(1) / 4], 13, mpf(1) / 4)
    fit("kErf", "erf x = x P(x^2)",
        away_from_zero(lambda z: erf(sqrt(z)) / sqrt(z), 2 / sqrt(pi)), [0, mpf("0.5625")], 11, 1)
    c = mpf("3.75")
    def scaled_erfc(t):
        x = c * (1 + t) / (1 - t)
        if x > 60:  # the asymptotic series, whose terms fall until far beyond what is needed here
            total, term, k = mpf(1), mpf(1), 0
            while abs(term) > mpf(10) ** -45 and k < 300:
                k += 1
                term *= -(2 * k - 1) / (2 * x * x)
                total += term
            return (1 + 2 * x) * total / (x * sqrt(pi))
        return (1 + 2 * x) * exp(x * x) * erfc(x)
    top = (mpf(28) - c) / (mpf(28) + c)
    fit("kErfc", "(1 + 2 x) exp(x^2) erfc x = P((x - 3.75)/(x + 3.75)), 0.5 <= x <= 28",
        scaled_erfc, [(mpf("0.5") - c) / (mpf("0.5") + c), top], 23, 1)
    print("}  // namespace hopf::codegen::coefficients")


main()

"""The structure of every derivation printed as LaTeX: what TeX would refuse is refused here.

Braces balance and environments nest, \\left and \\right pair on every line of an equation, every command is one that LaTeX
with amsmath has, text holds no character that it cannot set, and no piece of Hopf source shows in the mathematics.
"""
import argparse
import re
import subprocess
import sys

COMMANDS = set("""
alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega Gamma Delta
Theta Lambda Xi Pi Sigma Phi Psi Omega pi varphi infty partial frac tfrac sqrt mathrm mathcal text emph dot operatorname left right
begin end cdot surd sin cos tan arcsin arccos arctan sinh cosh tanh log exp min max inf sup in le ge land lor lnot lfloor rfloor
textbackslash
""".split())
SOURCE = re.compile(r"\b(if|then|else|choose|floor|abs|atan2)\b|D\(|d\(|==|<=|\*|1e[+-]?\d")


def tokens(text):
    return re.finditer(r"\\[A-Za-z]+\*?|\\.|[{}$&]|.", text, re.S)


def check_groups(text, fail):
    stack = []
    for match in tokens(text):
        token = match.group(0)
        if token == "{":
            stack.append("{")
        elif token == "}":
            if not stack or stack.pop() != "{":
                return fail(f"a brace closes nothing: ...{text[max(0, match.start() - 40):match.end()]}")
        elif token.startswith("\\") and token[1:].rstrip("*").isalpha() and token[1:].rstrip("*") not in COMMANDS | {"subsection"}:
            fail(f"unknown command {token}")
    if stack:
        fail(f"{len(stack)} braces stay open")


def check_environments(text, fail):
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z]+\*?)\}", text):
        if kind == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            fail(f"\\end{{{name}}} closes nothing")
    if stack:
        fail(f"{stack} stay open")


def without_text(line):
    """The mathematics of a line: \\text{...} may hold words, and $...$ in them is checked on its own."""
    while "\\text{" in line:
        start = line.index("\\text{")
        depth, end = 0, start + 5
        while True:
            depth += (line[end] == "{") - (line[end] == "}")
            if depth == 0:
                break
            end += 1
        line = line[:start] + line[end + 1:]
    return line


def check_line(line, fail):
    if line.count("\\left") != line.count("\\right"):
        fail(f"\\left and \\right do not pair: {line}")
    mathematics = without_text(line)
    mathematics = mathematics.replace("^{*}", "")  # the optimal control
    upright = re.sub(r"\\(mathrm|operatorname)\{[^{}]*\}|\\(begin|end)\{[a-z*]+\}", "", mathematics)
    found = SOURCE.search(upright)
    if found:
        fail(f"source shows ({found.group(0)}): {line}")
    if re.search(r"[^\x00-\x7f]", mathematics):
        fail(f"a character that mathematics cannot set: {line}")
    if re.search(r"(?<![A-Za-z\\])[A-Za-z]{4,}", re.sub(r"\\[A-Za-z]+", " ", upright)):
        fail(f"a word in italics: {line}")
    if re.search(r"[_^](?![{*])", mathematics):
        fail(f"an index without braces: {line}")


def check_words(line, fail):
    words = line.replace("\\$", "")
    if words.count("$") % 2:
        fail(f"an open formula: {line}")
    words = re.sub(r"\$[^$]*\$", "", words)
    if re.search(r"[^\x00-\x7f]|[<>|]|(?<!\\)[_^&#%]", words):
        fail(f"a character that text cannot set: {line}")


def check_model(name, text, count):
    failures = []
    fail = lambda why: failures.append(f"{name}: {why}")
    check_groups(text, fail)
    check_environments(text, fail)
    inside, words = False, []
    for line in text.splitlines() + [""]:
        if not line or line.startswith("\\"):
            check_words(" ".join(words), fail)
            words = []
        if line.startswith("\\begin{align*}"):
            inside = True
        elif line.startswith("\\end{align*}"):
            inside = False
        elif inside:
            check_line(line, fail)
            count[0] += 1
        elif line.startswith("\\["):
            check_line(line[2:-2], fail)
            count[0] += 1
        elif line:
            words.append(line)
            count[0] += 1
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--print", dest="program", required=True)
    parser.add_argument("models", nargs="+")
    arguments = parser.parse_args()
    failures, count, models = [], [0], 0
    for path in arguments.models:
        output = subprocess.run([arguments.program, path, "latex"], capture_output=True, text=True, check=True).stdout
        for part in output.split("@model ")[1:]:
            name, _, text = part.partition("\n")
            models += 1
            failures += check_model(name, "\n".join(l for l in text.splitlines() if not l.startswith("@step ")), count)
    for failure in failures:
        print(failure)
    print(f"{count[0]} lines of {models} models, {len(failures)} failures")
    return 1 if failures or models == 0 else 0


sys.exit(main())

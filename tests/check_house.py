#!/usr/bin/env python3
"""The house rules that a machine can check: dependencies between folders, where third-party headers may be, sizes.

Ends with 'N passed, M failed'.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDER = ["base", "source", "diagnostics", "syntax", "model", "derive", "plan", "kernel", "codegen", "jit", "driver"]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
EXPR_USERS = {"expr", "model", "derive", "plan", "kernel", "codegen", "jit", "driver"}
LONGEST_FILE = 600
LONGEST_FUNCTION = 40
LONGEST_LINE = 100
RULER = re.compile(r"^\s*// ?-{5,}$")
PRINTS = re.compile(r"\bstd::(cout|cerr|clog)\b|\b(printf|fprintf|puts|fputs|putchar)\(|\bfmt::print\b")
# A variable of static storage that code can change; functions have a parenthesis before their end.
MUTABLE = re.compile(r"^\s*(static|thread_local)\s+(?!const\b|constexpr\b|inline\b|std::\w+\()[^()]*(;|=[^()]*.*;)$")
# The command is the first program that embeds Hopf: of ours it sees the public header alone.
COMMAND = ("main.cpp", "repl.cpp", "repl.hpp", "signals.cpp", "signals.hpp")
FORBIDDEN_TO_COMMAND = {*ORDER, "expr", "abi", "core", "grid", "value", "density", "path", "report", "io"}
# Eigen's eval() of what is a matrix already is a reference to it: of a temporary, to nothing.
DANGLING = re.compile(r"\bfor \([^;]*:[^;]*\.eval\(\)\)(\s*\{)?$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|using namespace std")


def sources():
    for folder in ("compiler", "runtime", "include", "tests", "bench", "examples"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h"):
                yield path


BLOCK = re.compile(r"^( *)\S.*\{$")
NO_FUNCTION = re.compile(r"^ *(class|struct|union|enum|namespace|extern)\b|[=(,]\s*\{$")
LABEL = re.compile(r"^ *(case .*|default):$")
ROW = re.compile(r"^ *\{")


def functions(lines):
    """(index of the first line, lines) of each function of a formatted file; members of classes are functions too."""
    index = 0
    while index < len(lines):
        opening = BLOCK.match(lines[index])
        if not opening or NO_FUNCTION.search(lines[index]) or ")" not in lines[index]:
            index += 1
            continue
        first = index  # the signature may have begun on earlier lines, indented less
        while lines[first].startswith("    ") and (
                lines[first].lstrip().startswith(": ") or lines[first - 1].endswith((",", "("))):
            first -= 1
        closing = re.match(" *", lines[first])[0] + "}"
        last = next((k for k in range(index, len(lines)) if lines[k].startswith(closing)), len(lines) - 1)
        yield first, lines[first:last + 1]
        index = last + 1


def weight(body):
    """Lines of a function, without those that are rows of a table: a label and its one statement, a braced row."""
    rows = [ROW.match(line) or LABEL.match(line) or (k and LABEL.match(body[k - 1]) and line.endswith(";"))
            for k, line in enumerate(body)]
    return sum(not row for row in rows)


def may_include(user, used):
    """May compiler folder `user` include a header of compiler folder `used`?"""
    if used == "expr":
        return user in EXPR_USERS
    if user == "expr":
        return used in ("base", "expr")
    return ORDER.index(used) <= ORDER.index(user)


def faults_of(path):
    name = path.relative_to(ROOT).as_posix()
    text = path.read_text()
    parts = path.relative_to(ROOT).parts
    if len(text.splitlines()) > LONGEST_FILE:
        yield f"{name}: longer than {LONGEST_FILE} lines"
    for first, body in functions(text.splitlines()):
        if weight(body) > LONGEST_FUNCTION:
            yield f"{name}:{first + 1}: a function of more than {LONGEST_FUNCTION} lines"
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            yield f"{name}:{number}: longer than {LONGEST_LINE} columns"
        if RULER.match(line):
            yield f"{name}:{number}: a ruler that was broken off its comment"
        if parts[0] in ("compiler", "runtime") and parts[1] != "driver":
            if PRINTS.search(line):
                yield f"{name}:{number}: only driver/ prints"
            if MUTABLE.match(line):
                yield f"{name}:{number}: mutable state that two sessions would share"
        if DANGLING.search(line):
            yield f"{name}:{number}: a loop over a temporary that is gone"
        if UNFINISHED.search(line):
            yield f"{name}:{number}: unfinished: {line.strip()}"
    if path.suffix == ".hpp":
        if not text.startswith("//"):
            yield f"{name}: a header starts with a comment that says what it is for"
        if re.search(r"^\s*using namespace", text, re.M):
            yield f"{name}: using namespace in a header"
    for quote, header in INCLUDE.findall(text):
        first = header.split("/")[0]
        if first in ("llvm", "llvm-c") and not (
                parts[0] == "compiler" and parts[1] in ("codegen", "jit") and path.suffix == ".cpp"
                or name == "compiler/codegen/llvm_pch.hpp"):
            yield f"{name}: LLVM header {header}"
        if (first.startswith("antlr4") or header.startswith("Hopf")) and parts[1] != "syntax":
            yield f"{name}: ANTLR header {header}"
        if quote == '"' and parts[0] == "compiler" and first in ORDER + ["expr"] and not may_include(parts[1], first):
            yield f"{name}: {parts[1]} may not include {header}"
        if quote == '"' and parts[0] == "runtime" and first in ORDER + ["expr"] and not (path.parent / header).exists():
            yield f"{name}: the runtime includes the compiler's {header}"
        if parts[0] == "include" and quote == '"':
            yield f"{name}: a public header includes {header}"
    if parts[-1] in COMMAND and parts[0] == "compiler":
        for quote, header in INCLUDE.findall(text):
            if quote == '"' and header not in COMMAND or first_folder(header) in FORBIDDEN_TO_COMMAND:
                yield f"{name}: the command uses more than hopf.hpp: {header}"


def first_folder(header):
    return header.split("/")[0]


def main():
    passed = failed = 0
    for path in sources():
        faults = list(faults_of(path))
        passed += not faults
        failed += bool(faults)
        for fault in faults:
            print(fault)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

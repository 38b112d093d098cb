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
LONGEST_LINE = 100
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|using namespace std")


def sources():
    for folder in ("compiler", "runtime", "include"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h"):
                yield path


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
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            yield f"{name}:{number}: longer than {LONGEST_LINE} columns"
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
    if parts[-1] in ("main.cpp", "repl.cpp") and parts[0] == "compiler":
        for quote, header in INCLUDE.findall(text):
            if quote == '"' and not (path.parent / header).exists():
                yield f"{name}: the command uses more than hopf.hpp: {header}"


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

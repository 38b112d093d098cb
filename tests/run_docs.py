#!/usr/bin/env python3
"""Runs every code block of the documents.

```hopf            a whole file: must run (docs/errors: the repaired example); a line `// hopf ARGS FILE` in it says how
```hopf wrong      must fail; in docs/errors/<kind>.md, with that kind (a first line `// wrong` says the same)
```hopf check      must pass `hopf check`
```hopf fragment   declarations of a model or single statements shown for their syntax: must parse
```console         lines `$ hopf ...` run in the project's root; what follows each is its exact output
Other languages (text, math, cpp, sh) are prose here; C++ examples are built from examples/.
Links to files and headings of the project must lead somewhere, and a page of an error shows a wrong and a right example.

With --accept, the outputs in console blocks are rewritten. Ends with 'N passed, M failed'.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Kinds that no text of a page can cause.
WITHOUT_EXAMPLE = ("file-too-large", "internal-fault", "invalid-utf8", "out-of-memory", "outside-sandbox",
                   "unknown-processor", "untrusted-cache")
FENCE = re.compile(r"^```(\S*)[ \t]*([^\n]*)\n(.*?)^```[ \t]*$", re.S | re.M)


def documents():
    yield from (ROOT / name for name in ("README.md", "HACKING.md", "bench/README.md", "examples/README.md"))
    yield from sorted((ROOT / "docs").rglob("*.md"))


def slug(heading):
    """The anchor that a heading gets."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path):
    prose = FENCE.sub("", path.read_text())
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", prose, re.M)}


def dead_links(path, text):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", FENCE.sub("", text)):
        if "://" in target:
            continue
        file = (path.parent / target).resolve() if target else path
        if not file.exists():
            yield f"no such file: {target}"
        elif anchor and anchor not in anchors(file):
            yield f"no heading '{anchor}' in {file.name}"


def faults_of_page(path, text):
    yield from dead_links(path, text)
    if path.parent.name == "errors" and path.stem not in WITHOUT_EXAMPLE:
        wrong = [("wrong" in info.split() or body.startswith("// wrong"))
                 for language, info, body in FENCE.findall(text) if language == "hopf"]
        if True not in wrong or False not in wrong:
            yield "a page of an error needs a wrong example and a right one"


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **more)


def kinds_reported(stderr):
    found = []
    for line in stderr.splitlines():
        if line.startswith("{"):
            found.append(json.loads(line)["kind"])
    return found


def run_hopf_block(hopf, path, info, body):
    """Returns an empty string, or what is wrong."""
    wrong = "wrong" in info.split() or body.startswith("// wrong")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "block.hopf"
        if "fragment" in info.split():
            text = body if re.search(r"^\s*model\b", body, re.M) else None
            candidates = [body, "model fragment {\n" + body + "\n}\n"] if text is None else [body]
            results = []
            for candidate in candidates:
                file.write_text(candidate)
                results.append(run([hopf, "fmt", str(file)], cwd=folder))
            return "" if any(r.returncode == 0 for r in results) else results[-1].stderr
        file.write_text(body)
        verb = "check" if "check" in info.split() else "run"
        # `// hopf solve FILE --model=walk` on a line of its own says how the block is used.
        asked = re.search(r"^// hopf (.*)$", body, re.M)
        words = asked[1].split() if asked else [verb, "FILE"]
        words = [str(file) if word == "FILE" else word for word in words]
        result = run([hopf, *words, "--quiet", "--format=json"], cwd=folder)
        if not wrong:
            return "" if result.returncode == 0 else result.stdout + result.stderr
        kind = path.stem if path.parent.name == "errors" else None
        if result.returncode == 0 and kind not in kinds_reported(result.stderr):  # a warning does not stop a run
            return "a block marked wrong was accepted"
        if kind and kind not in kinds_reported(result.stderr):
            return f"expected {kind}, got: {result.stderr or result.stdout}"
        return ""


def split_console(body):
    """[(command, expected output)] of a console block."""
    pairs = []
    for line in body.splitlines():
        if line.startswith("$ "):
            pairs.append([line[2:], []])
        elif pairs:
            pairs[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in pairs]


def run_console(hopf, body):
    """(what is wrong, the block as it should be)."""
    problems, fresh = [], []
    environment = {**os.environ, "PATH": f"{pathlib.Path(hopf).parent}:{os.environ['PATH']}"}
    for command, expected in split_console(body):
        executed = re.sub(r"^\./dev (hopf|run)\b", lambda m: "hopf" + (" run" if m[1] == "run" else ""), command)
        result = run(["bash", "-c", executed], cwd=ROOT, env=environment)
        output = (result.stdout + result.stderr).rstrip("\n")
        fresh.append(f"$ {command}\n{output}\n" if output else f"$ {command}\n")
        if output.strip() != expected.strip():
            problems.append(f"$ {command}\n--- expected\n{expected}\n--- got\n{output}")
    return "\n".join(problems), "".join(fresh)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hopf", required=True)
    parser.add_argument("--build")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--only", default="", help="documents whose path contains this")
    options = parser.parse_args()
    hopf = str(pathlib.Path(options.hopf).resolve())
    passed = failed = 0
    for path in documents():
        if not path.exists() or options.only not in str(path):
            continue
        text = path.read_text()
        replacements = []
        for fault in faults_of_page(path, text):
            failed += 1
            print(f"{path.relative_to(ROOT)}: {fault}\n")
        for match in FENCE.finditer(text):
            language, info, body = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            if language == "hopf":
                problem = run_hopf_block(hopf, path, info, body)
            elif language == "console":
                problem, fresh = run_console(hopf, body)
                if problem and options.accept:
                    replacements.append((match.start(3), match.end(3), fresh))
                    problem = ""
            else:
                continue
            if problem:
                failed += 1
                print(f"{path.relative_to(ROOT)}:{line}: {problem}\n")
            else:
                passed += 1
        for begin, end, fresh in reversed(replacements):
            text = text[:begin] + fresh + text[end:]
        if replacements:
            path.write_text(text)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

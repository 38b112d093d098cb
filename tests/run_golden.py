#!/usr/bin/env python3
"""Golden tests of the command: each input is run, and what it prints is compared with the text beside it.

    run_golden.py --hopf build/hopf [--accept] [NAME...]

Inputs, each with its expected output in the file of the same name that ends in `.out`:

  tests/**/*.test           lines `$ hopf ARGS`, run by one after the other in a scratch folder; lines `< TEXT` after
                            a command are its standard input
  tests/<folder>/*.hopf     `hopf run FILE`, or the arguments of a first line `// hopf ARGS` where FILE stands for the
                            input. Files named fail_* must fail, others must not; a fail_<kind>.hopf must report
                            exactly errors or warnings of that kind.

`--accept` rewrites the expected outputs. NAME selects inputs whose path contains it.
Paths, versions, times and machine addresses are replaced before texts are compared. Ends with 'N passed, M failed'.
"""
import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("diagnostics", "syntax", "model", "derive", "plan", "kernel", "cli")
TIMEOUT = 120


def normalised(text, scratch):
    text = text.replace(str(scratch) + "/", "").replace(str(scratch), ".").replace(str(ROOT) + "/", "")
    text = re.sub(r"(?m)^(  time +).*$", r"\1...", text)
    text = re.sub(r"\bhopf \d+\.\d+\.\d+\b", "hopf VERSION", text)
    text = re.sub(r"\b[\d.]+ [KMGT]?B are free", "... are free", text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n" if text else ""


def run(hopf, arguments, scratch, given=""):
    environment = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1", XDG_STATE_HOME=str(scratch))
    done = subprocess.run([hopf, *arguments], cwd=scratch, input=given, capture_output=True, text=True,
                          errors="replace", timeout=TIMEOUT, env=environment)
    return done.returncode, done.stdout, done.stderr


def shown(code, out, err, scratch):
    parts = [normalised(out, scratch)]
    if err:
        parts.append("-- stderr\n" + normalised(err, scratch))
    if code:
        parts.append(f"-- exit code {code}\n")
    return "".join(parts)


def source_arguments(path):
    first = path.read_text(errors="replace").split("\n", 1)[0]
    if first.startswith("// hopf "):
        return [str(path) if word == "FILE" else word for word in shlex.split(first[len("// hopf "):])]
    return ["run", str(path)]


def kind_faults(hopf, path, scratch):
    """A fail_<kind>.hopf reports that kind and no other error."""
    arguments = source_arguments(path)
    _, _, err = run(hopf, [*arguments, "--format=json"], scratch)
    found = set(re.findall(r'"kind": ?"([^"]+)"', err))
    errors = {kind for kind, severity in
              re.findall(r'"kind": ?"([^"]+)".*?"severity": ?"([^"]+)"', err) if severity == "error"}
    wanted = path.stem[len("fail_"):]
    kinds = {p.stem for p in (ROOT / "docs/errors").glob("*.md")}
    base = max((k for k in kinds if wanted == k or wanted.startswith(k + "_")), key=len, default=None)
    if base is None:
        return []
    if base not in found:
        return [f"reports {sorted(found) or 'nothing'} instead of '{base}'"]
    return [f"also reports {sorted(errors - {base})}"] if errors - {base} else []


def one_source(hopf, path, scratch):
    code, out, err = run(hopf, source_arguments(path), scratch)
    failing = path.name.startswith("fail_")
    faults = kind_faults(hopf, path, scratch) if failing else []
    warning_only = failing and "warning[" in err and "error[" not in err
    if failing and code == 0 and not warning_only:
        faults.append("must fail, and did not")
    if not failing and code != 0:
        faults.append(f"must not fail, and ended with {code}")
    if code < 0 or code > 130:
        faults.append(f"crashed with {code}")
    return shown(code, out, err, scratch), faults


def one_script(hopf, path, scratch):
    lines = path.read_text().splitlines()
    text, faults, i = "", [], 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if not line.startswith("$ hopf"):
            continue
        given = ""
        while i < len(lines) and lines[i].startswith("<"):
            given += lines[i][2:] + "\n"
            i += 1
        command = line[len("$ hopf"):].replace("@", str(ROOT) + "/")
        code, out, err = run(hopf, shlex.split(command), scratch, given)
        if code < 0 or code > 130:
            faults.append(f"'{line}' crashed with {code}")
        text += f"{line}\n{shown(code, out, err, scratch)}"
    return text, faults


def test(hopf, path, accept):
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder).resolve()
        try:
            got, faults = (one_script if path.suffix == ".test" else one_source)(hopf, path, scratch)
        except subprocess.TimeoutExpired:
            return [f"took longer than {TIMEOUT} s"]
    expected = path.with_suffix(".out")
    if accept:
        if not faults:
            expected.write_text(got)
        return faults
    if not expected.exists():
        return faults + ["has no expected output; look at what it prints, then ./dev accept"]
    want = expected.read_text()
    if want != got:
        faults += list(difflib.unified_diff(want.splitlines(), got.splitlines(), "expected", "printed", lineterm=""))
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hopf", required=True)
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    hopf = str(pathlib.Path(options.hopf).resolve())
    paths = sorted(p for folder in FOLDERS for p in (ROOT / "tests" / folder).rglob("*")
                   if p.suffix in (".hopf", ".test") and "imported" not in p.parts)
    if options.names:
        paths = [p for p in paths if any(name in str(p.relative_to(ROOT)) for name in options.names)]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, faults in zip(paths, pool.map(lambda p: test(hopf, p, options.accept), paths)):
            passed += not faults
            failed += bool(faults)
            if faults:
                print(f"{path.relative_to(ROOT)}:")
                print("\n".join("  " + fault for fault in faults))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Installs into a scratch folder, then builds and runs a project that knows of Hopf by find_package alone.

    check.py --build build/release
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples/embed_cpp/main.cpp"
SCRIPT = """import std.units
print(2 + 2)
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    build = parser.parse_args().build
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder).resolve()
        prefix = scratch / "installed"
        run("cmake", "--install", build, "--prefix", prefix)
        run("cmake", "-G", "Ninja", "-S", HERE, "-B", scratch / "build", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEXAMPLE={EXAMPLE}")
        run("cmake", "--build", scratch / "build")
        assert "V(0.5) = " in run(scratch / "build/outside")
        # The installed command finds its standard library and its pages there.
        plain = {"PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8"}
        assert run(prefix / "bin/hopf", "run", "-", input=SCRIPT, env=plain) == "4\n"
        page = run(prefix / "bin/hopf", "explain", "unknown-name", env=plain)
        assert page == (HERE.parent.parent / "docs/errors/unknown-name.md").read_text()
        for name in ("stdlib/units.hopf", "docs/errors/unknown-name.md"):
            assert (prefix / "share/hopf" / name).is_file(), name
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())

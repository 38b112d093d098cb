#!/usr/bin/env python3
"""What a run may touch, and what it leaves behind: figures, signals, pipes, the cache, the sandbox, limits.

    security.py --hopf build/hopf [NAME...]

Each test runs the command in a folder of its own. Ends with 'N passed, M failed'.
"""
import argparse
import os
import pathlib
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import time

from cli_pty import SLOW

MODEL = """model walk {
  state x in [-1, 1] reflect
  control u in [-1, 1]
  dx = u*dt + 0.3*dw
  noise w
  lagrangian x^2 + u^2
  discount 1
}
"""
SIMULATE = ("S = simulate(slow, policy = {u: 0}, from = [0, 0, 0], until = 10, step = 0.001, paths = 200_000,"
            " seed = 1)\n")
CHAIN = """model long {{
  state x[{n}]
  control u[{n}]
  dx = ([[if i == j then -1 else if abs(i - j) == 1 then 0.5 else 0 for j in 1..{n}] for i in 1..{n}]*x + u)*dt
  lagrangian dot(x, x) + dot(u, u)
  discount 0.1
}}
"""


class Place:
    """A folder with the command in reach."""

    def __init__(self, hopf, folder):
        self.hopf, self.folder = hopf, pathlib.Path(folder)
        self.environment = dict(os.environ, HOPF_CACHE_DIR=str(self.folder / ".cache"), NO_COLOR="1", LC_ALL="C.UTF-8")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    def start(self, *words, **more):
        return subprocess.Popen([self.hopf, *words], cwd=more.pop("cwd", self.folder), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=dict(self.environment, **more.pop("env", {})), **more)

    def run(self, *words, timeout=60, **more):
        process = self.start(*words, **more)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError(f"{words}: no end within {timeout} s") from None
        return process.returncode, out, err

    def names(self):
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if ".cache" not in p.parts)


def expect(got, wanted, what):
    assert got == wanted, f"{what}: {got!r} instead of {wanted!r}"


def figures_run_nothing(place):
    names = ["|touch pwned;true /x.svg", "`touch pwned`.svg", "$(touch pwned).svg", "'; system('touch pwned');'.svg",
             "a\\\"b.svg", "-e.svg", "@x.svg"]
    (place.folder / "|touch pwned;true ").mkdir()
    script = MODEL + "V = solve(walk, grid = 21)\n" + "".join(f'plot(V, "{name}")\n' for name in names)
    code, _, err = place.run("run", place.write("a.hopf", script))
    expect(code, 0, err)
    assert not list(place.folder.rglob("pwned")), "a name was run"
    for name in names:
        path = place.folder / name.replace('\\"', '"')
        assert path.read_text().lstrip().startswith("<?xml"), f"{name} is no picture"


def programs_of_the_present_folder_are_not_run(place):
    place.write("gnuplot", "#!/bin/sh\ntouch pwned\n")
    (place.folder / "gnuplot").chmod(0o755)
    script = place.write("a.hopf", MODEL + 'V = solve(walk, grid = 21)\nplot(V, "a.svg")\n')
    code, _, err = place.run("run", script, env={"PATH": ".::" + os.environ["PATH"]})
    expect(code, 0, err)
    assert not (place.folder / "pwned").exists(), "the folder's own gnuplot was run"


def end_by(place, number):
    name = place.write("slow.hopf", SLOW + SIMULATE + 'save(S, "paths.csv")\nsave(S, "paths.nc")\n')
    for delay in (0.3, 1.5, 4.0):
        process = place.start("run", name)
        time.sleep(delay)
        process.send_signal(number)
        process.communicate(timeout=20)
        assert process.returncode in (-number, 0), f"ended with {process.returncode}"
        left = [n for n in place.names() if n not in ("slow.hopf", "paths.csv", "paths.nc")]
        expect(left, [], f"left by signal {number} after {delay} s")


def sigterm_leaves_nothing(place):
    end_by(place, signal.SIGTERM)


def sighup_leaves_nothing(place):
    end_by(place, signal.SIGHUP)


def file_size_limit_is_an_error(place):
    script = place.write("a.hopf", MODEL + 'V = solve(walk, grid = 2001)\nsave(V, "v.csv")\n')
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    code, _, err = place.run("run", script, "--off=cache", preexec_fn=limit)
    expect(code, 5, err)
    assert "E0903" in err and "large" in err, err
    expect(place.names(), ["a.hopf"], "left by a file that grew too large")


def stops(place, *words, after=0.7, within=0.7):
    """Ctrl-C ends the command soon, with its own exit code."""
    process = place.start(*words)
    time.sleep(after)
    assert process.poll() is None, f"{words} had ended: {process.communicate()}"
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    took = time.monotonic() - asked
    expect(process.returncode, 130, f"{words}")
    assert took < within + slack(), f"{words}: {took:.2f} s"


def slack():
    """Other work on the machine stretches half a second."""
    return 0.5 * os.getloadavg()[0] / os.cpu_count()


def interrupts_are_heard(place):
    stops(place, "run", place.write("det.hopf", "A = [[sin(i*j) for j in 1..900] for i in 1..900]\nx = det(A)\n"
                                    "y = inv(A)\nz = A*A*A\n"))
    os.mkfifo(place.folder / "pipe.csv")
    stops(place, "run", place.write("load.hopf", 'x = load("pipe.csv")\n'))
    os.mkfifo(place.folder / "pipe.hopf")
    stops(place, "run", "pipe.hopf")
    stops(place, "derive", place.write("long.hopf", CHAIN.format(n=300)))
    stops(place, "solve", place.write("slow.hopf", SLOW), "--grid=61")


def lasting_pipes_are_read(place):
    os.mkfifo(place.folder / "pipe.csv")
    process = place.start("run", place.write("a.hopf", 'x = load("pipe.csv")\nprint(sum(x))\n'))
    with open(place.folder / "pipe.csv", "w") as pipe:
        for number in (1, 2, 3):
            time.sleep(0.1)
            print(number, file=pipe, flush=True)
    out, err = process.communicate(timeout=20)
    expect((process.returncode, out), (0, "6\n"), err)


def endless_and_odd_files_are_refused(place):
    os.symlink("/dev/zero", place.folder / "zero.csv")
    with open(place.folder / "huge.csv", "w") as file:
        file.truncate(1 << 40)
    (place.folder / "folder.csv").mkdir()
    for name, words in (("zero.csv", "no ordinary file"), ("huge.csv", "more than"), ("folder.csv", "folder")):
        code, _, err = place.run("run", place.write("a.hopf", f'x = load("{name}")\n'), timeout=20)
        expect(code, 5, err)
        assert words in err, err
    os.symlink("/dev/zero", place.folder / "zero.hopf")
    code, _, err = place.run("run", "zero.hopf", timeout=20)
    expect(code, 5, err)


def nan_in_data_is_refused(place):
    place.write("a.csv", "x,y\n1,2\n3,nan\n")
    code, _, err = place.run("run", place.write("a.hopf", 'x = load("a.csv")\n'))
    expect(code, 5, err)
    assert "line 3, column 2" in err, err
    place.write("b.csv", "1,2\n3,inf\n")
    model = MODEL.replace("state x", 'param A = load("b.csv")\n  state x').replace("x^2", "x^2*A[1,1]")
    code, _, err = place.run("check", place.write("b.hopf", model))
    expect(code, 1, err)
    assert "row 2, column 2" in err, err


def entries(place):
    return sorted((place.folder / ".cache").glob("*.o"))


def files_of_others_in_the_cache_stay(place):
    cache = place.folder / ".cache"
    cache.mkdir(mode=0o700)
    old, ours = cache / "key.pem", cache / "key.1234-0"
    for path in (old, ours):
        path.write_text("x")
        os.utime(path, (0, 0))
    code, _, err = place.run("run", place.write("a.hopf", MODEL + "V = solve(walk, grid = 21)\n"))
    expect(code, 0, err)
    assert old.exists() and not ours.exists(), sorted(p.name for p in cache.iterdir())


def caches_of_others_are_not_used(place):
    cache, script = place.folder / ".cache", place.write("a.hopf", MODEL + "V = solve(walk, grid = 21)\n")

    def warned():
        code, _, err = place.run("run", script, timeout=20)
        expect(code, 0, err)
        return err.count("W0900")

    expect(warned(), 0, "the first run")
    assert entries(place) and stat.S_IMODE((cache / "key").stat().st_mode) == 0o600
    cache.chmod(0o777)
    expect(warned(), 1, "a folder that others can write to")
    cache.chmod(0o700)
    (cache / "key").chmod(0o644)
    expect(warned(), 1, "a key that others can read")
    (cache / "key").chmod(0o600)
    # Entries that are not ours: signed by nobody, links, pipes; none is run, and none is waited for.
    first = entries(place)[0]
    sound = first.read_bytes()
    for kind in ("bits", "link", "pipe", "folder"):
        first.unlink()
        if kind == "bits":
            first.write_bytes(sound[:-9] + b"\0" + sound[-8:])
        elif kind == "link":
            (place.folder / "elsewhere").write_bytes(sound)
            first.symlink_to(place.folder / "elsewhere")
        elif kind == "pipe":
            os.mkfifo(first)
        else:
            first.mkdir()
        expect(warned(), 0, f"an entry that is a {kind}")
        if kind == "folder":
            first.rmdir()
        else:
            assert stat.S_ISREG(first.lstat().st_mode), f"a {kind} was not replaced"


def sandbox_ends_at_the_folder(place):
    place.write("outside.csv", "1\n2\n")
    place.write("outside.hopf", "fn f(x) = x\n")
    place.write("inner/inside.csv", "1\n2\n")
    place.write("inner/helper.hopf", "fn g(x) = x + 1\n")
    os.symlink("../outside.csv", place.folder / "inner/link.csv")
    os.symlink("..", place.folder / "inner/up")
    os.symlink("../made.csv", place.folder / "inner/nothing.csv")
    solved = MODEL + "V = solve(walk, grid = 21)\n"
    forbidden = ['x = load("../outside.csv")', f'x = load("{place.folder}/outside.csv")', 'x = load("link.csv")',
                 'x = load("up/outside.csv")', 'x = load("/dev/stdin")', 'import "../outside.hopf"',
                 'import "up/outside.hopf"', solved + 'save(V, "../made.csv")', solved + 'save(V, "inner/up/made.csv")',
                 solved + 'save(V, "inner/nothing.csv")', solved + 'plot(V, "/tmp/made.svg")',
                 solved + 'p = if V(0.5) > -1 then "../made.svg" else "x.svg"\nplot(V.error, p)',
                 MODEL.replace("state x", 'param A = load("../outside.csv")\n  state x')]
    for text in forbidden:
        name = place.write("inner/a.hopf", text + "\n")
        code, _, err = place.run("run", "--sandbox", name)
        assert code != 0 and "sandbox" in err, f"{text}: {code} {err}"
        assert "no such" not in err.lower(), f"{text} tells what is there: {err}"
    assert not (place.folder / "made.csv").exists() and not (place.folder / "made.svg").exists()
    allowed = ('import "helper.hopf"\nimport std.units\n' + solved +
               'print(g(sum(load("inside.csv"))))\nsave(V, "inner/v.nc")\nplot(V, "inner/v.svg")\n')
    code, out, err = place.run("run", "--sandbox", place.write("inner/a.hopf", allowed))
    expect((code, out), (0, "4\n"), err)


def links_stay_links(place):
    place.write("kept/v.csv", "old\n")
    os.symlink("kept/v.csv", place.folder / "link.csv")
    place.write("one.csv", "old\n")
    os.link(place.folder / "one.csv", place.folder / "two.csv")
    script = MODEL + 'V = solve(walk, grid = 21)\nsave(V, "link.csv")\nsave(V, "one.csv")\n'
    code, _, err = place.run("run", place.write("a.hopf", script))
    expect(code, 0, err)
    assert (place.folder / "link.csv").is_symlink() and (place.folder / "kept/v.csv").read_text().startswith("x,")
    assert (place.folder / "one.csv").read_text().startswith("x,")
    expect((place.folder / "two.csv").read_text(), "old\n", "the other name of a file")


def files_say_where_they_come_from(place):
    script = place.write("a b.hopf", MODEL + 'V = solve(walk, grid = 21)\nsave(V, "v.nc")\n')
    code, _, err = place.run("run", script, "--threads=2", env={"SOURCE_DATE_EPOCH": "86400"})
    expect(code, 0, err)
    import netCDF4
    with netCDF4.Dataset(place.folder / "v.nc") as file:
        expect(file.hopf_command, "hopf run 'a b.hopf' --threads=2", "the command")
        expect(file.hopf_time, "1970-01-02T00:00:00Z", "the time")
        expect(file.history, "1970-01-02T00:00:00Z: hopf run 'a b.hopf' --threads=2", "the history")


def memory_that_ends_is_an_error(place):
    scripts = [place.write("list.hopf", "x = [[j for j in 1..20000] for i in 1..10000]\n"),
               place.write("grid.hopf", MODEL + "V = solve(walk, grid = 20_000_001)\n"),
               place.write("model.hopf", MODEL + "V = solve(walk, grid = 101)\nprint(V(0))\n")]
    for script in scripts:
        for megabytes in (200, 300, 400, 600, 1000):
            limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
            code, _, err = place.run("run", script, "--threads=2", "--off=cache", preexec_fn=limit)
            good = code == 0 or code == 5 and ("E0904" in err or "E0602" in err or "E0753" in err)
            good = good or code in (1, 3) and ("E0602" in err or "E0753" in err)
            assert good, f"{script} in {megabytes} MB: {code} {err[-300:]}"


def options_out_of_reach_have_words(place):
    for option, words in (("threads = 200000", "threads"), ("stretch = [1e6]", "stretch"), ("stretch = [1, 2, 3]", "stretch")):
        code, _, err = place.run("run", place.write("a.hopf", MODEL + f"V = solve(walk, grid = 21, {option})\n"))
        assert code == 1 and "E0606" in err and words in err, f"{option}: {code} {err}"
    code, _, err = place.run("run", place.write("a.hopf", MODEL + "V = solve(walk, grid = 21)\n"),
                             env={"HOPF_CPU": "nonsense"})
    assert code == 5 and "E0907" in err and "nonsense" in err, f"{code} {err}"
    wide = MODEL.replace("[-1, 1] reflect", "[-1e308, 1e308] reflect")
    code, _, err = place.run("run", place.write("a.hopf", wide + "V = solve(walk, grid = 21)\n"))
    assert code in (1, 3) and "internal" not in err and "x" in err, f"{code} {err}"


def flat_values_are_drawn(place):
    """Case 28 and its kind: constant up to rounding, infinite, huge and tiny values."""
    for k, (lagrangian, discount) in enumerate((("1.3", "7"), ("0", "1"), ("1e-12", "3"), ("1e9/3", "0.7"),
                                                ("1.3 + 1e-15*x", "7"), ("1e200*x^2", "1"), ("1e-200*x^2", "1"))):
        text = f"""model flat {{
  state x in [0.01, 10] extrapolate
  state y in [-1, 1] constrain
  control u in {{-1, 1}}
  dx = -x*dt
  dy = y*x*u*dt
  lagrangian {lagrangian}
  discount {discount}
}}
V = solve(flat, grid = 21)
plot(V, "{k}.svg")
plot(V, "{k}.png")
"""
        code, _, err = place.run("run", "--quiet", place.write("a.hopf", text), timeout=30)
        expect(code, 0, err)
        assert (place.folder / f"{k}.png").stat().st_size > 1000


TESTS = (figures_run_nothing, programs_of_the_present_folder_are_not_run, sigterm_leaves_nothing,
         sighup_leaves_nothing, file_size_limit_is_an_error, interrupts_are_heard, lasting_pipes_are_read,
         endless_and_odd_files_are_refused, nan_in_data_is_refused, caches_of_others_are_not_used,
         files_of_others_in_the_cache_stay, sandbox_ends_at_the_folder, links_stay_links, files_say_where_they_come_from, memory_that_ends_is_an_error,
         options_out_of_reach_have_words, flat_values_are_drawn)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hopf", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    hopf = str(pathlib.Path(options.hopf).resolve())
    passed = failed = 0
    for test in TESTS:
        if options.names and test.__name__ not in options.names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(Place(hopf, folder))
                passed += 1
            except (AssertionError, OSError, subprocess.TimeoutExpired) as fault:
                failed += 1
                print(f"{test.__name__}: {fault}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The command on a terminal: the prompt's editing, history and interrupts, and Ctrl-C of a run.

Ends with 'N passed, M failed'.
"""
import argparse
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

TIMEOUT = 60
SLOW = """model slow {
  state x in [-2, 2] reflect, y in [-2, 2] reflect, z in [-2, 2] reflect
  control u in [-1, 1]
  noise w[3]
  dx = u*dt + 0.3*dw[1]
  dy = -y*dt + 0.3*dw[2]
  dz = -z*dt + 0.3*dw[3]
  lagrangian x^2 + y^2 + z^2
  discount 0.1
}
"""
SIMULATE = ("S = simulate(slow, policy = {u: 0}, from = [0, 0, 0], until = 10, step = 0.001, paths = 2_000_000,"
            " seed = 1)\n")


class Terminal:
    """A process whose standard streams are one pseudo-terminal."""

    def __init__(self, command, folder):
        environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", NO_COLOR="1", XDG_STATE_HOME=str(folder),
                           HOME=str(folder))
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(command[0], command, environment)

    def send(self, text):
        os.write(self.fd, text.encode())

    def leave(self):
        """Ctrl-D at a prompt. The terminal takes it for itself until the editor, which writes the prompt, has it."""
        time.sleep(0.5)
        self.send("\x04")

    def expect(self, text):
        """Waits for `text` after what was matched before."""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.seen:
            if time.monotonic() > deadline or not self.read():
                raise AssertionError(f"no {text!r} in {self.seen!r}")
        before, self.seen = self.seen.split(text, 1)
        return before

    def read(self):
        if not select.select([self.fd], [], [], 1)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", data.decode(errors="replace"))
        return bool(data)

    def code(self):
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            self.read()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("the process did not end")


def statements_and_errors(hopf, folder):
    t = Terminal([hopf], folder)
    t.expect("hopf> ")
    t.send("x = 2 + 3\r")
    t.expect("hopf> ")
    t.send("[x, x^2]\r")
    t.expect("[5, 25]")
    t.send("y = nothing_like_it\r")
    t.expect("error[")
    t.expect("hopf> ")
    t.send("x + 1\r")
    t.expect("6\r\n")
    t.send("x = 40\r")
    t.expect("hopf> ")
    t.send("x + 2\r")
    t.expect("42\r\n")
    t.expect("hopf> ")  # the editor has the terminal again
    t.leave()
    assert t.code() == 0


def models_over_lines_and_redefined(hopf, folder):
    t = Terminal([hopf], folder)
    t.expect("hopf> ")
    for q in (1, 4):
        t.send("model m {\r")
        t.expect("  ... ")
        t.send(f"state x in [-1, 1] reflect  control u;  x' = u  lagrangian {q}*x^2 + u^2  discount 1\r")
        t.expect("  ... ")
        t.send("}\r")
        t.expect("hopf> ")
        t.send("derive(m).hamiltonian\r")
        t.expect("4·x²" if q == 4 else "x²")
        t.expect("hopf> ")
    t.send(":quit\r")
    assert t.code() == 0


def editing_and_completion(hopf, folder):
    t = Terminal([hopf], folder)
    t.expect("hopf> ")
    t.send("a_rather_long_name = 7\r")
    t.expect("hopf> ")
    t.send("a_rath\t + 1\r")
    t.expect("8\r\n")
    t.send("1 + 2\x01\x0b100 + 1\r")  # to the line's start, clear to its end
    t.expect("101\r\n")
    t.expect("hopf> ")  # the editor has the terminal again
    t.leave()
    assert t.code() == 0


def history_outlives_the_prompt(hopf, folder):
    t = Terminal([hopf], folder)
    t.expect("hopf> ")
    t.send("111*3\r")
    t.expect("333\r\n")
    t.expect("hopf> ")  # the editor has the terminal again
    t.leave()
    assert t.code() == 0
    t = Terminal([hopf], folder)
    t.expect("hopf> ")
    t.send("\x10\r")  # the line before
    t.expect("333\r\n")
    t.expect("hopf> ")  # the editor has the terminal again
    t.leave()
    assert t.code() == 0


def interrupts_clear_the_line_and_stop_work(hopf, folder):
    t = Terminal([hopf], folder)
    t.expect("hopf> ")
    t.send("kept = 12\r")
    t.expect("hopf> ")
    t.send("half a line")
    time.sleep(0.3)
    t.send("\x03")
    t.expect("hopf> ")
    for line in SLOW.splitlines():
        t.send(line + "\r")
        t.expect("hopf> " if line == "}" else "  ... ")
    t.send(SIMULATE.strip() + "\r")
    time.sleep(2)
    t.send("\x03")
    t.expect("stopped")
    t.expect("hopf> ")
    t.send("kept + 1\r")
    t.expect("13\r\n")
    t.expect("hopf> ")  # the editor has the terminal again
    t.leave()
    assert t.code() == 0


def slow_file(folder):
    file = pathlib.Path(folder) / "slow.hopf"
    file.write_text(SLOW + SIMULATE + 'save(S, "paths.nc")\n')
    return str(file)


def interrupted_run(hopf, folder):
    t = Terminal([hopf, "run", slow_file(folder)], folder)
    t.expect("%")  # progress on a terminal
    asked = time.monotonic()
    t.send("\x03")
    assert t.code() == 130
    assert time.monotonic() - asked < 10, "took long to stop"
    left = sorted(p.name for p in pathlib.Path(folder).iterdir() if not p.name.startswith("."))
    assert left == ["slow.hopf"], left


SKIPPED = 77  # ctest counts it as skipped


def has_terminals():
    """Containers without devpts have none to give."""
    try:
        for end in os.openpty():
            os.close(end)
        return True
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hopf", required=True)
    hopf = str(pathlib.Path(parser.parse_args().hopf).resolve())
    if not has_terminals():
        print("no pseudo-terminals on this machine")
        return SKIPPED
    passed = failed = 0
    for test in (statements_and_errors, models_over_lines_and_redefined, editing_and_completion,
                 history_outlives_the_prompt, interrupts_clear_the_line_and_stop_work, interrupted_run):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(hopf, folder)
                passed += 1
            except (AssertionError, subprocess.TimeoutExpired) as fault:
                failed += 1
                print(f"{test.__name__}: {fault}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

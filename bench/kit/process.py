# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""process: start programs, wait for them, and stop them reliably.

Each program has its own session: Ctrl-C reaches only the benchmark, which then
ends the programs.
"""
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from kit import procfs

START_SECONDS = 5
STOP_SECONDS = 5


class Failed(Exception):
    """A program failed; the message says why."""


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def exit_on_signals():
    """Exit on SIGTERM and SIGHUP, after the same clean-up as on Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def ignore_signals():
    """For the clean-up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def free_port():
    """A port that is not in use, for servers that cannot choose one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A program; the end of its with statement stops it."""

    def __init__(self, command, stdout=subprocess.DEVNULL):
        self.stderr_file = tempfile.TemporaryFile()
        self.child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout,
            stderr=self.stderr_file, start_new_session=True)
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.end()

    def errors(self):
        """Its standard error so far."""
        size = os.fstat(self.stderr_file.fileno()).st_size
        return os.pread(self.stderr_file.fileno(), size, 0).decode(
            errors="replace")

    def last_line(self):
        lines = self.errors().strip().splitlines()
        return lines[-1] if lines else "no error message"

    def has_ended(self):
        """Does not reap the process, so that its PID is not used again."""
        return self.child.returncode is not None or os.waitid(
            os.P_PID, self.pid,
            os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def signal(self, number):
        if not self.has_ended():
            os.kill(self.pid, number)

    def stop(self):
        """SIGTERM, and after STOP_SECONDS SIGKILL."""
        self.signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while not self.has_ended() and time.monotonic() < until:
            time.sleep(0.002)
        self.end()

    def end(self):
        """SIGKILL to it and its descendants, unless it has been reaped."""
        if self.child.returncode is None:
            for pid in procfs.processes_of(self.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.child.wait()
        if self.child.stdout is not None:
            self.child.stdout.close()
        self.stderr_file.close()

    def wait_for_line(self, text, seconds):
        """Wait until standard error has a line with the text; return it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended = self.has_ended()
            for line in self.errors().splitlines(keepends=True):
                if text in line and line.endswith("\n"):
                    return line.strip()
            if ended:
                raise Failed(self.last_line())
            time.sleep(0.005)
        raise Failed(f"no \"{text}\" within {seconds:.0f} s")


def wait_until_it_echoes(server, port):
    """Wait until a byte is echoed."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as probe:
                probe.sendall(b"?")
                if probe.recv(1) == b"?":
                    return
                problem = "it does not echo"
        except OSError as error:
            problem = error.strerror or str(error)
        if server.has_ended():
            raise Failed(server.last_line())
        if time.monotonic() > until:
            raise Failed(problem)
        time.sleep(0.005)

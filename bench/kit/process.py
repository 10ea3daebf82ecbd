# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""process: programs that are started, waited for and stopped for certain.

Each has a session of its own, so that Ctrl-C reaches the benchmark alone and
the benchmark ends them. Must not know what the programs are.
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
    """A program did not do what it should have; the words say why."""


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def end_on_signals():
    """SIGTERM and SIGHUP end Python as Ctrl-C does: with clean-up."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))


def ignore_signals():
    """While cleaning up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def free_port():
    """A port nobody listens on, for servers that cannot choose their own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A program; in a with statement it is stopped at the end."""

    def __init__(self, command, stdout=subprocess.DEVNULL):
        self.complaints = tempfile.TemporaryFile()
        self.child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout,
            stderr=self.complaints, start_new_session=True)
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.end()

    def said(self):
        """What it wrote to standard error so far."""
        size = os.fstat(self.complaints.fileno()).st_size
        return os.pread(self.complaints.fileno(), size, 0).decode(
            errors="replace")

    def last_words(self):
        lines = self.said().strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def has_ended(self):
        """Without reaping it, so that its number stays its own."""
        return self.child.returncode is not None or os.waitid(
            os.P_PID, self.pid,
            os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def signal(self, number):
        if not self.has_ended():
            os.kill(self.pid, number)

    def stop(self):
        """SIGTERM; to what is left after a while, SIGKILL."""
        self.signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while not self.has_ended() and time.monotonic() < until:
            time.sleep(0.002)
        self.end()

    def end(self):
        """SIGKILL to it and to its family; but for one that was reaped."""
        if self.child.returncode is None:
            for pid in procfs.family(self.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.child.wait()
        if self.child.stdout is not None:
            self.child.stdout.close()
        self.complaints.close()

    def wait_for_words(self, words, seconds):
        """Until standard error has a line with the words; returns it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended = self.has_ended()
            for line in self.said().splitlines(keepends=True):
                if words in line and line.endswith("\n"):
                    return line.strip()
            if ended:
                raise Failed(self.last_words())
            time.sleep(0.005)
        raise Failed(f"nothing within {seconds:.0f} s")


def wait_until_it_serves(server, port):
    """Until a client has had a byte back."""
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
            raise Failed(server.last_words())
        if time.monotonic() > until:
            raise Failed(problem)
        time.sleep(0.005)

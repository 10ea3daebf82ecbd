# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A server under strace(1): start it, and end it and everything it started."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from kit import strace

QUIET = 0.02  # s without a new line of strace: the server is quiet
SETTLED = 1.0  # s; a server that is never quiet is not waited for longer
NOT_PERMITTED = re.compile(r"^\S*strace: .*ptrace.*not permitted", re.I | re.M)
LISTENS = re.compile(r"listen\(\d+(<[^ ,]*)?, .*= 0|<\.\.\. listen resumed>"
                     r".*= 0")
CHILD = re.compile(r"\b(?:clone3?|v?fork)\b.*\) += (\d+)")


class Failure(Exception):
    """The message, and the exit status."""


def start(command, directory):
    """Start the server; -> what the other functions take."""
    program = shutil.which("strace")
    if not program:
        raise Failure("strace is not installed", 2)
    if not shutil.which(command[0]):
        raise Failure(f"{command[0]}: not found, or not executable", 2)
    server = {"trace": os.path.join(directory, "trace"),
              "output": os.path.join(directory, "output")}
    with open(server["output"], "wb") as output:
        server["strace"] = subprocess.Popen(
            [program, *strace.OPTIONS, "-o", server["trace"], "--", *command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True)
    return server


def lines(server):
    try:
        with open(server["trace"], errors="replace") as trace:
            return trace.read().splitlines()
    except FileNotFoundError:
        return []


def output(server):
    with open(server["output"], errors="replace") as text:
        return text.read()


def wait_until_it_listens(server, seconds):
    """listen(2) is in the trace. A connect of ours, to find out, would be in
    the figure."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        ended = server["strace"].poll() is not None
        if any(LISTENS.search(line) for line in lines(server)):
            settle(server)
            return
        if ended:
            break
        time.sleep(0.01)
    text = output(server)
    if NOT_PERMITTED.search(text):
        raise Failure("strace may not trace here: ptrace is not permitted", 2)
    sys.stderr.write(text[-2000:])
    raise Failure("the server does not listen", 1)


def settle(server):
    """Wait until the server is quiet: strace has written nothing for a while,
    and all that could write more sleeps."""
    limit = time.monotonic() + SETTLED
    size, since = -1, 0
    while time.monotonic() < limit:
        now = os.stat(server["trace"]).st_size
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > QUIET:
            threads = living(server) + [server["strace"].pid]
            if not any(is_busy(tid) for tid in threads):
                return
        time.sleep(0.002)


def is_busy(tid):
    """It runs, or is stopped by strace, or waits for a disk."""
    try:
        with open(f"/proc/{tid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "RtTD"
    except OSError:
        return False


def first_process(server):
    match = re.match(r"\d+", (lines(server) or [""])[0])
    return int(match[0]) if match else None


def send_signal(server, name):
    """-> the record of this call."""
    pid = first_process(server)
    begin = time.time()
    try:
        os.kill(pid, getattr(signal, "SIG" + name))
        result = "0"
    except ProcessLookupError:
        result = "-1 ESRCH"
    return strace.Call("kill", begin, time.time(), f"kill(SIG{name})", None,
                       (("signal", pid),), result, None, None, "")


def living(server):
    """The server's threads that have not ended, as strace knows them. A new one
    may not have run yet."""
    seen, gone = {}, set()
    for line in lines(server):
        match = strace.LINE.match(line)
        if match:
            seen[int(match[1])] = True
            if match[3].startswith("+++ "):
                gone.add(int(match[1]))
            child = CHILD.search(match[3])
            if child:
                seen[int(child[1])] = True
    return [tid for tid in seen if tid not in gone]


def stop(server):
    """Kill what is left: strace would only let go of it. strace itself ends
    when nothing is left to trace."""
    tracer = server["strace"]
    limit = time.monotonic() + 5
    while tracer.poll() is None and time.monotonic() < limit:
        for tid in living(server):
            if is_traced_by(tid, tracer.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(tid, signal.SIGKILL)
        time.sleep(0.01)
    if tracer.poll() is None:
        os.killpg(tracer.pid, signal.SIGKILL)
    tracer.wait()


def is_traced_by(tid, pid):
    """It is still ours: a number can have been given to another process."""
    try:
        with open(f"/proc/{tid}/status") as status:
            return f"\nTracerPid:\t{pid}\n" in status.read()
    except OSError:
        return False

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Tests of lessons/watch, against echod and a server in known states."""
import contextlib
import fcntl
import importlib.machinery
import importlib.util
import io
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback

sys.dont_write_bytecode = True
WATCH = os.path.join(os.environ["SRCDIR"], "lessons", "watch")
ECHOD = os.environ["ECHOD"]
LIMIT_SECONDS = 30
NO_PID = 2 ** 31 - 1  # more than any kernel gives
ESCAPE = "\x1b"

# A server in a state that its argument names. It prints its port, or 0.
SERVER = r"""
import os, socket, sys, threading
def echo(client):
    if how == "recv":
        client.recv(1)
    if how == "pipe":
        os.read(client.fileno(), 1)
        os.read(os.pipe()[0], 1)
    while data := os.read(client.fileno(), 100):
        os.write(client.fileno(), data)
    client.close()
how = sys.argv[1]
listener = socket.create_server(("127.0.0.1", 0))
if how == "children":
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        os._exit(0)
    if os.fork() == 0:
        ours.close()
        if os.fork() != 0:
            os.wait()
        os.read(theirs.fileno(), 1)
        os._exit(0)
if how == "futex":
    lock = threading.Lock()
    lock.acquire()
    threading.Thread(target=lock.acquire, daemon=True).start()
print(listener.getsockname()[1], flush=True)
while how == "spin":
    pass
while True:
    client, _ = listener.accept()
    echo(client) if how == "one" else threading.Thread(
        target=echo, args=[client]).start()
"""


def view(pid, lines=200):
    """What --once prints, as lines."""
    done = subprocess.run(
        [WATCH, "--once", "--interval", "0.02", str(pid)], check=True,
        stdout=subprocess.PIPE, text=True, timeout=LIMIT_SECONDS,
        env={**os.environ, "COLUMNS": "80", "LINES": str(lines)})
    return done.stdout.splitlines()


def view_with(pid, *patterns, lines=200):
    """The first view in which each pattern is found; the lines found."""
    until = time.monotonic() + LIMIT_SECONDS
    while True:
        seen = view(pid, lines)
        found = [next(filter(re.compile(pattern).search, seen), None)
                 for pattern in patterns]
        if None not in found:
            return found
        assert time.monotonic() < until, (patterns, seen)


def name_of(client):
    return "%s:%d" % client.getsockname()[:2]


@contextlib.contextmanager
def running(command):
    """(process, the line that it printed)"""
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@contextlib.contextmanager
def server(how):
    with running([sys.executable, "-c", SERVER, how]) as (process, line):
        yield process.pid, ("127.0.0.1", int(line))


@contextlib.contextmanager
def echod():
    with running([ECHOD, "127.0.0.1:0"]) as (process, line):
        yield process.pid, ("127.0.0.1", int(line.rpartition(":")[2]))


@contextlib.contextmanager
def watching(pid):
    """A watch whose output is a pipe, for a limited time."""
    with subprocess.Popen([WATCH, "--interval", "0.05", str(pid)], text=True,
                          stdout=subprocess.PIPE) as process:
        limit = threading.Timer(LIMIT_SECONDS, process.kill)
        limit.start()
        try:
            yield process
        finally:
            limit.cancel()
            process.kill()


def next_line(process, pattern):
    """The groups of the first line that has it."""
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            return found.groups()
    raise AssertionError(f"no {pattern}")


def exchange(client, data):
    client.sendall(data)
    received = b""
    while len(received) < len(data):
        received += client.recv(len(data))


def test_wrong_command_lines_have_status_2():
    for wrong in ([], ["x"], ["0"], ["-1"], ["1", "2"], ["1", "--interval"],
                  ["1", "--interval", "0"], ["1", "--interval", "nan"],
                  ["1", "--more"]):
        done = subprocess.run([WATCH] + wrong, capture_output=True,
                              timeout=LIMIT_SECONDS)
        assert (done.returncode, done.stdout) == (2, b""), (wrong, done)
        assert b"error: " in done.stderr, done


def test_no_such_process_is_status_1():
    done = subprocess.run([WATCH, str(NO_PID)], capture_output=True, text=True,
                          timeout=LIMIT_SECONDS)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr == f"watch: no process {NO_PID}\n", done


def test_a_thread_in_read_and_one_in_write():
    with echod() as (pid, address), socket.create_connection(
            address) as silent, socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        unread.connect(address)
        unread.setblocking(False)
        exchange(silent, b"hello")
        stop = time.monotonic() + LIMIT_SECONDS
        rows = []
        while len(rows) < 2:
            assert time.monotonic() < stop
            with contextlib.suppress(BlockingIOError):
                while True:
                    unread.send(bytes(65536))
            seen = "\n".join(view(pid))
            rows = re.findall(
                rf"^ *\d+ {name_of(silent)} +read\(\d+\) +> \d.*s +5 +5$|"
                rf"^ *\d+ {name_of(unread)} +write\(\d+\) +> \d.*s +\d+ +\d+$",
                seen, re.MULTILINE)
        written = int(rows[1].split()[-1])
        assert 0 < written <= int(rows[1].split()[-2]), rows
        assert re.search(r"poll\(2 fds\)", seen), seen


def test_threads_in_accept_and_futex():
    with server("futex") as (pid, address):
        view_with(pid, rf"^ *{pid} \(127.0.0.1:{address[1]}\) +accept4\(\d+\)",
                  r"\d  +futex  ")


def test_a_thread_that_runs():
    with server("spin") as (pid, _):
        view_with(pid, rf"^ *{pid}  +running ",
                  rf"^ *{pid} +1 .* [1-9]\d* % +0$")
        # It hardly ever blocks, so the time grows.
        with watching(pid) as process:
            next_line(process, rf"^ *{pid}  +running  .*(0\.[2-9]|[1-9].*) s ")


def test_a_unix_socket():
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/s"
        with running([ECHOD, path]) as (process, _), socket.socket(
                socket.AF_UNIX) as client:
            client.connect(path)
            view_with(process.pid, rf"{path[-8:]} +read\(\d+\)")


def test_figures_of_the_process_and_of_its_children():
    with server("children") as (pid, _):
        process, child, grandchild = view_with(
            pid, rf"^ *{pid} +1 .* 1$", r"\d  +wait4 ", r"read\(\d+\)")
        for row in child, grandchild:
            view_with(pid, rf"^ *{row.split()[0]} +1 +\d+ .* 0$")
        fields = process.split()
        assert int(fields[2]) == len(os.listdir(f"/proc/{pid}/fd")), fields
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            kib = re.search(r"VmSize:\s+(\d+) kB", file.read()).group(1)
        assert fields[4:6] in ([f"{int(kib) / 1024:.0f}", "MiB"],
                               [kib, "KiB"]), fields


def test_how_long_is_at_least_until_a_change_was_seen():
    with echod() as (pid, address), socket.create_connection(
            address) as still, socket.create_connection(address) as woken:
        view_with(pid, name_of(still) + " +read", name_of(woken) + " +read")
        row = r" +read\(\d+\) +(> |)(\d+\.\d) s "
        with watching(pid) as process:
            assert next_line(process, name_of(woken) + row)[0] == "> "
            before = time.monotonic()
            exchange(woken, b"hello")
            while True:
                least, text = next_line(process, name_of(woken) + row)
                elapsed = time.monotonic() - before
                if not least:
                    break
            assert float(text) <= elapsed + 0.05, (text, elapsed)
            while float(text) < 0.2:
                least, text = next_line(process, name_of(woken) + row)
                assert not least
            assert next_line(process, name_of(still) + row)[0] == "> "


def test_bytes_are_those_of_the_client():
    with server("one") as (pid, address), watching(pid) as process:
        for data in (b"hello", b"hi!"):
            next_line(process, r"accept4\(")
            with socket.create_connection(address) as client:
                exchange(client, data)
                view_with(pid, name_of(client) + r" +read\(")
                found = next_line(process, name_of(client)
                                  + r" +read\(.* s +(\d+) +(\d+)$")
                assert found == (str(len(data)),) * 2, found


def test_a_thread_keeps_its_client_when_it_waits_for_something_else():
    with server("pipe") as (pid, address), socket.create_connection(
            address) as client, watching(pid) as process:
        row = name_of(client) + r" +(read\(\d+\))"
        first = next_line(process, row)
        client.sendall(b"x")
        while next_line(process, row) == first:
            pass
    module = load()
    thread = module.Thread(1, "S", 1, None, (7, "client"), (0, 0), (0, 0), 0, 0)
    accept = module.proc.Call("accept", "accept(3)", [3])
    assert module.client_of(
        accept, {3: "socket:[5]", 4: "socket:[7]"},
        {5: (False, "listener"), 7: (True, "client")}, thread
        ) == (None, "(listener)")


def test_bytes_that_the_kernel_does_not_count():
    with server("recv") as (pid, address), socket.create_connection(
            address) as client:
        view_with(pid, name_of(client) + r" +recvfrom\(\d+\) .* s +- +-$",
                  "^-: the kernel counts no bytes")


def test_threads_in_the_same_state_are_counted():
    with echod() as (pid, address), contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection(address))
        more, = view_with(pid, r"^ +\d+ more threads in read +", lines=24)
        seen = view(pid, 24)
        shown = sum("read(" in line for line in seen)
        assert len(seen) <= 24 and shown + int(more.split()[0]) == 60, seen
        assert max(map(len, seen)) < 80, seen
        assert any(re.match(rf" *{pid}  +poll", line) for line in seen), seen
        assert not any(ESCAPE in line for line in seen), seen


def test_few_threads_in_a_state_are_shown_each():
    module = load()
    threads = [module.Thread(tid, "S", 1, module.proc.Call(name, name, []),
                             (None, ""), (1, 2), (0, 0), 5.0, True)
               for tid, name in enumerate(["read"] * 50 + ["write"] * 2)]
    lines = module.thread_lines(threads, 80, 10, 7.0)
    assert len(lines) == 10, lines
    assert sum(" write " in line for line in lines) == 2, lines
    assert sum(" read " in line for line in lines) == 8, lines
    assert re.match(r" +44 more threads in read +2.0 s +44 +88$", lines[7]), (
        lines[7])


def test_the_end_of_the_server_is_said():
    with running([ECHOD, "127.0.0.1:0"]) as (process, _), watching(
            process.pid) as watch:
        next_line(watch, r"poll\(")
        process.kill()  # not waited for yet: it stays a zombie
        assert watch.stdout.readlines()[-1] == f"{process.pid} has ended\n"
        assert watch.wait() == 0


def test_another_process_with_the_same_number_is_not_watched():
    module = load()
    start = module.proc.process(os.getpid()).start
    assert module.look(os.getpid(), start, None)
    assert module.look(os.getpid(), start + 1, None) is None


def on_a_terminal(pid, end):
    """What watch wrote to a terminal of 80x24 until end() ended it."""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job has not
        os.write(1, b"ready")
        os.read(0, 1)
        os.execv(WATCH, [WATCH, "--interval", "0.05", str(pid)])
    written = b""
    stages = [(b"ready", lambda: os.write(terminal, b"\n")),
              (b"q quits", lambda: end(terminal))]
    before = termios.tcgetattr(terminal)
    limit = threading.Timer(LIMIT_SECONDS, os.kill, [child, signal.SIGKILL])
    limit.start()
    with contextlib.suppress(OSError):  # EIO: it has ended
        while True:
            written += os.read(terminal, 65536)
            if stages and stages[0][0] in written:
                stages.pop(0)[1]()
    limit.cancel()
    after = termios.tcgetattr(terminal)
    os.close(terminal)
    status = os.waitpid(child, 0)[1]
    assert (stages, status, after) == ([], 0, before), (status, written)
    return written.decode()


def test_a_terminal_is_left_as_it_was():
    with echod() as (pid, _):
        for key in (b"q", b"\3"):
            written = on_a_terminal(pid, lambda fd: os.write(fd, key))
            screen, _, rest = written.partition("\x1b[?1049l")
            assert "\x1b[?1049h" in screen and not rest, written
            assert screen.endswith("\x1b[?25h"), written


def test_a_terminal_is_left_when_the_server_ends():
    with running([ECHOD, "127.0.0.1:0"]) as (process, _):
        written = on_a_terminal(process.pid, lambda fd: process.kill())
        rest = written.partition("\x1b[?1049l")[2]
        assert rest == f"{process.pid} has ended\r\n", written


def load():
    """watch as a module."""
    loader = importlib.machinery.SourceFileLoader("watch", WATCH)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("watch", loader))
    loader.exec_module(module)
    return module


def test_what_may_not_be_read_is_said_once():
    module = load()
    real_open = os.open

    def refuse(path, *more):
        if path.endswith("/syscall"):
            raise PermissionError(path)
        return real_open(path, *more)

    with echod() as (pid, address), socket.create_connection(address) as client:
        view_with(pid, name_of(client) + " +read")
        printed = io.StringIO()
        sys.argv[1:] = ["--once", "--interval", "0.02", str(pid)]
        os.open = refuse
        try:
            with contextlib.redirect_stdout(printed):
                assert module.main() == 0
        finally:
            os.open = real_open
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    text = printed.getvalue()
    assert len(re.findall(r"^ *\d+  +\w[\w ]+ > 0.\d s ", text,
                          re.MULTILINE)) >= 2, text
    assert "read(" not in text and text.count(" sudo ") in (1, 2), text
    assert f"sudo {sys.argv[0]} {pid}" in text, text


def test_calls_on_two_architectures():
    proc = load().proc
    with tempfile.TemporaryDirectory() as task:
        for machine, text, words in (
                (62, "0 0x7 0x1 0x2", "read(7)"),
                (62, "288 0x3 0x0 0x0", "accept4(3)"),
                (62, "7 0x0 0x1 0xffffffff", "poll(1 fd)"),
                (183, "63 0x7 0x1 0x2", "read(7)"),
                (183, "242 0x3 0x0 0x0", "accept4(3)"),
                (183, "73 0x0 0x2 0x0", "ppoll(2 fds)"),
                (183, "98 0x9 0x80 0x2", "futex"),
                (183, "999 0x9 0x80 0x2", "call 999"),
                (62, "-1 0x7fff 0x7fff", "a page fault"),
                (62, "running", "running")):
            with open(task + "/syscall", "w", encoding="utf-8") as file:
                file.write(text + "\n")
            found = proc.call(task, proc.NUMBERS[machine]).words
            assert found == words, (machine, text, found)


def main():
    tests = [(name[5:].replace("_", " "), function)
             for name, function in globals().items()
             if name.startswith("test_")]
    print(f"1..{len(tests)}", flush=True)
    if not sys.platform.startswith("linux"):
        for number, (name, _) in enumerate(tests, 1):
            print(f"ok {number} - {name} # SKIP there is no such /proc")
        return
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            print(f"not ok {number} - {name}")
            print("# " + traceback.format_exc().replace("\n", "\n# "),
                  flush=True)


main()

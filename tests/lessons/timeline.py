# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""lessons/timeline: a run of each scene, and how runs end. Prints TAP. It needs
strace(1), and fails without it."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from xml.dom import minidom

SOURCES = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
LESSONS = os.path.join(SOURCES, "lessons")
TIMELINE = os.path.join(LESSONS, "timeline")
NEVER = """import os, socket, sys, time
os.setsid()
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(600)
"""
sys.dont_write_bytecode = True
from timeline_tap import finish, report, same  # noqa: E402


def compiled(name, directory):
    source, = glob.glob(os.path.join(LESSONS, "rungs", f"*-{name}.c"))
    program = os.path.join(directory, name)
    subprocess.run([os.environ.get("CC", "cc"), "-pthread", "-o", program,
                    source], check=True)
    return program


def run(*words, **more):
    return subprocess.run([sys.executable, TIMELINE, *words], text=True,
                          capture_output=True, timeout=60, **more)


def table(scene, program, directory):
    """-> lines of --text as dicts, in ms, and the figure's texts."""
    svg = os.path.join(directory, "out.svg")
    done = run("--scene", scene, "--text", "-o", svg, program)
    if done.returncode:
        raise RuntimeError(done.stderr)
    lines = []
    for line in done.stdout.splitlines()[1:]:
        who, begin, end, state, *rest = re.split(r"  +", line.strip())
        if begin and state in ("runs", "blocked", "idle"):
            lines.append({"who": who, "begin": float(begin),
                          "end": float(end), "state": state,
                          "calls": rest[0], "by": rest[1]})
        else:
            lines.append({"who": who, "begin": float(begin), "state": end,
                          "end": float(begin), "calls": state, "by": "-"})
    check_figure(scene, svg, {line["who"] for line in lines})
    return lines


def check_figure(scene, svg, names):
    document = minidom.parse(svg)
    texts = {node.firstChild.data for node in
             document.getElementsByTagName("text") if node.firstChild}
    root = document.documentElement
    arrows = len(document.getElementsByTagName("polygon"))
    report(f"{scene}: the figure is SVG, with a name for each row, and arrows",
           root.tagName == "svg" and names <= texts and arrows > 4 and
           not document.getElementsByTagName("script"),
           f"{names - texts} {arrows}")


def find(lines, who, state, calls, by="-"):
    return [line for line in lines if line["who"] == who and
            line["state"] == state and re.search(calls, line["calls"]) and
            re.fullmatch(by, line["by"])]


def has(name, lines, *wanted):
    missing = [each for each in wanted if not find(lines, *each)]
    seen = "\n".join(str(line) for line in lines)
    report(name, not missing, f"missing: {missing}\n{seen}")


def test_scenes(directory):
    iterative, forking, threads = (compiled(name, directory) for name in (
        "bytes", "processes", "checked"))
    lines = table("talk", threads, directory)
    same("talk: a row for each client and each thread",
         list(dict.fromkeys(line["who"] for line in lines)),
         ["client A", "client B", "main", "thread 1 (client A)",
          "thread 2 (client B)"])
    first = "thread 1 (client A)"
    has("talk: who was blocked, and who woke whom", lines,
        ("main", "blocked", r"accept4?\(3\)", "client A: connect"),
        ("main", "blocked", r"accept4?\(3\)", "client B: connect"),
        (first, "runs", "", "main: clone3?"),
        (first, "blocked", r"read\(4\)", "client A: send"),
        (first, "blocked", r"read\(4\)", "client A: shutdown"),
        (first, "ended", "exited with 0"))
    lines = table("talk", forking, directory)
    has("talk, with processes: who woke whom", lines,
        ("process 1 (client A)", "runs", "", "main: clone"),
        ("process 2 (client B)", "blocked", r"read\(4\)", "client B: send"))
    lines = table("two", iterative, directory)
    has("two, one at a time: the second client waits", lines,
        ("main", "blocked", r"read\(4\)", "client A: shutdown"),
        ("client B", "blocked", "recv", r"main: write\(4\)"))
    answer = find(lines, "client B", "blocked", "recv", r"main: write\(4\)")
    leaves = find(lines, "client A", "runs", "shutdown")
    report("two, one at a time: until the first leaves", answer and leaves and
           answer[0]["begin"] < leaves[0]["begin"] < answer[0]["end"], lines)
    lines = table("burst", threads, directory)
    same("burst: ten clients and eleven threads",
         len({line["who"] for line in lines}), 21)
    same("burst: ten threads are started",
         len([line for line in lines if line["by"].startswith("main: clone")]),
         10)
    lines = table("unread", threads, directory)
    has("unread: the write blocks until the client reads", lines,
        (first, "blocked", r"write\(4\)", r"client A: recv\(6.3 MB\)"))
    leaves = [line for line in lines if line["who"] == "client B"][-1]
    late = find(lines, "client A", "blocked", "recv.6.3 MB.", ".*: write.*")
    report("unread: the other client is served meanwhile",
           late and leaves["end"] < late[0]["begin"], lines)
    lines = table("stop", threads, directory)
    has("stop: the signal ends accept and the server", lines,
        ("main", "blocked", r"accept4?\(3\)", r"kill: kill\(SIGTERM\)"),
        ("main", "ended", "killed by SIGTERM"))


def is_gone(pid):
    limit = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < limit:
        time.sleep(0.01)
    return not os.path.exists(f"/proc/{pid}")


def start_noting(directory, name, *command):
    """Start the script with a server whose number is in the file."""
    path = os.path.join(directory, name)
    script = f'trap "" TERM; echo $$ >{path}.new; mv {path}.new {path}; ' \
        'exec "$@"'
    return subprocess.Popen(
        [sys.executable, TIMELINE, "--text", "sh", "-c", script, "sh",
         *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True), path


def number_in(path):
    limit = time.monotonic() + 20
    while not os.path.exists(path) and time.monotonic() < limit:
        time.sleep(0.01)
    with open(path) as file:
        return int(file.read())


def test_ends(directory):
    cut, cut_path = start_noting(directory, "cut", "sleep", "600")
    pid = number_in(cut_path)
    cut.send_signal(signal.SIGTERM)
    cut.communicate(timeout=60)
    same("SIGTERM ends the script, with its status", cut.returncode,
         128 + signal.SIGTERM)
    report("and the server, which ignores it", is_gone(pid))
    done = run("false")
    report("a server that does not listen: status 1", done.returncode == 1 and
           "the server does not listen" in done.stderr, done)
    done = run("sh", env={"PATH": directory})
    same("without strace: status 2", (done.returncode, done.stderr),
         (2, "timeline: strace is not installed\n"))
    tracer = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=none", "-o", "/dev/null",
         sys.executable, TIMELINE, "sleep", "9"], text=True,
        capture_output=True, timeout=60)
    report("a traced process may not be traced: status 2",
           tracer.returncode == 2 and
           "ptrace is not permitted" in tracer.stderr, tracer)


def test_never(script, path):
    """This takes the clients' time limits, so it was started first."""
    out, _ = script.communicate(timeout=60)
    report("a server that never accepts: the clients have time limits",
           script.returncode == 0 and "recv(time limit)" in out, out)
    report("and it is gone after it", is_gone(number_in(path)))


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        report("strace is installed", bool(shutil.which("strace")))
        never = start_noting(directory, "never", sys.executable, "-c", NEVER)
        for test, *arguments in ((test_scenes, directory),
                                 (test_ends, directory),
                                 (test_never, *never)):
            try:
                test(*arguments)
            except Exception:
                report(test.__name__, False, traceback.format_exc())
        os.chdir("/")
    return finish()


if __name__ == "__main__":
    sys.exit(main())

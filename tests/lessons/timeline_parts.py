# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""What lessons/timeline reads from strace(1), whom it calls the waker, and its
time axis. Prints TAP."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../lessons"))
from kit import strace, time_scale, wakers  # noqa: E402
from timeline_tap import finish, report, same  # noqa: E402

CONN = "4<TCP:[127.0.0.1:7000->127.0.0.1:51000]>"
LISTENER = "3<TCP:[127.0.0.1:7000]>"
THREAD = "clone3({flags=CLONE_VM|CLONE_THREAD, child_tid=0x7f10, " \
    "parent_tid=0x7f10} => {parent_tid=[12]}, 88) = 12 <0.000100>"
# Times begin at 100.0; each line is one of a thread.
TRACE = f"""
10 100.000000 execve("./x", ["./x", ") = 3"], 0x7ffe /* 9 vars */) = 0 <0.0001>
10 100.001000 accept({LISTENER},  <unfinished ...>
11 100.002000 read(5<pipe:[77]>,  <unfinished ...>
10 100.010000 <... accept resumed>NULL, NULL) = {CONN} <0.009000>
10 100.010100 {THREAD}
12 100.010200 read({CONN},  <unfinished ...>
10 100.010300 futex(0x7f10, FUTEX_WAIT_PRIVATE, 12, NULL <unfinished ...>
11 100.020000 <... read resumed>"ab) = 7"..., 64) = 2 <0.018000>
11 100.020100 poll([{{fd=5<pipe:[77]>, events=POLLIN}}, {{fd={LISTENER}, \
events=POLLIN}}], 2, -1 <unfinished ...>
12 100.030000 <... read resumed>"hello", 64) = 5 <0.019800>
12 100.030100 futex(0x5000, FUTEX_WAKE_PRIVATE, 1) = 0 <0.000010>
12 100.030200 read({CONN}, "", 64) = 0 <0.000020>
12 100.031000 exit(0) = ?
10 100.032000 <... futex resumed>) = 0 <0.021700>
12 100.032100 +++ exited with 0 +++
11 100.040000 <... poll resumed>) = 1 ([{{fd=3, revents=POLLIN}}]) <0.019900>
11 100.041000 poll(NULL, 0, 5) = 0 (Timeout) <0.005000>
10 100.050000 read(0</dev/null<char 1:3>>,  <unfinished ...>
10 100.060000 <... read resumed>0x1, 9) = ? ERESTARTSYS (To be restarted) <0.01>
10 100.060100 --- SIGTERM {{si_signo=SIGTERM, si_code=SI_USER, si_pid=1}} ---
10 100.061000 accept({LISTENER}, {{sa_family=AF_INET, sin_port=htons(51001), \
sin_addr=inet_addr("127.0.0.1")}}, [16]) = 6<socket:[99]> <0.000100>
10 100.062000 read(6<socket:[99]>,  <unfinished ...>
10 100.063000 <... read resumed> <unfinished ...>) = ?
11 100.063100 +++ killed by SIGTERM +++
10 100.063200 +++ killed by SIGTERM +++
"""


def client_call(name, begin, port=51000, more=(), result="5"):
    return strace.Call("client A", begin, begin + 0.0001, name, None,
                       (("conn", port),) + more, result, None, None, "")


def test_parser():
    calls, notes = strace.parse(TRACE.splitlines())
    by_name = {(c.who, c.name, round(c.begin, 6)): c for c in calls}
    accept = by_name[10, "accept", 100.001]
    same("a call in two lines is one, from its begin to its end",
         (accept.fd, round(accept.end, 6)), (3, 100.01))
    same("a connection is known by the port of its client",
         (accept.peer, by_name[12, "read", 100.0102].keys),
         (("conn", 51000), (("conn", 51000),)))
    same("without that, by the address that accept returned",
         by_name[10, "read", 100.062].keys, (("conn", 51001),))
    same("what is read is not taken for the result",
         (by_name[11, "read", 100.002].result,
          by_name[10, "execve", 100.0].result), ("2", "0"))
    same("of several descriptors, those that are ready count",
         by_name[11, "poll", 100.0201].keys, (("listen", 7000),))
    same("a call in one line ends after its duration",
         round(by_name[11, "poll", 100.041].end, 6), 100.046)
    same("a thread belongs to the process that made it",
         strace.processes(calls)[12], 10)
    same("signals and ends are notes",
         [(n.who, n.text.split()[0]) for n in notes],
         [(12, "exited"), (10, "SIGTERM"), (11, "killed"), (10, "killed")])


def test_wakers():
    calls, notes = strace.parse(TRACE.splitlines())
    listener = (("listen", 7000),)
    calls += [client_call("connect", 100.0095, more=listener, result="0"),
              client_call("connect", 100.0395, 51001, listener, "0"),
              client_call("send", 100.0298),
              strace.Call("kill", 100.0599, 100.06, "kill(SIGTERM)", None,
                          (("signal", 10),), "0", None, None, ""),
              strace.Call(13, 100.0199, 100.02, "write", 6, (("pipe", 77),),
                          "2", None, None, "")]
    known = wakers.index(calls, notes)

    def woken(who, begin):
        call = next(c for c in known.by_who[who] if abs(c.begin - begin) < 1e-7)
        by = wakers.waker(call, known)
        return by and (by.who, by.name, round(by.begin, 6))
    for name, who, begin, by in (
            ("a connect wakes accept", 10, 100.001,
             ("client A", "connect", 100.0095)),
            ("a connect wakes poll", 11, 100.0201,
             ("client A", "connect", 100.0395)),
            ("a send wakes the read of its connection", 12, 100.0102,
             ("client A", "send", 100.0298)),
            ("a write wakes the read of its pipe", 11, 100.002,
             (13, "write", 100.0199)),
            ("the end of a thread wakes who waits for it", 10, 100.0103,
             (12, "exit", 100.031)),
            ("a signal ends a read", 10, 100.05,
             ("kill", "kill(SIGTERM)", 100.0599)),
            ("nobody wakes a read that had not to wait", 12, 100.0302, None),
            ("nobody wakes poll at its time limit", 11, 100.041, None)):
        same(name, woken(who, begin), by)


def test_futex():
    """A lock that goes from one thread to the next."""
    lines = ["1 1.0 futex(0x9, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>",
             "2 1.1 futex(0x9, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>",
             "3 1.2 futex(0x9, FUTEX_WAKE_PRIVATE, 1) = 1 <0.0001>",
             "1 1.3 <... futex resumed>) = 0 <0.3>",
             "1 1.4 futex(0x9, FUTEX_WAKE_PRIVATE, 1) = 1 <0.0001>",
             "3 1.45 futex(0x9, FUTEX_WAKE_PRIVATE, 1) = 0 <0.0001>",
             "2 1.5 <... futex resumed>) = 0 <0.4>"]
    known = wakers.index(*strace.parse(lines))
    same("each wait for a futex has its own waker",
         [wakers.waker(known.by_who[who][0], known).who for who in (1, 2)],
         [3, 1])


def test_end_of_file():
    """The parent closes first, then the child; or one of them ends."""
    fork = "1 1.0 clone(child_stack=NULL, flags=SIGCHLD) = 2 <0.0001>"
    lines = [fork, f"1 1.1 read({CONN}, \"\", 9) = 0 <0.0001>",
             f"2 1.2 read({CONN}, \"\", 9) = 0 <0.0001>",
             f"1 1.3 close({CONN}) = 0 <0.0001>",
             f"2 1.4 close({CONN}) = 0 <0.0001>", "2 1.5 exit_group(0) = ?",
             "2 1.6 +++ exited with 0 +++"]
    recv = client_call("recv", 1.25, result="0")._replace(end=1.7)

    def woken(text):
        calls, notes = strace.parse(text)
        by = wakers.waker(recv, wakers.index(calls + [recv], notes))
        return (by.who, by.name, by.begin)
    same("the last close() is the end of a connection", woken(lines),
         (2, "close", 1.4))
    del lines[4]
    same("or the end of the process", woken(lines), (2, "exit", 1.5))
    lines.insert(4, f"2 1.28 shutdown({CONN}, SHUT_WR) = 0 <0.0001>")
    same("or shutdown(), before all of these", woken(lines),
         (2, "shutdown", 1.28))
    same("what comes before it wakes with data",
         wakers.waker(recv._replace(result="5"), wakers.index(
             [strace.Call(2, 1.3, 1.31, "write", 4, recv.keys, "5", None, None,
                          "")], [])).name, "write")


def test_child():
    lines = ["1 1.0 fork() = 2 <0.0001>", "1 1.1 poll(NULL, 0, -1 <unfinished "
             "...>", "2 1.2 exit_group(0) = ?", "2 1.3 +++ exited with 0 +++",
             "1 1.4 <... poll resumed>) = ? ERESTART_RESTARTBLOCK (Interrupted"
             " by signal) <0.3>", "1 1.5 --- SIGCHLD {si_signo=SIGCHLD, "
             "si_code=CLD_EXITED, si_pid=2, si_uid=0} ---",
             "1 1.6 wait4(-1, NULL, WNOHANG, NULL) = 2 <0.0001>"]
    known = wakers.index(*strace.parse(lines))
    by = wakers.waker(known.by_who[1][1], known)
    same("the end of a child process ends a wait, by SIGCHLD",
         (by.who, by.name), (2, "exit"))


def test_sides():
    """What one process writes is not read by another that has the socket."""
    lines = [f"1 1.0 read({CONN},  <unfinished ...>",
             f"2 1.1 write({CONN}, \"x\", 1) = 1 <0.0001>",
             "1 1.3 <... read resumed>\"y\", 9) = 1 <0.3>"]
    calls, notes = strace.parse(lines)
    known = wakers.index(calls + [client_call("send", 1.2)], notes)
    same("only the other side of a connection wakes",
         wakers.waker(calls[0], known).who, "client A")


def test_scale():
    scale = time_scale.scale([0, 0.001, 0.5, 0.501], 0, 0.501, 100, 900)
    xs = [time_scale.x_of(scale, t) for t in (0, 0.001, 0.4, 0.5, 0.501)]
    report("a long pause is a break, and what happens has room",
           len(time_scale.breaks(scale)) == 1 and xs == sorted(xs) and
           xs[1] - xs[0] > 200 and xs[3] - xs[1] < 200, xs)


if __name__ == "__main__":
    test_parser()
    test_wakers()
    test_futex()
    test_end_of_file()
    test_child()
    test_sides()
    test_scale()
    sys.exit(finish())

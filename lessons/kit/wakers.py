# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Who ended the wait of a call: the call of another thread, from what both of
them say. Where that does not tell, nobody."""
import collections
import re

from kit.strace import WHOLE, processes

READS = ("read", "readv", "recv", "recvfrom", "recvmsg", "splice")
POLLS = ("poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait",
         "epoll_pwait2")
ACCEPTS = ("accept", "accept4")
WRITES = ("write", "writev", "send", "sendto", "sendmsg", "sendfile", "splice")
ENDS = ("shutdown", "close", "exit")
WAITS = READS + POLLS + ACCEPTS + WRITES + (
    "connect", "futex", "wait4", "waitid", "nanosleep", "clock_nanosleep",
    "pause", "rt_sigsuspend", "rt_sigtimedwait")

# by_who: the calls of each thread; by_key: those that concern a key, and the
# ends of threads as calls named "exit". process: of each thread. ended: the
# notes of the ends. signals: the other notes.
Known = collections.namedtuple("Known", "by_who by_key process ended signals")


def index(calls, notes):
    """calls: of the server and of the clients."""
    process = processes([c for c in calls if isinstance(c.who, int)])
    calls = sorted(calls, key=lambda call: call.begin)
    ended = {n.who: n for n in notes if n.text.startswith(("exited", "killed"))}
    signals = [n for n in notes if n not in ended.values()]
    known = Known(collections.defaultdict(list), collections.defaultdict(list),
                  process, ended, signals)
    for call in calls:
        known.by_who[call.who].append(call)
    exits = [exit_of(who, known) for who in ended if who in known.by_who]
    for call in sorted(calls + exits, key=lambda call: call.begin):
        for key in call.keys:
            known.by_key[key].append(call)
    return known


def exit_of(who, known):
    """The end of a thread as a call. It ends the waits for it, and that of a
    process closes its connections. strace reports it after it had its effect,
    so its time is that of the thread's last call or signal."""
    times = [known.by_who[who][-1].begin]
    times += [note.time for note in known.signals if note.who == who]
    keys = [("exit", who)]
    closed = set()
    for calls in known.by_who.values():
        for call in calls:
            address = re.search(r"child_tid\w*=(0x\w+)", call.args)
            if call.child == who and address:
                keys.append(("futex", address[1]))
            if known.process.get(call.who) == who:
                keys += [key for key in call.keys if key[0] == "conn"]
                closed.update(call.keys if call.name == "close" else ())
    return known.by_who[who][-1]._replace(
        begin=max(times), name="exit",
        keys=tuple(key for key in dict.fromkeys(keys) if key not in closed))


def waker(call, known):
    """The call that ended the wait of this one, or None."""
    result = call.result
    if call.end is None or call.name not in WAITS or "(Timeout)" in result:
        return None
    if "ERESTART" in result or "EINTR" in result:
        return interrupter(call, known)
    if result.startswith(("-1 EAGAIN", "-1 ETIMEDOUT", "-1 time limit")):
        return None
    if call.name == "connect" or (
            call.name == "futex" and "WAIT" not in call.args):
        return None
    found = []
    for key in call.keys:
        found += [other for other in within(known.by_key[key], call)
                  if wakes(other, call, key)]
    found.sort(key=lambda other: other.begin)
    if not found:
        return None
    if is_end(call) and call.name in READS:
        return end_of_file(found)
    # A read ends with the first write. A write ends with the read that makes
    # room for the last of it. A lock goes from one thread to the next.
    last = call.name in WRITES + ("futex",) or call.args == WHOLE
    return found[-1] if last else found[0]


def end_of_file(found):
    """shutdown() ends a connection at once, close() only when no other process
    has the descriptor."""
    at_once = [other for other in found if other.name == "shutdown"]
    return at_once[0] if at_once else found[-1]


def within(calls, call):
    """The calls of others that began during this one, and those that went on
    when it ended."""
    return [other for other in calls if other.who != call.who and
            call.begin <= other.begin <= call.end]


def is_end(call):
    """End of file, or a reset; also before all had come that was sent."""
    short = re.fullmatch(r"(\d+) of (\d+)", call.result)
    if short:
        return int(short[1]) < int(short[2])
    return call.result.startswith(("0", "-1"))


def wakes(other, call, key):
    """Whether this call of another thread ends a wait of that kind."""
    if other.result and other.result.startswith("-1"):
        return False
    if key[0] == "listen":
        return other.name == "connect" and (
            call.peer is None or call.peer in other.keys)
    if key[0] == "futex":
        return other.name == "exit" or (
            "WAKE" in other.args and other.result != "0")
    if key[0] == "exit":
        return other.name == "exit"
    if key[0] == "conn" and is_client(other) == is_client(call):
        return False
    if call.name in READS + POLLS:
        if call.name in READS:
            return other.name in (ENDS if is_end(call) else WRITES)
        return other.name in WRITES + ENDS
    return call.name in WRITES and other.name in READS + ENDS


def is_client(call):
    return isinstance(call.who, str)


def interrupter(call, known):
    """The signal is the next note of this thread."""
    note = next((n for n in known.signals if n.who == call.who and
                 n.time >= call.end), None)
    if not note:
        return None
    sender = re.search(r"si_pid=(\d+)", note.text)
    if note.text.startswith("SIGCHLD") and sender:
        found = [other for other in known.by_key["exit", int(sender[1])]
                 if other.name == "exit"]
    else:
        found = within(known.by_key["signal", known.process[call.who]], call)
    return found[-1] if found else None

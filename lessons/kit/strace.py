# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The output of strace(1) -> calls.

What is read is written by "strace -f -ttt -T -yy -o FILE": a thread's number,
the time, the call. A call during which another thread did something has two
lines, "... <unfinished ...>" and "<... read resumed> ...".

A thing that calls have in common, and can wait for, is a key:
    ("listen", port)  a listening socket
    ("conn", port)    a connection; the port is the client's
    ("pipe", inode)   a pipe
    ("futex", address), ("exit", tid), ("signal", pid)
"""
import collections
import re

# who: the thread's number, or a client's name. end: None if the call did not
# end. fd: the first argument, if that is a descriptor. keys: see above. peer:
# of accept(2), the key of the new connection. child: of clone(2), its number.
# args: WHOLE for a client's call that stands for a row of them.
Call = collections.namedtuple(
    "Call", "who begin end name fd keys result peer child args")
WHOLE = "whole"
# Signals and ends of threads. text: "SIGTERM {...}", "exited with 0".
Note = collections.namedtuple("Note", "who time text")

# The calls that may wait, wake, or say whose descriptor it is. "?" allows for a
# machine that does not have the call.
TRACED = ("accept accept4 listen read write readv writev recvfrom sendto "
          "recvmsg sendmsg sendfile splice poll ppoll select pselect6 "
          "epoll_wait epoll_pwait epoll_pwait2 epoll_ctl futex clone clone3 "
          "fork vfork wait4 waitid kill tkill tgkill shutdown close exit "
          "exit_group execve nanosleep clock_nanosleep pause rt_sigsuspend "
          "rt_sigtimedwait set_robust_list").split()
# -s is also the number of descriptors of poll(2) that are shown.
OPTIONS = ["-f", "-ttt", "-T", "-yy", "-s", "64", "-e", "signal=all", "-e",
           "trace=" + ",".join("?" + name for name in TRACED)]

LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
COMPLETE = re.compile(r"(\w+)\((.*)\) += (.*?)(?: <(\d+\.\d+)>)?$")
FD = re.compile(r"(\d+)(?:<(TCP(?:v6)?:\[\S*?\]>|pipe:\[\d+\]>|[^>]*>))?")
TCP = re.compile(r"TCP(?:v6)?:\[\S*?:(\d+)(?:->\S*?:(\d+))?\]>")
UNFINISHED = "<unfinished ...>"
CLONES = ("clone", "clone3", "fork", "vfork")
READY = re.compile(r"fd=(\d+)(?:<[^,]*)?, revents=")


def parse(lines):
    """-> calls in the order of their begin, and notes."""
    whole = []
    notes = []
    pending = {}
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        who, time, text = int(match[1]), float(match[2]), match[3].strip()
        resumed = RESUMED.match(text)
        if text.startswith(("+++ ", "--- ")):
            notes.append(Note(who, time, text[4:-4]))
        elif resumed:
            begin, head = pending.pop(who, (time, resumed[1] + "("))
            tail = resumed[2].replace(UNFINISHED, "")
            whole.append((begin, time, who, head + tail))
        elif text.endswith(UNFINISHED):
            pending[who] = (time, text[:-len(UNFINISHED)])
        else:
            whole.append((time, None, who, text))
    for who, (begin, head) in pending.items():
        whole.append((begin, None, who, head))
    whole.sort(key=lambda item: item[0])
    return with_keys([call_of(*item) for item in whole]), notes


def call_of(begin, end, who, text):
    """One call, its keys not yet known."""
    match = COMPLETE.match(text)
    if not match:
        name, _, args = text.partition("(")
        return Call(who, begin, None, name, descriptor(args), (), None, None,
                    None, args)
    name, args, result, seconds = match.groups()
    if end is None:
        end = begin + float(seconds or 0)
    child = None
    if name in CLONES and result.isdigit():
        child = int(result)
    return Call(who, begin, end, name, descriptor(args), (), result, None,
                child, args)


def descriptor(args):
    match = FD.match(args)
    return int(match[1]) if match and match[2] else None


def key_of(text):
    """The key of what strace says about a descriptor, or None."""
    tcp = TCP.match(text or "")
    if tcp and tcp[2]:
        return ("conn", int(tcp[2]))
    if tcp:
        return ("listen", int(tcp[1]))
    if text and text.startswith("pipe:["):
        return ("pipe", int(text[6:-2]))
    return None


def processes(calls):
    """-> the process of each thread: the number of its first thread."""
    process = {}
    for call in sorted((c for c in calls if c.child), key=lambda c: c.begin):
        parent = process.setdefault(call.who, call.who)
        is_thread = "CLONE_THREAD" in call.args
        process[call.child] = parent if is_thread else call.child
    for call in calls:
        process.setdefault(call.who, call.who)
    return process


def with_keys(calls):
    """strace does not know the peer of a connection that was reset, and on some
    machines of none; then the address that accept(2) returned has to do."""
    process = processes(calls)
    known = {}  # (process, descriptor) -> key, in the order of ends of calls
    watched = {}  # (process, epoll descriptor, its data) -> key
    done = []
    for call in sorted(calls, key=lambda c: (c.end is None, c.end or c.begin)):
        pid = process[call.who]
        call = call._replace(keys=keys_of(call, pid, known, watched))
        if call.name.startswith("accept") and call.result:
            call = call._replace(peer=peer_of(call))
            if call.peer:
                known[pid, int(FD.match(call.result)[1])] = call.peer
        elif call.name == "close":
            known.pop((pid, call.fd), None)
        elif call.child and process[call.child] != pid:
            for (owner, fd), key in list(known.items()):
                if owner == pid:
                    known[call.child, fd] = key
        elif call.name == "epoll_ctl" and call.keys:
            watched[pid, call.fd, data_of(call.args)] = call.keys[0]
        done.append(call)
    return sorted(done, key=lambda c: c.begin)


def peer_of(call):
    match = FD.match(call.result)
    key = key_of(match[2]) if match else None
    port = re.search(r"sin6?_port=htons\((\d+)\)", call.args)
    if key and key[0] == "conn" or not match or not port:
        return key if match else None
    return ("conn", int(port[1]))


def data_of(args):
    match = re.search(r"data=\{u32=\d+, u64=(\d+)", args)
    return match[1] if match else None


def keys_of(call, pid, known, watched):
    """What the call waits for, or what it changes. Of several descriptors,
    those that were ready."""
    if call.name == "futex":
        return (("futex", call.args.split(",")[0]),)
    if call.name in ("kill", "tgkill", "tkill"):
        return (("signal", int(call.args.split(",")[0])),)
    if call.name in ("wait4", "waitid"):
        return waited(call)
    if call.name.startswith("epoll_") and call.name != "epoll_ctl":
        ready = re.findall(r"data=\{u32=\d+, u64=(\d+)", call.args)
        keys = [watched.get((pid, call.fd, data)) for data in ready]
    else:
        ready = None
        if call.name in ("poll", "ppoll"):
            ready = READY.findall(call.result or "")
        elif call.name in ("select", "pselect6"):
            sets = re.findall(r"(?:in|out) \[([\d ]*)", call.result or "")
            ready = " ".join(sets).split()
        keys = []
        for match in FD.finditer(call.args):
            if match[2] and (ready is None or match[1] in ready):
                keys.append(key_of(match[2]) or
                            known.get((pid, int(match[1]))))
    return tuple(key for key in dict.fromkeys(keys) if key)


def waited(call):
    match = re.match(r"\d+", call.result or "")
    if call.name == "waitid":
        match = re.search(r"si_pid=(\d+)", call.args)
        return (("exit", int(match[1])),) if match else ()
    return (("exit", int(match[0])),) if match else ()

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""proc: processes, threads and their sockets, from Linux's /proc; proc(5).

What has ended raises Gone. What this user may not read, or this kernel does not
have, is None. A task is a directory with a
thread's files, /proc/PID/task/TID.
"""
import collections
import errno
import os
import re
import socket
import struct

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

# Fields of /proc/PID/stat after the name, from "state" on.
STATE, PARENT, USER, SYSTEM, START, SIZE, RESIDENT = 0, 1, 11, 12, 19, 20, 21

# The calls that a server may block in: their numbers on x86_64 and aarch64.
CALLS = [call.split() for call in """
    read 0 63, write 1 64, open 2 -, close 3 57, poll 7 -, mmap 9 222,
    mprotect 10 226, munmap 11 215, ioctl 16 29, pread64 17 67, pwrite64 18 68,
    readv 19 65, writev 20 66, select 23 -, sched_yield 24 124, pause 34 -,
    nanosleep 35 101, sendfile 40 71, connect 42 203, accept 43 202,
    sendto 44 206, recvfrom 45 207, sendmsg 46 211, recvmsg 47 212,
    shutdown 48 210, clone 56 220, wait4 61 260, fcntl 72 25, flock 73 32,
    fsync 74 82, rt_sigtimedwait 128 137, rt_sigsuspend 130 133, futex 202 98,
    restart_syscall 219 128, clock_nanosleep 230 115, exit_group 231 94,
    epoll_wait 232 -, waitid 247 95, openat 257 56, pselect6 270 72,
    ppoll 271 73, splice 275 76, epoll_pwait 281 22, accept4 288 242,
    recvmmsg 299 243, sendmmsg 307 269, io_uring_enter 426 426, clone3 435 435,
    epoll_pwait2 441 441""".split(",")]
# The machine of an ELF file (elf(5), e_machine) -> number -> name.
NUMBERS = {machine: {int(call[column]): call[0] for call in CALLS
                     if call[column] != "-"}
           for machine, column in ((62, 1), (183, 2))}
# The first argument of these is a descriptor.
ON_DESCRIPTOR = set("""read write close ioctl pread64 pwrite64 readv writev
    sendfile connect accept accept4 sendto recvfrom sendmsg recvmsg shutdown
    fcntl flock fsync splice recvmmsg sendmmsg epoll_wait epoll_pwait
    epoll_pwait2 io_uring_enter""".split())
MAX_POLLED = 8  # of more descriptors the client is not looked for

# What a function of the kernel that a thread sleeps in is part of.
SLEEPS_IN = [(re.compile(pattern), words) for pattern, words in (
    (r"inet_csk_accept", "accept"),
    (r"wait_woken|sk_(wait|stream_wait)|tcp_|unix_stream", "a socket"),
    (r"poll_schedule|do_(sys_)?poll", "poll"),
    (r"ep_poll|epoll_wait", "epoll_wait"),
    (r"futex", "futex"),
    (r"pipe_read", "read, a pipe"),
    (r"pipe_write", "write, a pipe"),
    (r"do_wait", "wait4"),
    (r"nanosleep", "nanosleep"))]

Process = collections.namedtuple(
    "Process", "pid parent state start seconds size resident")
# fds: the descriptors that it uses; None if the call is a guess.
Call = collections.namedtuple("Call", "name words fds")


class Gone(Exception):
    pass


def read(path, most=65536):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, most)
        finally:
            os.close(fd)
    except OSError as error:
        if (error.errno == errno.ESRCH
                or not os.path.exists(os.path.dirname(path))):
            raise Gone(path) from error
        return None


def yama():
    """Its restriction of ptrace(2), as digits; None without one."""
    try:
        return read("/proc/sys/kernel/yama/ptrace_scope", 1)
    except Gone:
        return None


def printable(text):
    """Without control characters, which would act on a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def process(pid):
    text = read(f"/proc/{pid}/stat")
    if text is None:  # of another user: mount option hidepid, proc(5)
        raise Gone(pid)
    fields = text.rpartition(b")")[2].split()
    return Process(pid, int(fields[PARENT]), fields[STATE].decode(),
                   int(fields[START]),
                   (int(fields[USER]) + int(fields[SYSTEM])) / TICK,
                   int(fields[SIZE]), int(fields[RESIDENT]) * PAGE)


def family(pid):
    """The process and its descendants, zombies too, as {pid: Process}."""
    found = {pid: process(pid)}
    others = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                others[int(name)] = process(int(name))
            except Gone:
                pass
    children = collections.defaultdict(list)
    for other in others.values():
        children[other.parent].append(other)
    new = [pid]
    while new:
        for child in children.pop(new.pop(), []):
            found.setdefault(child.pid, child)
            new.append(child.pid)
    return found


def command(pid):
    """Its arguments; those of a zombie are its name."""
    text = read(f"/proc/{pid}/cmdline") or read(f"/proc/{pid}/comm")
    return printable(" ".join(
        text.decode(errors="replace").rstrip("\0\n").split("\0")))


def machine(task):
    """e_machine of its program; that of this program if it is not known."""
    head = read(f"{task}/exe", 20) or read("/proc/self/exe", 20)
    return struct.unpack_from("<H", head, 18)[0]


def threads(pid):
    try:
        return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Gone(pid) from error


def state(task):
    """The letter of its state, and how often it has blocked."""
    text = read(f"{task}/status")
    found = re.search(rb"^State:\t(\w).*^voluntary_ctxt_switches:\t(\d+)",
                      text, re.DOTALL | re.MULTILINE)
    return found.group(1).decode(), int(found.group(2))


def io_bytes(task):
    """(read, written) by this thread. recv(2) and send(2) do not count."""
    text = read(f"{task}/io")
    if text is None:
        return None
    counts = re.match(rb"rchar: (\d+)\nwchar: (\d+)", text)
    return int(counts.group(1)), int(counts.group(2))


def descriptors(task):
    """{descriptor: what it is, as in "socket:[7042]"}, or None."""
    found = {}
    try:
        for name in os.listdir(f"{task}/fd"):
            try:
                found[int(name)] = os.readlink(f"{task}/fd/{name}")
            except FileNotFoundError:
                pass  # closed since
    except PermissionError:
        return None
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Gone(task) from error
    return found


def call(task, numbers):
    """What the thread is in. None if this user may not ask.

    numbers are the names of the system calls, one of NUMBERS.
    """
    text = read(f"{task}/syscall")
    if text is None:
        return None
    words = text.split()
    if words[0] == b"running":
        return Call("running", "running", [])
    number = int(words[0])
    if number == -1:
        return Call("a page fault", "a page fault", [])
    name = numbers.get(number, f"call {number}")
    arguments = [int(word, 16) for word in words[1:4]]
    if name in ON_DESCRIPTOR:
        fd = arguments[0] & 0xffffffff
        return Call(name, f"{name}({fd})", [fd])
    if name in ("poll", "ppoll"):
        count = arguments[1] & 0xffffffff
        return Call(name, f"{name}({count} fd{'s' * (count != 1)})",
                    polled(task, arguments[0], count))
    return Call(name, name, [])


def polled(task, address, count):
    """The descriptors in an array of struct pollfd of another process."""
    if count > MAX_POLLED:
        return []
    try:
        with open(f"{task}/mem", "rb", buffering=0) as memory:
            array = os.pread(memory.fileno(), 8 * count, address)
    except (OSError, OverflowError):
        return []
    return [entry[0] for entry in struct.iter_unpack("=ihh", array)]


def guess(task):
    """The same as call() as far as the kernel's function tells."""
    name = (read(f"{task}/wchan") or b"").decode()
    if name in ("", "0"):
        return Call("blocked", "blocked", None)
    for pattern, words in SLEEPS_IN:
        if pattern.search(name):
            return Call(words, words, None)
    return Call(name, name, None)


def endpoint(text):
    """An address of /proc/net/tcp or tcp6: words in the host's order."""
    host, port = text.split(":")
    packed = b"".join(struct.pack("=I", int(host[at:at + 8], 16))
                      for at in range(0, len(host), 8))
    if len(packed) == 16 and packed.startswith(bytes(10) + b"\xff\xff"):
        packed = packed[12:]
    if len(packed) == 4:
        return f"{socket.inet_ntop(socket.AF_INET, packed)}:{int(port, 16)}"
    return f"[{socket.inet_ntop(socket.AF_INET6, packed)}]:{int(port, 16)}"


def lines(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            next(file, None)
            yield from file
    except (OSError, UnicodeError):
        pass


def sockets(task):
    """{inode: (is it connected, text)} of the network namespace of a thread.

    The text is the peer's address, or for a listener its own. A Unix socket
    has the server's path for both: /proc does not name its peer.
    """
    found = {}
    for name in ("tcp", "tcp6"):
        for line in lines(f"{task}/net/{name}"):
            fields = line.split()
            listens = fields[3] == "0A"
            found[int(fields[9])] = (
                not listens, endpoint(fields[1 if listens else 2]))
    for line in lines(f"{task}/net/unix"):
        fields = line.split(maxsplit=7)
        if len(fields) == 8:
            found[int(fields[6])] = (fields[5] == "03",
                                     printable(fields[7].rstrip("\n")))
    return found

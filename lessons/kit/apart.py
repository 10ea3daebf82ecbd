# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Keep a server that nobody knows away from the rest of the machine."""
import collections
import contextlib
import ctypes
import fcntl
import os
import pwd
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
CLONE_NEWNS, CLONE_NEWIPC = 0x20000, 0x8000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

# The demos have up to 500 clients, with a process or a stack of 8 MiB each.
PROCESSES = 4096  # more than the user has now
DATA = 9 << 29
FILE_SIZE = 64 << 20

# Threads that are not seen after enter(): RLIMIT_NPROC counts those as well.
outside = collections.Counter()


def call(name, *arguments):
    """A function of the C library that returns -1 and sets errno."""
    if getattr(LIBC, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f'{name}: {os.strerror(number)}')


def end_with_parent(number):
    """Be sent the signal when the parent ends."""
    call('prctl', PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def give_up_new_privileges():
    """No program that is run from now on gets another user's rights: one that
    did could not be ended."""
    call('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def enter():
    """Go on in a child, which is the first process of a new PID namespace: when
    it ends, all others there end. Its network is a loopback interface. The
    parent stays until then, and exits with the child's status."""
    outside.update(all_threads())
    call('unshare', CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET)
    child = os.fork()
    if child == 0:
        end_with_parent(signal.SIGKILL)
        call('mount', b'none', b'/', None, MS_REC | MS_PRIVATE, None)
        call('mount', b'proc', b'/proc', b'proc', 0, None)
        bring_up_loopback()
        return
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: os.kill(child, signal.SIGKILL))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(status if status >= 0 else 128 - status)


def bring_up_loopback():
    with socket.socket() as any_socket:
        request = struct.pack('16sh14x', b'lo', 0)
        request = fcntl.ioctl(any_socket, SIOCGIFFLAGS, request)
        flags = struct.unpack('16sh14x', request)[1] | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS,
                    struct.pack('16sh14x', b'lo', flags))


def why_not():
    """What enter() fails with here, or None."""
    done = subprocess.run(
        [sys.executable, '-c', f'import sys; sys.path.insert(0, '
         f'{os.path.dirname(os.path.dirname(__file__))!r}); '
         'from kit import apart; apart.enter()'],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors='replace')
    if done.returncode == 0:
        return None
    return (done.stderr.splitlines() or ['it was ended'])[-1]


def all_threads():
    """{user: how many threads}, of those that /proc shows."""
    count = collections.Counter()
    for name in os.listdir('/proc'):
        try:
            if name.isdigit():
                count[os.stat(f'/proc/{name}').st_uid] += len(
                    os.listdir(f'/proc/{name}/task'))
        except OSError:
            pass  # it has ended
    return count


def limits_of(user):
    """What a server of this user may have: {resource: limit}."""
    threads = all_threads()[user] + outside[user]
    return {resource.RLIMIT_NPROC: threads + PROCESSES,
            resource.RLIMIT_DATA: DATA,
            resource.RLIMIT_FSIZE: FILE_SIZE}


def limit(limits):
    """Set the limits; those that are lower already stay."""
    for which, most in limits.items():
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(which, (most, most))


def be_first_out_of_memory():
    """When memory is short, the kernel ends this process before others."""
    try:
        with open('/proc/self/oom_score_adj', 'w') as file:
            file.write('1000')
    except OSError:
        pass  # after a change of the user it may not be ours


def become(user, group):
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def what_the_user_lacks(command, user):
    """Why this user cannot run the command in this directory, or None. The
    files that the command names must be readable, too."""
    entry = pwd.getpwnam(user)
    program = shutil.which(command[0])
    needed = [(program, os.X_OK)] + [
        (word, os.R_OK) for word in command[1:] if os.path.isfile(word)]
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            become(entry.pw_uid, entry.pw_gid)
            able = [os.access(name, mode) for name, mode in needed] + [False]
            os._exit(able.index(False))
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == len(needed):
        return None
    return f'{user} may not {"read" if status else "run"} {needed[status][0]}'

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The server that a demo looks at: start it, find its threads, end it.

A command is a list of words. "{port}" in it stands for a free port; if it is
not there, the port is added as the last word. All that the server starts is
ended with it, whatever it is.
"""
import collections
import contextlib
import ctypes
import fcntl
import os
import random
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import termios
import threading
import time

from . import apart

PATIENCE = 5  # seconds; a server that works answers within milliseconds
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_CHILD_SUBREAPER = 36
PAGE_KB = os.sysconf('SC_PAGE_SIZE') // 1024
TICKS = os.sysconf('SC_CLK_TCK')


class Failure(Exception):
    """The server does not pass; the text says what was seen."""


NOT_STARTED = ('the server ended before it listened',
               'the server does not listen')
ATE_MEMORY = 'the server uses more than'


class CannotShow(Exception):
    """This machine lacks what the demo needs; the text says what."""


def wait_for(condition, seconds=PATIENCE, pause=0.01):
    """Ask until the condition holds. Return its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)


def read_file(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ''


LISTEN, TIME_WAIT = '0A', '06'


def has_socket(port, peer=None, state=None):
    """Whether a TCP socket of this machine has this port, and the peer's port
    and the state that are asked for. A peer of 0 is that of a listener. Without
    a state, TIME_WAIT does not count."""
    pattern = re.compile(':%04X [0-9A-F]+:%s (?!%s)%s' % (
        port, '....' if peer is None else '%04X' % peer,
        'XX' if state else TIME_WAIT, state or '..'))
    return any(pattern.search(read_file(name))
               for name in ('/proc/net/tcp', '/proc/net/tcp6'))


def free_port():
    """A port below those that the system gives to clients."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue


def children_of(pids):
    """All descendants of these processes as {pid: (parent, state)}."""
    parents = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            # The name, in parentheses, may contain spaces.
            words = read_file(f'/proc/{name}/stat').rpartition(')')[2].split()
            if words:
                parents[int(name)] = (int(words[1]), words[0])
    found = {}
    new = set(pids)
    while new:
        new = {pid for pid, (parent, _) in parents.items()
               if parent in new and pid not in found}
        found.update((pid, parents[pid]) for pid in new)
    return found


def status_field(pid, name):
    """A line of /proc/PID/status as text, or ''."""
    for line in read_file(f'/proc/{pid}/status').splitlines():
        if line.startswith(name + ':'):
            return line.split(':', 1)[1].strip()
    return ''


def has_signal(pid, name, number):
    """Whether this set of signals of /proc/PID/status has the signal."""
    return bool(int(status_field(pid, name) or '0', 16) >> (number - 1) & 1)


def collect_orphans():
    """What outlives its parent becomes a child of this process."""
    apart.call('prctl', PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children(seconds=30):
    """End every descendant of this process, and collect them. They are stopped
    first: those that start others would win the race against a kill."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        children = children_of([os.getpid()])
        for number in signal.SIGSTOP, signal.SIGKILL:
            for pid, (_, state) in children.items():
                if state != 'Z':
                    with contextlib.suppress(ProcessLookupError,
                                             PermissionError):
                        os.kill(pid, number)
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


class Server:
    """A server under observation. Its output is a pipe of one page, which a
    thread empties unless hold_output() was called."""

    def __init__(self, command, user=None):
        self.command = command
        self.user = user
        self.port = None
        self.process = None
        self.lines = 0
        self.last_line = ''
        self.last_lines = collections.deque(maxlen=50)
        self.reading = threading.Event()
        self.reading.set()
        self.output = None
        collect_orphans()

    def start(self, descriptors=4096, same_port=False):
        """Start the server with so many descriptors, and wait until it listens.
        """
        for _ in range(5):
            if not same_port:
                self.port = free_port()
            self._launch(descriptors)
            if wait_for(self._listens_or_ended, 2 * PATIENCE) == 'listens':
                return
            ended = self.process.poll() is not None
            end_children()
            if ended and 'in use' in self.last_line and not same_port:
                continue
            break
        if ended:
            raise Failure(f'{NOT_STARTED[0]}: ' +
                          (self.last_line or 'it said nothing'))
        raise Failure(f'{NOT_STARTED[1]} on port {self.port}')

    def _launch(self, descriptors):
        words = [word.replace('{port}', str(self.port))
                 for word in self.command]
        if words == self.command:
            words.append(str(self.port))

        limits = apart.limits_of(os.getuid() if self.user is None
                                 else self.user[0])

        def set_limits():
            apart.limit({**limits, resource.RLIMIT_NOFILE: descriptors})
            apart.be_first_out_of_memory()
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
            stack = 8 << 20
            if hard != resource.RLIM_INFINITY:
                stack = min(stack, hard)
            resource.setrlimit(resource.RLIMIT_STACK, (stack, hard))
        self.output, write_end = os.pipe()
        fcntl.fcntl(write_end, getattr(fcntl, 'F_SETPIPE_SZ', 1031), 4096)
        who = {}
        if self.user is not None:
            who = {'user': self.user[0], 'group': self.user[1],
                   'extra_groups': []}
        try:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=write_end,
                stderr=write_end, start_new_session=True,
                preexec_fn=set_limits, **who)
        except OSError as error:
            raise Failure(f'{words[0]}: {error.strerror}') from None
        finally:
            os.close(write_end)
        threading.Thread(target=self._read_output, args=(self.output,),
                         daemon=True).start()

    def _read_output(self, fd):
        rest = b''
        while True:
            self.reading.wait()
            data = os.read(fd, 65536)
            if not data:
                os.close(fd)
                return
            *lines, rest = (rest[-4096:] + data).split(b'\n')
            self.lines += len(lines)
            self.last_lines.extend(line.decode(errors='replace')
                                   for line in lines[-50:])
            if lines:
                self.last_line = self.last_lines[-1]

    def hold_output(self):
        """Read no more of what the server prints."""
        self.reading.clear()

    def release_output(self):
        self.reading.set()

    def output_is_full(self):
        """A line of 100 bytes would have to wait. For a held output only."""
        waiting = fcntl.ioctl(self.output, termios.FIONREAD, bytes(4))
        return int.from_bytes(waiting, sys.byteorder) > 4096 - 100

    def _listens_or_ended(self):
        if has_socket(self.port, 0, LISTEN):
            return 'listens'
        return 'ended' if self.process.poll() is not None else None

    def is_running(self):
        return self.process.poll() is None

    def how_it_ended(self):
        """'exit status 1' or 'SIGPIPE', for a server that has ended."""
        code = self.process.poll()
        if code is None:
            return 'it runs'
        if code < 0:
            return 'ended by ' + signal.Signals(-code).name
        return f'ended with exit status {code}'

    def processes(self):
        """The server's processes that are not zombies."""
        return [pid for pid, (_, state) in children_of([os.getpid()]).items()
                if state != 'Z']

    def zombies(self):
        """How many children the server has left uncollected. Those of a process
        that has ended have become children of this one: not the server's."""
        return sum(state == 'Z' and parent != os.getpid() for parent, state
                   in children_of([os.getpid()]).values())

    def threads(self):
        """(process, thread) of all its threads."""
        found = []
        for pid in self.processes():
            try:
                found += [(pid, int(tid))
                          for tid in os.listdir(f'/proc/{pid}/task')]
            except OSError:
                pass
        return found

    def is_quiet(self):
        """Whether all its threads sleep and no connection waits for accept(2).
        """
        waiting = re.compile(':%04X [0-9A-F]+:0000 %s [0-9A-F]+:(?!0{8})' %
                             (self.port, LISTEN))
        return not any(
            status_field(f'{pid}/task/{tid}', 'State')[:1] != 'S'
            for pid, tid in self.threads()) and not any(
                waiting.search(read_file(name))
                for name in ('/proc/net/tcp', '/proc/net/tcp6'))

    def signal(self, number):
        """Send the signal to the main process only."""
        if self.is_running():
            self.process.send_signal(number)

    def _signal_all(self, number):
        """Send the signal to all of its processes."""
        for pid in self.paused:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self, threads=None):
        """Stop all processes, as ^Z does, and wait until each of the threads
        (by default all) stands still."""
        if threads is None:
            threads = self.threads()
        self.paused = {pid for pid, _ in threads}
        self._signal_all(signal.SIGSTOP)
        wait_for(lambda: all(
            status_field(f'{pid}/task/{tid}', 'State')[:1] in ('T', 'Z', 'X', '')
            for pid, tid in threads), pause=0.001)

    def go_on(self):
        self._signal_all(signal.SIGCONT)

    def survives(self, number):
        """The signal has a handler, or is blocked, as before sigwait(3) and
        signalfd(2), or is ignored."""
        return any(has_signal(self.process.pid, name, number)
                   for name in ('SigCgt', 'SigBlk', 'SigIgn'))

    def signal_threads(self, number):
        """Send the signal to every thread that takes it, and wait until none is
        pending. The kernel may give a signal for the process to any of them."""
        sent = [(pid, tid) for pid, tid in self.threads()
                if not has_signal(f'{pid}/task/{tid}', 'SigBlk', number)]
        if not sent:
            self.signal(number)
        for pid, tid in sent:
            LIBC.syscall(TGKILL, pid, tid, number)
        wait_for(lambda: all(
            int(status_field(f'{pid}/task/{tid}', 'SigPnd') or '0', 16) == 0
            for pid, tid in sent))

    def cpu_seconds(self):
        """What its processes have used; children that have ended count if they
        were collected."""
        total = 0
        for pid in self.processes():
            words = read_file(f'/proc/{pid}/stat').rpartition(')')[2].split()
            total += sum(map(int, words[11:15])) if words else 0
        return total / TICKS

    def resident_kb(self):
        """What its processes have in memory; what they share counts for each.
        """
        texts = [read_file(f'/proc/{pid}/statm') for pid in self.processes()]
        return PAGE_KB * sum(int(text.split()[1]) for text in texts if text)

    def memory_kb(self):
        """What its processes have in memory, shared pages divided among those
        that share them, with the page tables."""
        total = 0
        for pid in self.processes():
            for line in read_file(f'/proc/{pid}/smaps_rollup').splitlines():
                if line.startswith('Pss:'):
                    total += int(line.split()[1])
            total += int((status_field(pid, 'VmPTE') or '0').split()[0])
        return total

    def limit_address_space(self, more):
        """Let its main process have so many bytes more than it has now."""
        pid = self.process.pid
        size = int((status_field(pid, 'VmSize') or '0').split()[0]) * 1024
        limit = size + more
        child = os.fork()  # one user may not limit another, even root in places
        if child == 0:
            try:
                if self.user is not None:
                    apart.become(*self.user)
                resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(child, 0)[1] != 0:
            raise CannotShow('the server\'s address space cannot be limited')

    def has_connection_from(self, port):
        return has_socket(self.port, port)


def _tgkill_number():
    numbers = {'x86_64': 234, 'i686': 270, 'armv7l': 268, 'ppc64le': 250,
               's390x': 241}
    return numbers.get(os.uname().machine, 131)  # the table of newer machines


TGKILL = _tgkill_number()


def command_from(words):
    """The words of a command line; one word is taken apart as a shell does."""
    return shlex.split(words[0]) if len(words) == 1 else list(words)

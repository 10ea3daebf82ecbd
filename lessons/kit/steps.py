# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A schedule, the steps of a rung that it orders, and a run of both.

A step is a comment in the source, "step: NAME", and the statement below it. The
server and this process share a file in memory, which kit/step.h describes: a
thread says there to which step it has come, and leaves it when it is told to.
"""
import collections
import mmap
import os
import re
import select
import signal
import socket
import subprocess
import time

from . import proc
from .server import (LIBC, LISTEN, PATIENCE, CannotShow, Failure, free_port,
                     has_socket, status_field, wait_for)

STEP = re.compile(r'/\* step: (\w+) \*/')
LINE = re.compile(r'(?P<who>main|thread (?P<thread>[1-9]\d?)) (?P<step>\w+)|'
                  r'client (?P<client>[1-9]\d?) connects|signal SIGUSR1')
KINDS = 'main STEP, thread N STEP, client N connects, signal SIGUSR1'
ANSWER = re.compile(r'^\d+ clients, \d+ bytes$', re.MULTILINE)
ESTABLISHED = '01'
LIMIT = 60  # seconds for one line, and a report of ThreadSanitizer in it
STILL = 0.2  # seconds without a change, while all threads wait
PR_SET_PDEATHSIG = 1

# The cells of struct step_shared, and those of each thread in it.
THREADS, CREATED, ALL_MAY, FIRST = range(4)
TID, COME, MAY, LEFT, OVER, CELLS = range(6)
MOST_THREADS = 128

Line = collections.namedtuple('Line', 'number text who thread step client')
# steps, and the variables of the statements below them: by line.
Source = collections.namedtuple('Source', 'name text steps variables')


class Mistake(Exception):
    """The schedule cannot be read, or not be met; the text says why."""


def parse(path):
    """The lines of a schedule file."""
    found, connected = [], set()
    for number, text in enumerate(read_lines(path), 1):
        text = ' '.join(text.partition('#')[0].split())
        if not text:
            continue
        match = LINE.fullmatch(text)
        if not match:
            raise Mistake(f'line {number}: "{proc.printable(text)}" is none '
                          f'of: {KINDS}')
        client = int(match['client'] or 0)
        if client in connected:
            raise Mistake(f'line {number}: client {client} connects twice')
        if client:
            connected.add(client)
        found.append(Line(number, text, match['who'], int(match['thread'] or 0),
                          match['step'], client))
    if not found:
        raise Mistake(f'{path}: there is no line in it')
    return found


def read_lines(path):
    try:
        with open(path, encoding='utf-8') as file:
            return file.read().splitlines()
    except OSError as error:
        raise Mistake(f'{path}: {error.strerror}') from None
    except UnicodeError:
        raise Mistake(f'{path}: not a text') from None


def steps_of(path):
    return set(STEP.findall('\n'.join(read_lines(path))))


def read_source(path, name, wanted):
    """The source with its steps as calls, each on the line of its comment. A
    thread stops at those that are wanted only."""
    lines = read_lines(path)
    steps, variables = {}, {}
    for at, line in enumerate(lines):
        match = STEP.search(line)
        if match and match[1] not in wanted:
            lines[at] = line.replace(match[0], 'step_pass();')
        elif match:
            steps[at + 1] = match[1]
            lines[at] = line.replace(match[0], f'step("{match[1]}");')
            end = last_line(lines, at + 1)
            if end is None:
                raise Mistake(f'{path}: line {at + 1}: no statement follows')
            variable = re.match(r' *int (\w+) = ', lines[at + 1])
            variables[at + 1] = variable and variable[1]
            lines[end] += f' step_over({variable[1] if variable else 0});'
    return Source(name, '\n'.join(lines) + '\n', steps, variables)


def last_line(lines, at):
    """Of the statement that begins here, or None. A block ends with a brace
    below its first character."""
    is_block = at < len(lines) and lines[at].endswith('{')
    brace = is_block and re.match(' *', lines[at])[0] + '}'
    for end in range(at, len(lines)):
        if lines[end] == brace if is_block else lines[end].endswith(';'):
            return end
    return None


def check(schedule, path, name):
    """A step that the source does not have can never come."""
    names = steps_of(path)
    if not names:
        raise Mistake(f'{name} has no steps')
    for line in schedule:
        if line.step and line.step not in names:
            raise Mistake(f'line {line.number}: "{line.text}": {name} has no '
                          f'such step; it has {", ".join(sorted(names))}')


def how_it_ended(code):
    return (f', by {signal.Signals(-code).name}' if code < 0 else
            f' with exit status {code}')


class Run:
    """A server that runs under a schedule. say() is given a text for each
    line, and for what the server prints."""

    def __init__(self, program, source, directory, say):
        self.source, self.say = source, say
        self.clients = {}
        self.waiting = None  # in accept(2): thread, its count, the step's line
        self.unanswered = False  # a signal
        self.slept = False  # in accept(2), with a signal unanswered
        shared = os.path.join(directory, 'step-file')
        with open(shared, 'wb+') as file:
            file.truncate(8 * (FIRST + CELLS * MOST_THREADS))
            self.cells = memoryview(mmap.mmap(file.fileno(), 0)).cast('q')
        self.output_path = os.path.join(directory, 'server-output')
        self.environment = {**os.environ, 'STEP_FILE': shared}
        for _ in range(5):
            if self.launch(program):
                return
            self.end()
            if 'in use' not in self.printed:
                break
        if 'FATAL: ThreadSanitizer' in self.printed:
            raise CannotShow(self.printed.strip())
        raise Failure(f'{source.name} does not listen. {self.printed}')

    def launch(self, program):
        """Start the server. Return whether it listens."""
        self.port = free_port()
        self.printed = ''
        self.cells[THREADS] = 0
        with open(self.output_path, 'wb') as output:
            self.process = subprocess.Popen(
                [program, str(self.port)], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, env=self.environment,
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL,
                                              0, 0, 0))
        wait_for(lambda: self.has_ended() or
                 has_socket(self.port, 0, LISTEN), PATIENCE)
        self.read_output()
        return not self.has_ended() and has_socket(self.port, 0, LISTEN)

    def end(self):
        for client in self.clients.values():
            client.close()
        self.process.kill()
        self.process.wait()

    def has_ended(self):
        return self.process.poll() is not None

    def read_output(self):
        """Return what it has printed since the last time."""
        with open(self.output_path, encoding='utf-8', errors='replace') as file:
            text = file.read()
        new, self.printed = text[len(self.printed):], text
        if ANSWER.search(new):
            self.unanswered = False
        return new

    def cell(self, thread, which):
        """Of this thread, or 0 if it has not come yet."""
        if thread >= min(self.cells[THREADS], MOST_THREADS):
            return 0
        return self.cells[FIRST + CELLS * thread + which]

    def is_at(self, thread):
        """The name of the step that the thread stands before, or None."""
        come = self.cell(thread, COME)
        if come >> 32 > self.cell(thread, LEFT):
            return self.source.steps[come & 0xffffffff]
        return None

    def task(self, thread):
        return f'/proc/{self.process.pid}/task/{self.cell(thread, TID)}'

    def call(self, thread):
        """The system call that the thread is in."""
        try:
            task = self.task(thread)
            numbers = proc.NUMBERS.get(proc.machine(task), {})
            return (numbers and proc.call(task, numbers)) or proc.guess(task)
        except proc.Gone:
            return proc.Call('its end', 'its end', None)

    def is_held(self, thread):
        return self.cell(thread, COME) >> 32 > self.cell(thread, MAY)

    def is_in_step(self, thread):
        """Between the step and the end of its statement, and not asleep: it may
        wait for what writes a report of ThreadSanitizer."""
        return (self.cell(thread, COME) >> 32 > self.cell(thread, OVER) >> 32
                and not self.sleeps_in_accept(thread))

    def sleeps_in_accept(self, thread):
        return self.call(thread).name.startswith('accept')

    def picture(self):
        """What all threads wait for. None if one of them may move."""
        seen = []
        threads = self.cells[THREADS]
        if threads == 0 or threads - 1 < self.cells[CREATED]:
            return None
        for thread in range(threads):
            if self.is_held(thread) and not self.cells[ALL_MAY]:
                seen.append(self.cell(thread, COME))
                continue
            try:
                letter, blocked = proc.state(self.task(thread))
            except proc.Gone:
                letter, blocked = 'S', 'gone'
            if letter != 'S' or self.is_in_step(thread):
                return None
            seen.append(blocked)
        return seen

    def settles(self, condition):
        """Wait until the condition holds, which is True, or until no thread can
        move, the server has ended or the time is up."""
        end = time.monotonic() + LIMIT
        since, before = time.monotonic(), None
        while not condition():
            now = self.picture()
            if now is None or now != before:
                since, before = time.monotonic(), now
            if (time.monotonic() > min(since + STILL, end)
                    or self.has_ended()):
                return condition()
            time.sleep(0.001)
        return True

    def play(self, line):
        text = ''
        if line.step:
            text = self.play_step(line)
        elif line.client:
            self.connect(line.client)
        else:
            self.unanswered = True
            self.process.send_signal(signal.SIGUSR1)
            self.settles(lambda: not self.is_pending(signal.SIGUSR1))
        self.say(f'{line.number:4}  {line.text:<20}{text}'.rstrip())
        if self.waiting:
            self.after_wait()
        self.show_output()
        self.check_running(line)

    def check_running(self, line):
        if self.has_ended():
            raise Mistake(f'line {line.number}: "{line.text}": the server '
                          'ended' + how_it_ended(self.process.returncode))

    def show_output(self):
        for text in self.read_output().splitlines():
            if text.startswith('LLVMSymbolizer:'):
                continue  # of clang's ThreadSanitizer, not of the server
            self.say(f'      the server prints: {proc.printable(text)}')

    def is_answered(self):
        self.show_output()
        return not self.unanswered

    def connect(self, number):
        try:
            client = socket.create_connection(('127.0.0.1', self.port), LIMIT)
        except OSError as error:
            raise Failure(f'client {number}: {error}') from None
        self.clients[number] = client
        wait_for(lambda: has_socket(self.port, client.getsockname()[1],
                                    ESTABLISHED))

    def is_pending(self, number):
        masks = [int(status_field(self.process.pid, name) or '0', 16)
                 for name in ('SigPnd', 'ShdPnd')]
        return (masks[0] | masks[1]) >> (number - 1) & 1

    def play_step(self, line):
        """Let the thread take its step. Return what came of it."""
        thread = line.thread
        # Threads have their numbers in the order in which they were created.
        if not self.settles(lambda: self.is_at(thread)
                            and self.cells[THREADS] > self.cells[CREATED]
                            ) or self.is_at(thread) != line.step:
            self.check_running(line)
            raise Mistake(f'line {line.number}: "{line.text}": waited in vain: '
                          + self.where(thread))
        count, at = divmod(self.cell(thread, COME), 1 << 32)
        self.cells[FIRST + CELLS * thread + MAY] = count

        def is_over():
            return self.cell(thread, OVER) >> 32 >= count

        def is_over_or_sleeps():
            return is_over() or (self.cell(thread, LEFT) >= count
                                 and self.sleeps_in_accept(thread))
        if not self.settles(is_over_or_sleeps):
            self.check_running(line)
            raise Mistake(f'line {line.number}: "{line.text}": it began, and '
                          'does not end: ' + self.where(thread))
        if is_over():
            return self.value(thread, at)
        self.waiting = thread, count, at
        self.read_output()
        self.slept = self.slept or self.unanswered
        return 'sleeps in accept(2)' + (
            ', and has not seen the signal' if self.unanswered else '')

    def where(self, thread):
        if not self.cell(thread, TID):
            return f'there is no thread {thread}'
        name = f'thread {thread}' if thread else 'main'
        step = self.is_at(thread)
        return f'{name} is ' + (f'before its step "{step}"' if step else
                                f'in {self.call(thread).words}')

    def value(self, thread, at):
        """The variable that the step in this line has set."""
        value = self.cell(thread, OVER) & 0xffffffff
        name = self.source.variables[at]
        return f'{name} = {value - (value >> 31 << 32)}' if name else ''

    def after_wait(self):
        """What came last may have ended the wait in accept(2)."""
        thread, count, at = self.waiting
        if self.settles(lambda: self.cell(thread, OVER) >> 32 >= count):
            self.waiting = None
            self.say(f'      accept(2) ends        {self.value(thread, at)}')

    def finish(self):
        """Let all run, and let each client send. Return {client: what it
        receives}."""
        self.cells[ALL_MAY] = 1
        self.settles(self.is_answered)
        self.slept = self.slept or self.unanswered
        return {number: self.exchange(client, b'I am client %d' % number)
                for number, client in sorted(self.clients.items())}

    def exchange(self, client, message):
        def is_readable():
            return select.select([client], [], [], 0)[0]
        try:
            client.send(message)
            if not self.settles(is_readable):
                return 'nothing'
            echo = client.recv(100)
        except OSError as error:
            return error.strerror
        return 'its echo' if echo == message else repr(echo)

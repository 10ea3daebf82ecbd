# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The rungs, the demos, and which rung mends what a demo shows."""
import ast
import os
import shutil
import subprocess
import tempfile

LESSONS = os.path.normpath(os.path.join(os.path.dirname(__file__), '..'))

# In the order of the ladder: the demo, the first rung that passes it, and what
# a server has that does not.
DEMOS = [
    ('bytes', 2, 'strings, not bytes'),
    ('two', 3, 'one client at a time'),
    ('zombies', 4, 'children that nobody collects'),
    ('memory', 4, 'a process for each client'),
    ('burst', 5, 'a variable that two threads use'),
    ('leak', 6, 'threads that are never joined'),
    ('many', 7, 'stacks of 8 MiB'),
    ('nothread', 8, 'pthread_create(3) unchecked'),
    ('reset', 9, 'a helper that exits'),
    ('pipe', 10, 'SIGPIPE'),
    ('short', 11, 'short writes'),
    ('statistics', 12, 'no way to ask'),
    ('eintr', 13, 'EINTR'),
    ('handler', 14, 'a handler that takes a lock'),
    ('emfile', 15, 'EMFILE'),
    ('silent', 16, 'silent clients'),
    ('unread', 16, 'clients that never read'),
    ('stop', 17, 'SIGTERM loses bytes'),
    ('log', 18, 'a log that blocks'),
    ('restart', 19, 'no SO_REUSEADDR'),
    ('addresses', 20, 'IPv4 only'),
]


def rungs():
    """The names of the rungs, such as '04-threads', in order."""
    return sorted(name[:-2] for name in os.listdir(f'{LESSONS}/rungs')
                  if name.endswith('.c'))


def rung(number):
    return rungs()[number - 1]


def source(name):
    return f'{LESSONS}/rungs/{name}.c'


def demo(name):
    return f'{LESSONS}/demos/{name}.py'


def mended_by(name):
    """The number of the first rung that passes the demo."""
    return next(mended for demo, mended, _ in DEMOS if demo == name)


def title(name):
    """The first line that the demo prints."""
    with open(demo(name)) as file:
        return ast.get_docstring(ast.parse(file.read())).splitlines()[0]


def compiler():
    return os.environ.get('CC') or shutil.which('cc') or 'gcc'


def compile_c(path, program, *flags):
    """Compile one file as a student does."""
    subprocess.run([*compiler().split(), '-O2', '-Wall', '-Wextra', *flags,
                    '-pthread', '-o', program, path], check=True)


def compile_all(directory):
    """Compile every rung. Return {name: program}."""
    programs = {}
    for name in rungs():
        programs[name] = os.path.join(directory, name)
        compile_c(source(name), programs[name])
    return programs


def workplace():
    """A new directory that another user may look into."""
    directory = tempfile.mkdtemp(prefix='lessons-')
    os.chmod(directory, 0o755)
    return directory

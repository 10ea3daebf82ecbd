# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The pages: their sections, and the blocks that programs and runs fill in.

A block stands between a marker, such as <!-- demo two 02-bytes -->, and
<!-- end -->.
"""
import collections
import glob
import os
import re
import subprocess
import textwrap

from . import ladder

# The kinds of blocks, and the words that follow; "..." is any number of them.
KINDS = {'listing': 'RUNG', 'diff': 'RUNG RUNG', 'demo': 'DEMO RUNG',
         'matrix': '', 'figure': 'NAME SCENE RUNG',
         'schedule': '[OPTION]... FILE [RUNG]'}
MARKER = re.compile(r'<!-- (\w+)((?: [\w.-]+)*) -->')
END = '<!-- end -->'
COLUMNS = 78
INDENT = ' ' * 6  # of a line that goes on; the lines of demos have 2 or none

# kind: '' for prose, then text is all of it. Otherwise text is what stands
# between the marker and the end, and line is the number of the marker's line.
Part = collections.namedtuple('Part', 'kind words text line')


class Mistake(Exception):
    """A page cannot be read; the text says why."""


def pages():
    """Every page, in the order of the book."""
    rest = ['schedule', 'instructor', 'figures', 'answers']
    names = [f'{ladder.LESSONS}/README.md',
             *(page(rung) for rung in ladder.rungs()), *map(page, rest)]
    others = set(glob.glob(f'{ladder.LESSONS}/pages/*.md')) - set(names)
    return [name for name in names if os.path.exists(name)] + sorted(others)


def page(name):
    return f'{ladder.LESSONS}/pages/{name}.md'


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def parts(text, name='page'):
    """Prose and blocks, in order."""
    found = []
    prose = ''
    block = None  # (kind, words, line), and what follows its marker is body
    body = ''
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        match = MARKER.fullmatch(line.strip())
        if line.strip() == END:
            if block is None:
                raise Mistake(f'{name}:{number}: {END} without its marker')
            found += [Part('', [], prose, 0),
                      Part(block[0], block[1], body, block[2])]
            prose, body, block = '', '', None
        elif match and match[1] in KINDS:
            if block is not None:
                raise Mistake(f'{name}:{block[2]}: {END} is missing')
            words = match[2].split()
            if ('...' not in KINDS[match[1]] and
                    len(words) != len(KINDS[match[1]].split())):
                raise Mistake(f'{name}:{number}: expected '
                              f'<!-- {match[1]} {KINDS[match[1]]} -->')
            block = (match[1], words, number)
        elif block is not None:
            body += line
        else:
            prose += line
    if block is not None:
        raise Mistake(f'{name}:{block[2]}: {END} is missing')
    return found + [Part('', [], prose, 0)]


def joined(some):
    """The text of a page from its parts."""
    return ''.join(
        part.text if not part.kind else
        f'<!-- {" ".join([part.kind, *part.words])} -->\n{part.text}{END}\n'
        for part in some)


def sections(text):
    """[(heading, text)]; the first is what stands before any heading of the
    second level, with the title as its heading."""
    title, _, rest = text.partition('\n')
    found = [[title.lstrip('# '), '']]
    for line in rest.splitlines(keepends=True):
        if line.startswith('## '):
            found.append([line[3:].strip(), ''])
        else:
            found[-1][1] += line
    return [tuple(section) for section in found]


def diff(before, after):
    """diff -u of two rungs, without the two lines that name the files."""
    result = subprocess.run(
        ['diff', '-u', ladder.source(before), ladder.source(after)],
        stdout=subprocess.PIPE, text=True)
    if result.returncode > 1:
        raise Mistake(f'no diff of {before} and {after}')
    return ''.join(result.stdout.splitlines(keepends=True)[2:])


def wrapped(line):
    """A line of a demo, in as many lines as it needs."""
    return textwrap.fill(line, COLUMNS, subsequent_indent=INDENT,
                         break_on_hyphens=False)


def functions(text):
    """[(function, file)] of a text that names them as `function()` in
    `src/echod/file.c`."""
    found = []
    waiting = []
    for name, path in re.findall(r'`(\w+)\(\)`|`(src/[\w/]+\.c)`', text):
        if name:
            waiting.append(name)
        else:
            found += [(name, path) for name in waiting]
            waiting = []
    return found


def definition(name, path):
    """The function's source with the comment above it, or None. The path is
    below the directory that holds lessons/."""
    try:
        lines = read(os.path.join(ladder.LESSONS, '..', path)).splitlines(True)
    except OSError:
        return None
    for begin, line in enumerate(lines):
        if not re.match(r'\w.*\b' + name + r'\(', line):
            continue
        end = lines.index('}\n', begin)
        if ';' in ''.join(lines[begin:end]).partition('{')[0]:
            continue  # a declaration
        if begin > 0 and lines[begin - 1].endswith('*/\n'):
            begin -= 1
            while not lines[begin].startswith('/*'):
                begin -= 1
        return ''.join(lines[begin:end + 1])
    return None

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Tests of lessons/generate: nothing in the pages is stale, and what is stale
in a page is found. It needs strace(1), and fails without it."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from timeline_tap import finish, report, same  # noqa: E402

LESSONS = os.path.join(os.environ['SRCDIR'], 'lessons')
EMPTY = '''# 01-strings: a page

`write_all()` in `src/echod/echo.c` is a function.

<!-- listing 01-strings -->
<!-- end -->
<!-- diff 01-strings 02-bytes -->
<!-- end -->
<!-- demo bytes 01-strings -->
<!-- end -->
<!-- matrix -->
<!-- end -->
<!-- figure picture two 02-bytes -->
<!-- end -->
<!-- schedule hide.txt 05 -->
<!-- end -->
The last line.
'''


def generate(*words):
    result = subprocess.run(
        [os.path.join(LESSONS, 'generate'), *words], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return result.returncode, result.stdout


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def shell(command):
    return subprocess.run(command, shell=True, stdout=subprocess.PIPE,
                          text=True, cwd=LESSONS).stdout


def filled(page, picture):
    status, printed = generate(page)
    same('a page is filled in', status, 0)
    text = read(page)
    report('with the source', read(f'{LESSONS}/rungs/01-strings.c') in text)
    difference = shell('diff -u rungs/01-strings.c rungs/02-bytes.c | sed 1,2d')
    report('with the diff', difference and difference in text)
    report('with a run', re.search(r'\n\$ demos/bytes.py ./01-strings\n'
                                   r'(.+\n)+FAIL: .+\n', text), text)
    same('with a row for each demo',
         len(re.findall(r'^\| \w+ \|( [-+] \|){20}$', text, re.MULTILINE)),
         len([name for name in os.listdir(f'{LESSONS}/demos')
              if name.endswith('.py') and name != 'write-write.py']))
    report('with the transcript of a schedule',
           re.search(r'\n\$ ./schedule schedules/hide.txt 05\n(.+\n)+RIGHT\n',
                     text), text)
    report('with a link to the figure', '](picture.svg)\n' in text, text)
    rest = re.sub(r'(?s)(<!-- (?!end)[^\n]*\n).*?(<!-- end)', r'\1\2', text)
    same('and nothing else is changed', rest, EMPTY)
    same('then it is not stale', generate('--check', page), (0, ''))
    before = read(page), read(picture)
    generate(page)
    report('and not written again', before == (read(page), read(picture)))


def is_found(name, path, change, page, message):
    """The change of the file is found, and then undone."""
    before = read(path)
    after = change(before)
    if after == before:
        report(name, False, 'the change changes nothing')
        return
    write(path, after)
    status, printed = generate('--check', page)
    write(path, before)
    report(name, status > 0 and message in printed, printed)


def main():
    status, printed = generate('--check')
    report('no page is stale', status == 0, printed)
    with tempfile.TemporaryDirectory() as directory:
        page = os.path.join(directory, 'page.md')
        picture = os.path.join(directory, 'picture.svg')
        write(page, EMPTY)
        filled(page, picture)
        for name, old, new, message in (
                ('a byte of a listing', 'listen_on(', 'listen_in(', 'listing'),
                ('a space in a diff', '\n- ', '\n-  ', 'diff'),
                ('a word of a transcript', 'Another', 'Other', 'demo'),
                ('a line of a transcript', '"hello".\n', '"hello". ', 'demo'),
                ('a line of a schedule', 'RIGHT\n', 'WRONG\n', 'schedule'),
                ('a schedule that is not there', 'schedule hide', 'schedule x',
                 'No such file'),
                ('a sign of the matrix', '| + | + |', '| + | - |', 'matrix'),
                ('the link to a figure', '](picture', '](other', 'figure'),
                ('a function', '`write_all()`', '`write_it()`', 'no write_it'),
                ('a rung', 'listing 01-strings', 'listing 01-x', 'no rung'),
                ('a scene', 'two 02', 'three 02', 'no scene'),
                ('a missing end', 'end -->\nThe last', '\nThe last',
                 'missing')):
            is_found(f'found: {name}', page,
                     lambda text: text.replace(old, new, 1), page, message)
        for name, old, new, message in (
                ('that is no XML', '</svg>', '', 'no XML'),
                ('of another rung', '02-bytes:', '03-processes:', 'another'),
                ('with another row', 'client B;', 'client C;', 'new runs'),
                ('without an arrow that is there always', '; client A: connect',
                 '; client A: nothing', 'new runs')):
            is_found(f'found: a figure {name}', picture,
                     lambda text: text.replace(old, new, 1), page, message)
        write(page, read(page).replace('bytes 0 to 255', 'bytes 0 to 9'))
        same('numbers of a transcript may differ', generate('--check', page),
             (0, ''))
        os.remove(picture)
        status, printed = generate('--check', page)
        report('found: a figure that is not there',
               status == 1 and 'is missing' in printed, printed)
    return finish()


if __name__ == '__main__':
    sys.exit(main())

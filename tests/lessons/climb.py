# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Tests of lessons/climb: without a terminal, and on one."""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from timeline_tap import finish, report, same  # noqa: E402

CLIMB = os.path.join(os.environ['SRCDIR'], 'lessons', 'climb')
LIMIT = 120  # s, for a whole dialogue
GO_ON = '?: help --'
PROGRAM, DIFF = '-- Enter: the program', '-- Enter: the diff'
ANSWER = 'Your answer, or Enter: '


def environment(home, **more):
    env = {**os.environ, 'XDG_STATE_HOME': home, 'XDG_CACHE_HOME': home,
           'LINES': '1000', 'COLUMNS': '80', 'NO_COLOR': '1', **more}
    if 'PAGER' not in more:
        env.pop('PAGER', None)
    return env


def run(home, *words):
    return subprocess.run([CLIMB, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=environment(home), timeout=LIMIT)


def on_terminal(home, words, dialogue, **more):
    """Type each line when its prompt is there. Return all that was printed, and
    the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(CLIMB, [CLIMB, *words], environment(home, **more))
    text = ''
    end = time.monotonic() + LIMIT
    try:
        for prompt, typed in [*dialogue, (None, '')]:
            new = ''
            while prompt is None or prompt not in new:
                if not select.select([fd], [], [],
                                     max(end - time.monotonic(), 0))[0]:
                    os.kill(pid, signal.SIGKILL)
                    break
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    data = b''
                if not data:
                    break
                new += data.decode(errors='replace').replace('\r', '')
            text += new
            if typed:
                os.write(fd, typed.encode())
    finally:
        os.close(fd)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return text, status


def in_order(text, *pieces):
    """The first piece that does not follow, or None."""
    at = 0
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return piece
        at += len(piece)
    return None


def follows(name, text, *pieces):
    missing = in_order(text, *pieces)
    report(name, missing is None, f'not there: {missing}\n{text[-3000:]}')


def programs_of(home):
    """Processes that run a program compiled below home."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.readlink(f'/proc/{pid}/exe').startswith(home):
                found.append(pid)
        except OSError:
            pass
    return found


def without_terminal(home):
    result = run(home, '19')
    follows('without a terminal it goes through without waiting',
            result.stdout,
            '== 19-restart', 'int main(', '== 19-restart: Predict ==',
            '$ demos/addresses.py ./19-restart', '\nFAIL: ',
            '== 19-restart: See ==', '== 19-restart: Why ==',
            'diff -u rungs/19-restart.c rungs/20-addresses.c', '\n@@ ',
            '== 19-restart: In echod ==', 'src/echod/listen.c:',
            'append_open(', '\n}\n', '== 19-restart: Exercises ==',
            '== 20-addresses', '\nPASS', 'That was the last.')
    same('the exit status is 0', result.returncode, 0)
    report('no marker and no colour is printed',
           '<!--' not in result.stdout and '\033' not in result.stdout)
    same('nothing is kept but the programs', os.listdir(home),
         ['echod-lessons'])
    result = run(home, '21')
    same('a program that is not there is an error', result.returncode, 2)


def one_program(home):
    text, status = on_terminal(home, ['19'], [
        (GO_ON, '?\n'), (GO_ON, '\n'), (ANSWER, 'it fails\n'), (GO_ON, 'q\n')])
    follows('what was answered is beside what happened', text,
            'skip the rest', 'FAIL: ', 'Your answer was: it fails', 'You are')
    same('q leaves', status, 0)
    text, _ = on_terminal(home, [], [
        (GO_ON, '\n'), (GO_ON, 'b\n'), (GO_ON, '\n'), (GO_ON, '\n'),
        (GO_ON, '\n'), (DIFF, 'no\n'), ('for help', '\n'), (GO_ON, '\n'),
        (GO_ON, '\n'), (GO_ON, '\n'), (GO_ON, '\004')])
    follows('it goes on where the reader was, and b goes back', text,
            '== 19-restart: Run ==', '== 19-restart: See ==',
            '== 19-restart: Run ==', '== 19-restart: See ==',
            '== 19-restart: Exercises ==', '== 20-addresses')
    follows('--list shows what was done', run(home, '--list').stdout,
            '18-log', '19-restart', 'done\n', 'you said: it fails',
            '20-addresses', 'you are here')


def interrupted(home):
    text, status = on_terminal(home, ['2'], [
        (GO_ON, '\n'), (ANSWER, '\n'), ('Client B connects', '\003')])
    same('Ctrl-C during a demo leaves', status, 0)
    follows('and says where', text, 'You are at 02-bytes')
    same('and leaves no server behind', programs_of(home), [])


def screens(home):
    text, _ = on_terminal(home, ['1'], [
        (PROGRAM, '\n'), ('more lines', '\n'), ('more lines', 'n\n'),
        (GO_ON, 'q\n')],
        LINES='24')
    follows('a source comes screen by screen', text,
            '#include <netinet', 'more lines', 'listen(', 'more lines')
    report('n skips the rest', 'int main(' not in text)
    paged = os.path.join(home, 'paged')
    on_terminal(home, ['1'], [(PROGRAM, '\n'), (GO_ON, 'q\n')],
                PAGER=f'cat >{paged}')
    with open(paged) as file:
        report('$PAGER has the source', 'int main(' in file.read())


def bad_state(home):
    for name, content in ('no JSON', '{'), ('other types', json.dumps(
            {'rung': 3, 'step': 'x', 'done': 1, 'answers': []})):
        with open(os.path.join(home, 'echod-lessons.json'), 'w') as file:
            file.write(content)
        text, status = on_terminal(home, [], [(PROGRAM, 'q\n')])
        follows(f'it begins anew with a state that is {name}', text,
                '== 01-strings')
        same(f'without an error: {name}', status, 0)


def main():
    for test in (without_terminal, one_program, interrupted, screens,
                 bad_state):
        with tempfile.TemporaryDirectory() as home:
            os.chmod(home, 0o755)
            test(home)
    return finish()


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Tests of lessons/grade: each mistake is caught by the demo that is for it,
correct servers of three shapes pass, and of a hostile one nothing is left."""
import concurrent.futures
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import traceback

sys.dont_write_bytecode = True
SRCDIR = os.environ['SRCDIR']
sys.path[:0] = [f'{SRCDIR}/lessons', f'{SRCDIR}/tests/lessons']

from kit import ladder, trials
from kit.server import wait_for
from mutants import MUTANTS, mutate

GRADE = f'{SRCDIR}/lessons/grade'
NAMES = [demo for demo, _, _ in ladder.DEMOS]
AS_ROOT = os.geteuid() == 0
TIME_LIMIT = 300
WORK = ladder.workplace()  # another user may look into it


class Skip(Exception):
    """This machine cannot do the test; the text says why."""


def as_nobody():
    """A command's first words, to run it without root's rights."""
    if not AS_ROOT:
        return []
    if not shutil.which('setpriv'):
        raise Skip('setpriv is not installed')
    entry = pwd.getpwnam('nobody')
    return ['setpriv', f'--reuid={entry.pw_uid}', f'--regid={entry.pw_gid}',
            '--clear-groups', 'env', 'python3']


def grade(*words, first=(), cwd=WORK):
    return subprocess.run(
        [*first, GRADE, *words], cwd=cwd, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=TIME_LIMIT)


def marked(mark):
    """The command lines that have the mark."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline') as file:
                words = file.read().split('\0')
        except OSError:
            continue  # it has ended
        if mark in words:
            found.append(words)
    return found


def compile_work(path, name):
    ladder.compile_c(path, f'{WORK}/{name}', '-w')
    return f'./{name}'


def caught(number):
    """The demo that is for this mistake finds it."""
    _, demo, changes = MUTANTS[number]
    with open(ladder.source('20-addresses')) as file:
        source = mutate(file.read(), changes)
    path = f'{WORK}/mutant{number}.c'
    with open(path, 'w') as file:
        file.write(source)
    compile_work(path, f'mutant{number}')
    result = trials.trial(demo, [f'{WORK}/mutant{number}'], 5)
    assert result.verdict == 'fail', result


def check_object(done, command):
    """The object that --json prints, with what it must have in any case."""
    whole = json.loads(done.stdout)
    assert (whole['version'], whole['command']) == (1, command), whole
    demos = whole['demos']
    assert [demo['name'] for demo in demos] == NAMES, whole
    for demo in demos:
        assert sorted(demo) == ['name', 'page', 'reason', 'rung', 'seconds',
                                'title', 'verdict'], demo
        assert demo['page'] == f'pages/{demo["rung"]}.md', demo
        assert os.path.exists(ladder.source(demo['rung'])), demo
    for verdict, count in whole['totals'].items():
        assert count == sum(demo['verdict'] == verdict for demo in demos)
    assert sum(whole['totals'].values()) == len(NAMES), whole
    return whole


def passes(command, *options):
    done = grade('--json', *options, *command)
    whole = check_object(done, command)
    failed = [demo for demo in whole['demos']
              if demo['verdict'] not in ('holds', 'cannot show')]
    assert not failed, failed
    assert done.returncode == 0, done


def test_echod_passes():
    shutil.copy(os.environ['ECHOD'], f'{WORK}/echod')
    passes(['./echod', '-t', '3', '127.0.0.1:{port}', '[::1]:{port}'])


def test_an_event_loop_passes():
    passes([compile_work(f'{SRCDIR}/tests/lessons/epoll_echo.c', 'epoll_echo')])


def test_what_fails_is_said_with_the_page_to_read():
    done = grade(compile_work(ladder.source('19-restart'), 'restart'))
    assert done.returncode == 1, done
    lines = done.stdout.splitlines()
    assert lines[-1] == '20 hold, 1 fail', done.stdout
    at = next(number for number, line in enumerate(lines)
              if line.startswith('fails '))
    assert lines[at].split()[1] == 'addresses', lines
    assert 'refused' in lines[at + 1], lines
    assert lines[at + 2].endswith('about pages/19-restart.md.'), lines
    assert [line.split()[1] for line in lines if line.startswith(
        ('holds ', 'fails '))] == NAMES, lines


def test_wrong_command_lines_have_status_2():
    for wrong in ([], ['--'], ['--limit', '0', 'true'], ["it's"],
                  ['--limit', 'x', 'true'], ['--at-once', '0', 'true'],
                  ['./no-such-server']):
        done = grade(*wrong)
        assert (done.returncode, done.stdout) == (2, ''), done
        assert 'grade: ' in done.stderr, done


def test_a_server_that_does_not_listen():
    done = grade('--json', 'sleep', '600')
    assert done.returncode == 1, done
    whole = check_object(done, ['sleep', '600'])
    assert whole['totals']['not run'] == len(NAMES), whole
    assert 'does not listen' in done.stderr, done


def test_a_server_that_ends():
    done = grade('sh', '-c', 'echo no such thing >&2; exit 3')
    assert done.returncode == 1, done
    assert 'no such thing' in done.stderr, done


def hostile(kind, without_root):
    """Of this server nothing is left, whoever runs it."""
    if kind == 'eater' and memory_available() < 6 << 20:
        raise Skip('less than 6 GiB of memory are available')
    first = as_nobody() if without_root else []
    mark = f'mark-{kind}-{os.getpid()}-{without_root}'
    done = grade('--at-once', '21', 'env', 'python3', f'{WORK}/hostile.py',
                 kind, mark, first=first)
    assert done.returncode == 1, done
    assert 'hold' not in done.stdout, done
    assert ('The server runs as you' in done.stderr) == bool(
        first or not AS_ROOT), done
    assert marked(mark) == [], marked(mark)


def memory_available():
    with open('/proc/meminfo') as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith('MemAvailable:'))


def ended(number, status):
    """A grade that is sent the signal leaves nothing."""
    mark = f'mark-ended-{os.getpid()}-{number}'
    with subprocess.Popen(
            [GRADE, 'env', 'python3', f'{WORK}/hostile.py', 'hanging', mark],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL) as process:
        try:
            assert wait_for(lambda: any(
                words[1].endswith('hostile.py') for words in marked(mark)), 60)
        finally:
            process.send_signal(number)
        process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == status, process.returncode
    assert wait_for(lambda: marked(mark) == [], 60), marked(mark)


def test_the_end_of_the_grader_is_that_of_the_server():
    ended(signal.SIGTERM, 143)
    ended(signal.SIGKILL, -signal.SIGKILL)


def last_words(script, *options):
    """What a server prints in the end."""
    done = grade(*options, 'sh', '-c', script)
    return done.stderr.partition('listened: ')[2].split()


def test_root_runs_the_server_as_another_user_apart():
    if not AS_ROOT:
        raise Skip('only root can')
    done = grade('false')
    if 'with the network of this machine' in done.stderr:
        raise Skip(done.stderr)
    assert last_words('echo $(id -un) $(grep -c : /proc/net/dev) '
                      '$(ls -d /proc/[0-9]* | wc -l | grep -c "^.$") '
                      '$(grep NoNewPrivs /proc/self/status)') == [
        'nobody', '1', '1', 'NoNewPrivs:', '1']
    assert last_words('id -un', '--user', 'root') == ['root']


def test_a_private_directory_is_said():
    if not AS_ROOT:
        raise Skip('only root runs the server as another user')
    private = f'{WORK}/private'
    os.mkdir(private, 0o700)
    shutil.copy(shutil.which('sleep'), f'{private}/server')
    for command in ['./server'], ['cat', 'server']:
        if command[0] == 'cat':
            os.chmod(private, 0o755)
            os.chmod(f'{private}/server', 0o700)
        done = grade(*command, cwd=private)
        assert (done.returncode, done.stdout) == (2, ''), done
        assert 'nobody may not ' in done.stderr, done
        assert 'chmod o+rx' in ' '.join(done.stderr.split()), done


def all_tests():
    """(name, function, arguments), the longest first."""
    tests = [(name[5:].replace('_', ' '), function, ())
             for name, function in globals().items()
             if name.startswith('test_')]
    kinds = ['hanging', 'talker', 'eater', 'family', 'spinner', 'daemon',
             'runner', 'killer', 'parricide']
    tests += [(f'of a server, {kind}, nothing is left', hostile, (kind, False))
              for kind in kinds]
    tests += [(f'of a server, {kind}, nothing is left without root', hostile,
               (kind, True)) for kind in kinds if AS_ROOT and kind not in
              ('eater', 'talker', 'spinner')]
    tests += [(f'{demo} finds: {name}', caught, (number,))
              for number, (name, demo, _) in enumerate(MUTANTS)]
    return tests


def run(tests):
    print(f'1..{len(tests)}', flush=True)
    with concurrent.futures.ThreadPoolExecutor(trials.usual()) as pool:
        futures = [pool.submit(function, *arguments)
                   for _, function, arguments in tests]
        for number, future in enumerate(futures, 1):
            name = f'{number} - {tests[number - 1][0]}'
            try:
                future.result()
                print(f'ok {name}', flush=True)
            except Skip as reason:
                print(f'ok {name} # SKIP {reason}'.replace('\n', ' '),
                      flush=True)
            except Exception:
                text = traceback.format_exc().strip().replace('\n', '\n# ')
                print(f'not ok {name}\n# {text}', flush=True)


def main():
    try:
        shutil.copy(f'{SRCDIR}/tests/lessons/hostile.py', WORK)
        os.chmod(f'{WORK}/hostile.py', 0o644)
        run(all_tests())
    finally:
        shutil.rmtree(WORK)


main()

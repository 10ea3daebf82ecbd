# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The last rung with one mistake each, and the demo that must catch it.

(name, demo, [(text, replacement)...]): each text occurs once in the source.
"""

FORGOTTEN = ''

MUTANTS = [
    ('strlen for the count', 'bytes', [
        ('write_all(fd, buffer, (size_t)n)',
         'write_all(fd, buffer, strnlen(buffer, (size_t)n))')]),
    ('one byte too few', 'bytes', [
        ('write_all(fd, buffer, (size_t)n)',
         'write_all(fd, buffer, (size_t)n - 1)')]),
    ('a stack that is smaller than the buffer', 'bytes', [
        ('STACK_SIZE = 65536', 'STACK_SIZE = 16384')]),
    ('no close', 'bytes', [
        ('    close(fd);\n    connected--;', '    connected--;')]),
    ('listeners that block', 'bytes', [
        ('fcntl(fd, F_SETFL, O_NONBLOCK);', FORGOTTEN)]),
    ('the mutex held while echoing', 'two', [
        ('size_t total = echo(client_fd);',
         'pthread_mutex_lock(&mutex);\n'
         '    size_t total = echo(client_fd);\n'
         '    pthread_mutex_unlock(&mutex);')]),
    ('the thread closes the listener', 'two', [
        ('static void *client_thread(void *arg)\n{',
         'static void *client_thread(void *arg)\n{\n    close(5);')]),
    ('main waits for each thread', 'two', [
        ('pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);',
         FORGOTTEN),
        ('    if (error != 0) {',
         '    if (error == 0)\n        pthread_join(thread, NULL);\n'
         '    if (error != 0) {')]),
    ('a large buffer for each client', 'memory', [
        ('BUFFER_SIZE = 16384, STACK_SIZE = 65536',
         'BUFFER_SIZE = 131072, STACK_SIZE = 262144'),
        ('    size_t total = 0;\n',
         '    size_t total = 0;\n    memset(buffer, 0, sizeof buffer);\n')]),
    ('the address of a variable for each client', 'burst', [
        ('(void *)(intptr_t)fd', '&fd'),
        ('(int)(intptr_t)arg', '*(int *)arg')]),
    ('a buffer that all threads share', 'burst', [
        ('    char buffer[BUFFER_SIZE];',
         '    static char buffer[BUFFER_SIZE];')]),
    ('neither joined nor detached', 'leak', [
        ('pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);',
         FORGOTTEN)]),
    ('stacks of the default size', 'many', [
        ('pthread_attr_setstacksize(&attributes, STACK_SIZE);', FORGOTTEN)]),
    ('pthread_create unchecked', 'nothread', [
        ('if (error != 0) {', 'if (false) {')]),
    ('an error below 0', 'nothread', [
        ('if (error != 0) {', 'if (error < 0) {')]),
    ('a client without a thread is not closed', 'nothread', [
        ('        remove_client(fd, 0);\n', FORGOTTEN)]),
    ('exit without a thread', 'nothread', [
        ('        remove_client(fd, 0);\n', '        exit(1);\n')]),
    ('exit after a read that fails', 'reset', [
        ('            report("read: %s\\n", strerror(errno));\n'
         '            break;',
         '            die("read");')]),
    ('exit after a write that fails', 'pipe', [
        ('            report("write: %s\\n", strerror(errno));\n'
         '            break;', '            die("write");')]),
    ('SIGPIPE not ignored', 'pipe', [
        ('signal(SIGPIPE, SIG_IGN);', FORGOTTEN)]),
    ('one write', 'short', [
        ('        length -= (size_t)n;', '        length = 0;')]),
    ('EINTR in write', 'short', [
        ('        ssize_t n = write(fd, data, length);\n'
         '        if (n < 0 && errno == EINTR)\n            continue;\n',
         '        ssize_t n = write(fd, data, length);\n')]),
    ('the rest of a short write from the start again', 'short', [
        ('        data += n;\n', FORGOTTEN)]),
    ('SIGUSR1 not caught', 'statistics', [
        ('sigaction(SIGUSR1, &action, NULL);', FORGOTTEN)]),
    ('statistics that stay in a buffer', 'statistics', [
        ('report("%lu clients', 'printf("%lu clients')]),
    ('EINTR in read', 'eintr', [
        ('        if (n < 0 && errno == EINTR)\n            continue;\n'
         '        if (n < 0) {', '        if (n < 0) {')]),
    ('a read that fails is end of file', 'eintr', [
        ('sizeof buffer)) != 0)', 'sizeof buffer)) > 0)')]),
    ('EINTR in poll', 'eintr', [
        ('poll(fds, listeners + 1, -1);',
         'if (poll(fds, listeners + 1, -1) < 0)\n            die("poll");')]),
    ('a lock in the handler, and lines that wait', 'handler', [
        ('    int saved_errno = errno;\n',
         '    int saved_errno = errno;\n    pthread_mutex_lock(&mutex);\n'
         '    pthread_mutex_unlock(&mutex);\n'),
        ('fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK | O_APPEND);', FORGOTTEN)]),
    ('no back-off', 'emfile', [
        ('        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);\n',
         FORGOTTEN)]),
    ('a line each time', 'emfile', [
        ('if (!accept_fails)', 'if (true)')]),
    ('exit when accept fails', 'emfile', [
        ('report("accept: %s\\n", strerror(errno));', 'die("accept");')]),
    ('shutdown in place of close', 'emfile', [
        ('    close(fd);\n    connected--;',
         '    shutdown(fd, SHUT_RDWR);\n    connected--;')]),
    ('no limit on reading', 'silent', [
        ('setsockopt(client_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, '
         'sizeof limit);', FORGOTTEN)]),
    ('no limit on writing', 'unread', [
        ('setsockopt(client_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, '
         'sizeof limit);', FORGOTTEN)]),
    ('SIGTERM not caught', 'stop', [
        ('sigaction(SIGTERM, &action, NULL);', FORGOTTEN)]),
    ('exit in the handler', 'stop', [
        ('    int saved_errno = errno;\n',
         '    int saved_errno = errno;\n    if (signal_number == SIGTERM)\n'
         '        _exit(0);\n')]),
    ('close of the listener in the handler, no pipe', 'stop', [
        ('    int saved_errno = errno;\n',
         '    int saved_errno = errno;\n    if (signal_number == SIGTERM) {\n'
         '        close(5);\n        return;\n    }\n')]),
    ('SIGTERM ends the process at once', 'stop', [
        ('    stop_clients();\n', FORGOTTEN)]),
    ('SHUT_RDWR', 'stop', [
        ('shutdown(fd, SHUT_RD);', 'shutdown(fd, SHUT_RDWR);')]),
    ('connected not decremented', 'stop', [
        ('    connected--;\n', FORGOTTEN)]),
    ('connected not incremented', 'stop', [
        ('    connected++;\n', FORGOTTEN)]),
    ('close before the echo has arrived', 'stop', [
        ('    wait_for_delivery(client_fd);\n', FORGOTTEN)]),
    ('the end of a client wakes nobody', 'stop', [
        ('    pthread_cond_signal(&one_left);\n', FORGOTTEN)]),
    ('standard output that blocks', 'log', [
        ('fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK | O_APPEND);', FORGOTTEN)]),
    ('no SO_REUSEADDR', 'restart', [
        ('setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);',
         FORGOTTEN)]),
    ('IPv4 only', 'addresses', [
        ('{.ai_socktype = SOCK_STREAM}',
         '{.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}')]),
    ('IPv6 only', 'addresses', [
        ('{.ai_socktype = SOCK_STREAM}',
         '{.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM}')]),
    ('the first address only', 'addresses', [
        ('        fds[count++] = (struct pollfd)'
         '{.fd = fd, .events = POLLIN};\n',
         '        fds[count++] = (struct pollfd)'
         '{.fd = fd, .events = POLLIN};\n        break;\n')]),
]


def mutate(source, changes):
    for text, replacement in changes:
        if source.count(text) != 1:
            raise ValueError(f'{source.count(text)} times: {text!r}')
        source = source.replace(text, replacement)
    return source

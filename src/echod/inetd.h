/*
 * inetd: one client, on standard input and output.
 */
#ifndef ECHOD_INETD_H
#define ECHOD_INETD_H

#include <stdbool.h>

/*
 * Whether fd is the very socket that a client of inetd(8) has as descriptor 0,
 * so that a message there would reach the client as if echoed.
 */
bool inetd_is_client(int fd);

/*
 * The same for a pipe that descriptor 1 echoes into.
 */
bool inetd_shares_output(int fd);

/*
 * Serve descriptors 0 and 1 until end of file, and report. Returns 0 if all
 * came back, -1 if not, or if the descriptors cannot be used as asked for;
 * what there was to say has been reported.
 */
int inetd_run(int timeout_ms, int delay_ms);

#endif

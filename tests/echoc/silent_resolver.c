/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * silent_resolver: getaddrinfo(3) as it is when the resolver does not answer.
 *
 * Linked with main.c of echoc it takes the place of the C library's, which is
 * called for addresses in figures. It opens the FIFO that the environment
 * names, if any, so that a test knows that the look-up is under way.
 */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

typedef int look_up(const char *name, const char *service,
                    const struct addrinfo *req, struct addrinfo **pai);

int getaddrinfo(const char *name, const char *service,
                const struct addrinfo *req, struct addrinfo **pai)
{
    const char *fifo = getenv("SILENT_RESOLVER_FIFO");
    look_up *next = NULL;

    if (req != NULL && (req->ai_flags & AI_NUMERICHOST) != 0) {
        *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
        return next(name, service, req, pai);
    }
    if (fifo != NULL && open(fifo, O_WRONLY | O_CLOEXEC) < 0)
        return EAI_SYSTEM;
    for (;;)
        pause();
}

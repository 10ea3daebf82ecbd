/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * address: text <-> socket address.
 */
#include "config.h"

#include "common/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* port_fault() to parse() return what is wrong with the text, or NULL. */

/* A service name starts with a letter; anything else must be a port number. */
static const char *port_fault(const char *port)
{
    size_t digits = strspn(port, "0123456789");

    if (*port == '\0')
        return "no port after ':'";
    if (isalpha((unsigned char)*port))
        return NULL;
    if (digits == 0 || port[digits] != '\0')
        return "the port is neither a number nor a service name";
    if (digits > 5 || strtol(port, NULL, 10) > 65535)
        return "the port is not from 0 to 65535";
    return NULL;
}

static const char *copy(char *to, size_t size, const char *from, size_t length)
{
    if (length >= size)
        return "too long for an address";
    memcpy(to, from, length);
    to[length] = '\0';
    return NULL;
}

/* The host ends at ']' or ':'; *rest is set to what follows it. */
static const char *split_host(const char *text, struct address *address,
                              const char **rest)
{
    const char *end = NULL;

    if (*text == '[') {
        end = strchr(++text, ']');
        if (end == NULL)
            return "no ']' after '['";
        if (memchr(text, ':', (size_t)(end - text)) == NULL)
            return "no IPv6 address between '[' and ']'";
        *rest = end + 1;
        return copy(address->host, sizeof address->host, text,
                    (size_t)(end - text));
    }
    end = strchr(text, ':');
    if (end != NULL && strchr(end + 1, ':') != NULL)
        return "an IPv6 address goes in brackets, as in [::1]:6142";
    *rest = end != NULL ? end : text + strlen(text);
    if (*text == '*' && *rest == text + 1)
        text = *rest;
    return copy(address->host, sizeof address->host, text,
                (size_t)(*rest - text));
}

static const char *parse_port(const char *rest, struct address *address)
{
    const char *fault = NULL;

    if (*rest == '\0')
        rest = ":" ADDRESS_DEFAULT_PORT;
    else if (*rest != ':')
        return "only ':' and a port can follow ']'";
    fault = port_fault(rest + 1);
    if (fault != NULL)
        return fault;
    return copy(address->port, sizeof address->port, rest + 1,
                strlen(rest + 1));
}

static const char *parse(const char *text, struct address *address)
{
    const char *rest = NULL;
    const char *fault = NULL;

    if (*text == '\0')
        return "empty address";
    if (strchr(text, '/') != NULL) {
        address->is_path = true;
        if (strlen(text) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
            return "too long for the path of a Unix socket";
        return NULL;
    }
    fault = split_host(text, address, &rest);
    return fault != NULL ? fault : parse_port(rest, address);
}

int address_parse(const char *text, struct address *address,
                  char errmsg[ERRMSG_MAX])
{
    const char *fault = NULL;

    *address = (struct address){.text = text};
    fault = parse(text, address);
    return fault == NULL ? 0 : errmsg_set(errmsg, "%s: %s", text, fault);
}

static bool is_listed(const struct endpoint *list, size_t count,
                      const struct addrinfo *info)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].length == info->ai_addrlen &&
            memcmp(&list[i].address, info->ai_addr, info->ai_addrlen) == 0)
            return true;
    return false;
}

/* hosts(5) may list a name twice; each endpoint is kept once. */
static int collect(const struct addrinfo *found, struct endpoint **list,
                   size_t *count)
{
    size_t most = 0;

    for (const struct addrinfo *info = found; info; info = info->ai_next)
        most++;
    *count = 0;
    *list = calloc(most, sizeof **list);
    if (*list == NULL)
        return -1;
    for (const struct addrinfo *info = found; info; info = info->ai_next) {
        struct endpoint *next = &(*list)[*count];

        if (info->ai_addrlen > sizeof next->address ||
            is_listed(*list, *count, info))
            continue;
        memcpy(&next->address, info->ai_addr, info->ai_addrlen);
        next->length = info->ai_addrlen;
        ++*count;
    }
    return 0;
}

static int resolve_path(const char *path, struct endpoint **list, size_t *count)
{
    struct endpoint *only = calloc(1, sizeof *only);

    if (only == NULL)
        return -1;
    only->address.un.sun_family = AF_UNIX;
    memcpy(only->address.un.sun_path, path, strlen(path));
    only->length = sizeof only->address.un;
    *list = only;
    *count = 1;
    return 0;
}

int address_resolve(const struct address *address, int flags,
                    struct endpoint **list, size_t *count,
                    char errmsg[ERRMSG_MAX])
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    int error = 0;

    if (address->is_path) {
        if (resolve_path(address->text, list, count) == 0)
            return 0;
        return errmsg_set(errmsg, "%s: %s", address->text, strerror(ENOMEM));
    }
    error = getaddrinfo(*address->host != '\0' ? address->host : NULL,
                        address->port, &hints, &found);
    if (error != 0)
        return errmsg_set(errmsg, "%s: %s", address->text,
                          error == EAI_SYSTEM ? strerror(errno)
                                              : gai_strerror(error));
    error = collect(found, list, count);
    freeaddrinfo(found);
    if (error < 0)
        return errmsg_set(errmsg, "%s: %s", address->text, strerror(ENOMEM));
    return 0;
}

void address_format(const struct sockaddr *address, char text[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";
    char scope[16] = "";
    unsigned port = address_port(address);

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;

        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(text, ADDRESS_TEXT_MAX, "%s:%u", host, port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)address;
        const unsigned char *bytes = in6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
            inet_ntop(AF_INET, bytes + 12, host, sizeof host);
            snprintf(text, ADDRESS_TEXT_MAX, "%s:%u", host, port);
            return;
        }
        inet_ntop(AF_INET6, bytes, host, sizeof host);
        if (in6->sin6_scope_id != 0)
            snprintf(scope, sizeof scope, "%%%u", (unsigned)in6->sin6_scope_id);
        snprintf(text, ADDRESS_TEXT_MAX, "[%s%s]:%u", host, scope, port);
    } else {
        snprintf(text, ADDRESS_TEXT_MAX, "unix");
    }
}

in_port_t address_port(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohs(
            ((const struct sockaddr_in *)(const void *)address)->sin_port);
    if (address->sa_family == AF_INET6)
        return ntohs(
            ((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    return 0;
}

void address_set_port(struct sockaddr *address, in_port_t port)
{
    if (address->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons(port);
    else if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons(port);
}

/*
 * SPDX-License-Identifier: ISC
 * Copyright (c) 2026 The echod authors
 *
 * diagnosis: what a fault usually says about the server or the path.
 */
#ifndef ECHOC_CHECK_DIAGNOSIS_H
#define ECHOC_CHECK_DIAGNOSIS_H

#include "echoc/net/fault.h"

/* A fault of a connection to an endpoint that has accepted before. */
const char *diagnosis_of(const struct fault *fault);

/* The errno of a first connect to an endpoint. */
const char *diagnosis_of_connect(int error);

#endif

# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""Modules that the benchmarks share."""

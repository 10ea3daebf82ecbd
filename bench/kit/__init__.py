# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""What the benchmarks in the folder above are made of."""

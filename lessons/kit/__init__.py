# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""What the scripts of the lessons share."""

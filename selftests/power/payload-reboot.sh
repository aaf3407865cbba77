#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: restart it while TDs run.
cd /payload || exit 1
. ./load-modules.sh
. ./keep.sh

load_modules && keep_tds run && echo "power: TDs run"
# The kernel's messages of the end are of a low level.
dmesg -n 8
reboot -f

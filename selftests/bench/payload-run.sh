#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: load the modules, hand out the rows.
# /payload/args holds tdbench's arguments.
set -u
cd /payload || exit 1
. ./load-modules.sh

load_modules || exit 1
# shellcheck disable=SC2046
./tdbench $(cat args) >/tmp/rows
status=$?
machine-put rows </tmp/rows
check_kernel_log || [ "$status" != 0 ] || status=1
exit "$status"

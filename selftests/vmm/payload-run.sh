#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: load the modules, run the TD.
# /payload/args holds tdxrun's arguments, one per line.
set -u
cd /payload || exit 1
. ./load-modules.sh

load_modules || exit 1
set --
while IFS= read -r arg; do
	set -- "$@" "$arg"
done <args
[ ! -f fake-quote ] || ./fake-quote quote.socket || exit 1
set -- ./tdxrun "$@"
[ ! -x ./around ] || set -- ./around "$@"
"$@"
status=$?
check_kernel_log || [ "$status" != 0 ] || status=1
exit "$status"

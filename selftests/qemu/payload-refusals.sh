#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: each of ./cases; prints KTAP.
set -u
cd /payload || exit 1
. ./load-modules.sh

load_modules || exit 1
nr=0 failed=0
echo "KTAP version 1"
echo "1..$(ls cases | wc -l)"
for case in $(ls cases | sort -n); do
	dir=cases/$case
	nr=$((nr + 1))
	dmesg -c >/dev/null
	set --
	while IFS= read -r arg; do
		set -- "$@" "$arg"
	done <$dir/args
	# A QEMU that is content waits for ever.
	{ [ ! -e $dir/qmp ] || cat $dir/qmp; } |
		timeout -s KILL 60 lib/ld-linux-x86-64.so.2 --library-path lib \
			bin/qemu-system-x86_64 -L share "$@" >/run/said 2>&1
	sed 's/^/# /' /run/said
	verdict=ok note=
	grep -qE -e "$(cat $dir/says)" /run/said || verdict="not ok"
	check_kernel_log || { verdict="not ok" note=" # kernel log"; }
	echo "$verdict $nr QEMU answers to $(cat $dir/name)$note"
	[ "$verdict" = ok ] || failed=1
done
exit $failed

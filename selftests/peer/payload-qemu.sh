#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: QEMU with the arguments in ./args, and what
# it took, in ticks of the TSC, which are instructions: "WHAT TICKS" a line.
set -u
cd /payload || exit 1
. ./load-modules.sh

SWMOD=/sys/kernel/debug/tdx_swmod
# The TSC is 200 MHz, and /proc counts hundredths of a second.
TICKS_OF_10MS=2000000

# Of the machine's life up to now: all, idle, swmod's with the guest's.
counts()
{
	up=$(cut -d' ' -f1 /proc/uptime | tr -d .)
	idle=$(awk '$1 == "cpu" { print $5 + $6 }' /proc/stat)
	swmod=$(awk '{ sum += $2 } END { printf "%.0f", sum }' $SWMOD/ticks)
	echo "$up $idle $swmod"
}

load_modules || exit 1
set --
while IFS= read -r arg; do
	set -- "$@" "$arg"
done <args
before=$(counts)
lib/ld-linux-x86-64.so.2 --library-path lib bin/qemu-system-x86_64 -L share "$@" \
	</dev/null >/tmp/console 2>&1
status=$?
after=$(counts)
cat /tmp/console
grep -q 'td: init' /tmp/console || status=1
echo "$before $after" | awk -v t=$TICKS_OF_10MS '{
	printf "all %.0f\nidle %.0f\nswmod %.0f\n", ($4 - $1) * t, ($5 - $2) * t, $6 - $3
}' | machine-put counts
check_kernel_log || status=1
exit $status

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: the N-th allocation of a program
# fails, for one N after the other.  Nothing may leak or crash; what the
# program itself makes of it does not count.  Then programs that let their own
# steps fail, where that counts.  Prints KTAP.
set -u
cd /payload || exit 1
. ./load-modules.sh
. ./settings

# The kernel's own tracing core warns when it cannot register the events of a
# module that is being loaded.
KNOWN_LOG='WARNING: .* at kernel/trace/trace_events\.c:'

bad=0 n=0
result()
{
	n=$((n + 1))
	[ "$1" = ok ] || bad=1
	echo "$1 $n $2"
}

for kind in failslab fail_page_alloc; do
	# Allocations that may sleep fail as well, of every size, and in silence.
	echo N >/sys/kernel/debug/$kind/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/$kind/verbose
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
# Who fails to allocate says so at length, and the serial line is slow.
dmesg -n 1

# failing N COMMAND...: the shell's own exec of the command counts as well.
failing()
{
	nth=$1
	shift
	# shellcheck disable=SC2016
	sh -c 'nth=$1; shift; echo $nth >/proc/self/fail-nth && exec "$@"' - \
		"$nth" "$@" >/dev/null 2>&1 </dev/null
}

echo "KTAP version 1"
echo "1..$((4 + 2 * $(ls tests | wc -l) + 2 * $(ls sweeps | wc -l)))"
load_modules && unload_modules

# Each module in turn fails to load, those before it are there.
while read -r module args; do
	loaded=0
	for nth in $(seq ${LOAD_FROM:-1} ${LOAD_STEP:-7} ${LOAD_TO:-220}); do
		# shellcheck disable=SC2086
		failing "$nth" insmod "modules/$module" $args
		name=$(echo "${module%.ko}" | tr - _)
		[ -d "/sys/module/$name" ] || continue
		loaded=$((loaded + 1))
		rmmod "$name" || { result "not ok" "$module unloads after failure $nth"; break; }
	done
	# shellcheck disable=SC2086
	insmod "modules/$module" $args
	check_kernel_log && result ok "$module fails to load in silence ($loaded loads)" ||
		result "not ok" "$module fails to load in silence"
done <modules/order

for test in tests/*; do
	[ -x "$test" ] || continue
	for nth in $(seq ${RUN_FROM:-60} ${RUN_STEP:-67} ${RUN_TO:-1400}); do
		failing "$nth" timeout 60 "$test"
	done
	check_kernel_log && result ok "$(basename "$test") survives failed allocations" ||
		result "not ok" "$(basename "$test") survives failed allocations"
	"$test" >/tmp/out 2>&1 </dev/null && result ok "$(basename "$test") passes after that" ||
		{ result "not ok" "$(basename "$test") passes after that"; sed 's/^/# /' /tmp/out; }
done

# These make their own steps fail, and know how each has to end.
for test in sweeps/*; do
	[ -x "$test" ] || continue
	dmesg -c >/dev/null
	echo "# $(basename "$test")"
	# shellcheck disable=SC2086
	"$test" ${SWEEP_STEP:-} >/tmp/out 2>&1 </dev/null
	status=$?
	sed 's/^/  /' /tmp/out
	[ "$status" = 0 ] && result ok "$(basename "$test")" ||
		result "not ok" "$(basename "$test"): exit status $status"
	check_kernel_log && result ok "$(basename "$test") is survived in silence" ||
		result "not ok" "$(basename "$test") is survived in silence"
done
exit $bad

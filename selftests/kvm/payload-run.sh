#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: load the modules, run every test
# program in ./tests, wrap their output as KTAP.
set -u
cd /payload || exit 1
. ./load-modules.sh

load_modules || exit 1
# What was asked for has to be there, or the tests would pass without.
if grep -q dynamic_pamt=1 modules/order; then
	grep -E '^(PAMT|pair)' /sys/kernel/debug/tdx_host/tdmrs | sed 's/^/# /'
	grep -q '^pairs' /sys/kernel/debug/tdx_host/tdmrs || {
		echo "kvm-tdx: dynamic PAMT was asked for and is not there" >&2
		exit 1
	}
fi
cd tests || exit 1

nr=0 failed=0
echo "KTAP version 1"
echo "1..$(ls | wc -l)"
for test in *; do
	nr=$((nr + 1))
	dmesg -c >/dev/null
	echo "# $test"
	"./$test" </dev/null >/tmp/out.$$ 2>&1
	status=$?
	sed 's/^/  /' /tmp/out.$$
	case $status in
	0) verdict=ok note= ;;
	4) verdict=ok note=" # SKIP $(sed -n 's/.*# SKIP *//p' /tmp/out.$$)" ;;
	*) verdict="not ok" note=" # exit status $status" ;;
	esac
	check_kernel_log || verdict="not ok" note="$note # kernel log"
	echo "$verdict $nr $test$note"
	[ "$verdict" = ok ] || failed=$((failed + 1))
done
echo "# totals: $((nr - failed)) programs passed, $failed failed"
[ "$failed" = 0 ]

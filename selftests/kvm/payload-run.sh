#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: load the modules, run every test
# program in ./tests, wrap their output as KTAP.
set -u
cd /payload || exit 1
. ./load-modules.sh

load_modules || exit 1
# Dynamic PAMT is there unless its parameter says otherwise, or all tests would have
# static metadata.  Mainline's KVM has no tdx_host.
if grep -q ^tdx_host modules/order; then
	grep -E '^(PAMT|pair)' /sys/kernel/debug/tdx_host/tdmrs | sed 's/^/# /'
	wanted=yes there=no
	! grep -q dynamic_pamt=0 modules/order || wanted=no
	! grep -q '^pairs' /sys/kernel/debug/tdx_host/tdmrs || there=yes
	[ $wanted = $there ] || {
		echo "kvm-tdx: dynamic PAMT: wanted $wanted, there $there" >&2
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

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run.
set -u
cd /payload || exit 1
. ./load-modules.sh

nr=0 failed=0
check()
{
	nr=$((nr + 1))
	name=$1
	shift
	if "$@" >/tmp/out.check 2>&1; then
		echo "ok $nr $name"
	else
		echo "not ok $nr $name"
		sed 's/^/# /' /tmp/out.check
		failed=$((failed + 1))
	fi
}

skips_without_tdx()
{
	bundle/run >/tmp/out
	[ $? = 4 ] && grep -q '^1..0 # SKIP' /tmp/out && grep -q '^# missing  modules' /tmp/out
}

names_a_test_that_is_none()
{
	bundle/run td_nothing 2>/tmp/out
	[ $? = 2 ] && grep -q 'no test td_nothing' /tmp/out
}

passes_with_tdx()
{
	bundle/run --report /tmp/report.tar.gz >/tmp/out
	status=$?
	cat /tmp/out
	[ $status = 0 ] && grep -q '^1..3$' /tmp/out && grep -q '^# programs: 3 passed, 0 failed' /tmp/out
}

report_is_complete()
{
	mkdir -p /tmp/report && tar -C /tmp/report -xzf /tmp/report.tar.gz || return 1
	for file in tests.ktap td_life.out tdx-info tdx-info.json uname parameters log host/proc/iomem; do
		[ -s "/tmp/report/$file" ] || { echo "no $file"; return 1; }
	done
	grep -q 'td_life' /tmp/report/log && ! grep -r "$(hostname)" /tmp/report
}

# Another machine says the same of it; but for what is read anew each time.
report_can_be_looked_at()
{
	bundle/tdx-info --root /tmp/report/host >/tmp/again
	diff /tmp/report/tdx-info /tmp/again
}

tdx_info_knows_the_software_module()
{
	bundle/tdx-info >/tmp/out
	cat /tmp/out
	grep -q '^note     tdx .*TDX is on, software module' /tmp/out
}

a_fault_in_the_log_fails()
{
	printf '#!/bin/sh\necho "BUG: a fault" >/dev/kmsg\n' >bundle/tests/td_bad
	chmod 755 bundle/tests/td_bad
	bundle/run td_bad >/tmp/out
	[ $? = 1 ] && grep -q '^not ok 1 td_bad # kernel log' /tmp/out
}

echo "KTAP version 1"
hostname td-host-name
check "without TDX nothing is run, and the reason is told" skips_without_tdx
check "a test that is none is named" names_a_test_that_is_none
load_modules || exit 1
check "the tests pass on this host" passes_with_tdx
check "the report is complete, and has no host name" report_is_complete
check "the report's host can be looked at" report_can_be_looked_at
check "tdx-info calls the software module so" tdx_info_knows_the_software_module
check_kernel_log || failed=$((failed + 1))
check "a fault in the kernel's log fails the test" a_fault_in_the_log_fails
echo "1..$nr"
echo "# totals: $((nr - failed)) passed, $failed failed"
[ "$failed" = 0 ]

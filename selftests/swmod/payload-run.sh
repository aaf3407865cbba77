#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run.
set -u
cd /payload || exit 1
. ./load-modules.sh
mount -t debugfs debug /sys/kernel/debug 2>/dev/null
d=/sys/kernel/debug/tdx_swmod
nr=0 failed=0

# check NAME COMMAND...: one result
check()
{
	what=$1
	shift
	nr=$((nr + 1))
	if "$@" && check_kernel_log; then
		echo "ok $nr $what"
	else
		echo "not ok $nr $what"
		failed=1
	fi
}

inject()
{
	echo "$1" 2>/dev/null >$d/inject
}

refuses_bad_lines()
{
	! inject "MEM.PAGE.AUGH status=OPERAND_BUSY" &&
		dmesg | grep -q "inject: no such leaf: MEM.PAGE.AUGH" &&
		! inject "MEM.TRACK" && ! inject "hold=OP_STATE calls=1" &&
		! grep -q . $d/inject
}

# The host repeats what RND_NO_ENTROPY ended, and comes up all the same.
comes_up_with_faults()
{
	inject "SYS.TDMR.INIT nth=3 status=RND_NO_ENTROPY"
	load_modules || return 1
	cat $d/inject
	grep -q "fired 1" $d/inject && inject clear &&
		grep -q "^state READY" $d/sys &&
		grep -Eq "TDH.SYS.TDMR.INIT +RND_NO_ENTROPY +1$" $d/leaves
}

td_runs()
{
	./td >/tmp/td.out 2>&1
	status=$?
	[ $status = 0 ] || tail -n 15 /tmp/td.out
	return $status
}

# Lost locks are nothing that user space gets to see.
td_survives_busy()
{
	inject "MEM.PAGE.AUG rate=20% seed=7 status=OPERAND_BUSY operand=SEPT_TREE"
	inject "MEM.SEPT.ADD rate=20% seed=8 status=OPERAND_BUSY operand=SEPT_TREE when=after locks=4"
	inject "VP.ENTER rate=5% seed=9 status=OPERAND_BUSY operand=TD_EPOCH"
	td_runs
	status=$?
	cat $d/inject
	grep -q "AUG.*fired [1-9]" $d/inject || status=1
	grep -q "VP.ENTER.*fired [1-9]" $d/inject || status=1
	inject clear
	return $status
}

# A vCPU that cannot enter holds its TD still for readers.
shows_td_that_runs()
{
	inject "VP.ENTER nth=2 times=100000000 status=OPERAND_BUSY operand=TD_EPOCH"
	./td >/tmp/td.out 2>&1 &
	pid=$!
	until grep -q "  RUNNABLE vcpus" /tmp/tds 2>/dev/null; do
		kill -0 $pid || return 1
		cat $d/tds >/tmp/tds
	done
	tdr=$(sed -n 's/^td \(0x[0-9a-f]*\) KEYS_CONFIGURED.*/\1/p' /tmp/tds | head -n 1)
	echo "$tdr" >$d/sept
	echo "$tdr" >$d/page
	cat /tmp/tds $d/sys $d/sept $d/page >/tmp/all
	inject clear
	wait $pid || return 1
	head -n 30 /tmp/all | sed "s/^/# /"
	grep -q "lock OP_STATE" /tmp/all && grep -q "  vcpu 0 tdvpr" /tmp/all &&
		grep -q " level 0 MAPPED " /tmp/all &&
		grep -q "4K $tdr TDR owner 0x0" /tmp/all
}

leaves_nothing_behind()
{
	! grep -q . $d/tds && unload_modules && [ ! -d $d ]
}

echo "KTAP version 1"
echo "1..6"
modprobe irqbypass 2>/dev/null
insmod modules/tdx_swmod.ko || exit 1
check bad_lines_are_refused refuses_bad_lines
check a_host_comes_up_with_faults comes_up_with_faults
check a_td_runs td_runs
check a_td_runs_although_locks_are_lost td_survives_busy
check a_td_can_be_read_while_it_runs shows_td_that_runs
check nothing_stays_behind leaves_nothing_behind
exit $failed

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: CPUs that go, KVM that goes, sleep, and
# sleep that is refused.
set -u
cd /payload || exit 1
. ./load-modules.sh
. ./keep.sh
. ./checks.sh

cpu1()
{
	echo "$1" >/sys/devices/system/cpu/cpu1/online
}

# cpu1_goes_and_comes: sets "flushes" to what CPU 1 wrote back by then.
cpu1_goes_and_comes()
{
	before=$(wbinvds 1)
	cpu1 0 || return 1
	flushes=$(($(wbinvds 1) - before))
	cpu1 1
}

# attribute NAME MODE PATTERN, of the device
attribute()
{
	file=/sys/devices/faux/tdx_host/$1
	[ "$(stat -c %a $file)" = "$2" ] && grep -qxE "$3" $file
}

# shows FILE PATTERN, of tdx_host's debugfs
shows()
{
	grep -qxE "$2" "/sys/kernel/debug/tdx_host/$1" && return
	sed "s/^/# $1: /" "/sys/kernel/debug/tdx_host/$1"
	return 1
}

pamt_adds_up()
{
	awk '/^\[/ { sum += $(NF - 1) } /^PAMT/ { total[$2] = $3 }
	     END { exit !sum || sum != total["pages"] || sum * 4096 != total["bytes"] }' \
		/sys/kernel/debug/tdx_host/tdmrs
}

test_operator()
{
	check "version of the TDX module" attribute version 444 '1\.5\.[0-9][0-9]'
	# The emulated CPU has the erratum, by bit 60 of VMX_BASIC.
	check "P-SEAMLDR is not there to be asked" \
		[ ! -e /sys/devices/faux/tdx_host/seamldr_version ]
	check "features have names" shows features '18 NO_RBP_MOD'
	check "no feature without a name" refused grep -q '?' \
		/sys/kernel/debug/tdx_host/features
	check "the module's KeyID" shows keyids 'module 32'
	check "no KeyID is used" shows keyids 'used   0'
	check "a TDMR with its PAMT" shows tdmrs \
		'\[0x[0-9a-f]+, 0x[0-9a-f]+\) reserved areas [0-9]+, PAMT 0x[0-9a-f]+, [1-9][0-9]* pages'
	check "the sum of PAMTs in pages and bytes" pamt_adds_up
}

test_hotplug()
{
	check "CPU 1 goes and comes without TDs" cpu1_goes_and_comes
	check "and once more, without a SEAMCALL since" cpu1_goes_and_comes
	alone=$flushes
	check "TDs have run on both CPUs" keep_tds rest
	check "they use KeyIDs" shows keyids 'used   2'
	check "others are free" shows keyids 'free   29'
	check "CPU 1 goes and comes with a TD" cpu1_goes_and_comes
	echo "# $alone write-backs without a SEAMCALL, $flushes with a vCPU to flush"
	check "it wrote back before KVM's callback, and after its VP.FLUSH" \
		[ "$flushes" = $((alone + 2)) ]
	check "the TDs go on" end_tds
}

test_unload()
{
	zero=$(wbinvds 0) one=$(wbinvds 1)
	check "KVM is unloaded" rmmod kvm_intel
	echo "# write-backs of KVM's unload: $(($(wbinvds 0) - zero)) $(($(wbinvds 1) - one))"
	check "each CPU wrote back when it left VMX operation" \
		[ "$(wbinvds 0) $(wbinvds 1)" = "$((zero + 1)) $((one + 1))" ]
	rmmod kvm
	check "and loaded again" load_modules
}

try_to_sleep()
{
	echo "$1" >/sys/power/state
}

# Nobody is at the other end of the second serial line.  It is slow, and its transmitter
# asks for more every half second: the interrupt that wakes the machine.  The line has
# to stay open, as a process that waits to close it would be interrupted.
suspend_to_idle()
{
	stty -F /dev/ttyS1 300 raw
	echo enabled >/sys/class/tty/ttyS1/power/wakeup
	{
		head -c 60 /dev/zero >&3
		try_to_sleep freeze
	} 3>/dev/ttyS1
}

logged()
{
	dmesg | grep -q "$1"
}

test_sleep()
{
	check "TDs run on both CPUs" keep_tds run
	check "suspend to idle, and awake again" suspend_to_idle
	check "it was asleep" [ "$(cat /sys/power/suspend_stats/success)" = 1 ]
	check "the machine has suspend to memory" grep -q deep /sys/power/mem_sleep
	echo deep >/sys/power/mem_sleep
	check "no suspend to memory" refused try_to_sleep mem
	check "and why" logged 'no suspend to memory while TDX is on'
	check "no hibernation" refused try_to_sleep disk
	check "and why not" logged 'no hibernation while TDX is on'
	check "the TDs have gone on" end_tds
}

echo "KTAP version 1"
echo "1..30"
modprobe msr
check "TDX comes up" load_modules
test_operator
test_hotplug
test_unload
test_sleep
check "the kernel log is clean" check_kernel_log
exit "$bad"

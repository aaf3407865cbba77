#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: modules come and go.
set -u
cd /payload || exit 1
. ./load-modules.sh

ROUNDS=$(cat rounds)
# PAMTs that nobody owns any more are 4 MiB in each round; noise stays far below.
SLACK_KIB=1024
n=0 bad=0

result()
{
	n=$((n + 1))
	[ "$1" = ok ] || bad=1
	echo "$1 $n $2"
}

free_kib()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	# KASAN keeps freed objects back until their cache is shrunk.
	for cache in /sys/kernel/slab/*/shrink; do
		[ ! -e "$cache" ] || echo 1 >"$cache"
	done
	sleep 1
	awk '/^MemFree:/ { print $2 }' /proc/meminfo
}

# check TEXT COMMAND...: it has to succeed.
check()
{
	text=$1
	shift
	"$@" && result ok "$text" || result "not ok" "$text"
}

# refused COMMAND...: it has to fail.
refused()
{
	! "$@" 2>/dev/null
}

unload()
{
	for name in "$@"; do
		[ ! -d "/sys/module/$name" ] || rmmod "$name" || return 1
	done
}

# What "modprobe -r kvm_intel" does: all that nobody uses any more.
unload_unused()
{
	unload kvm_intel kvm && refused rmmod tdx_host && refused rmmod tdx_swmod
}

load_and_unload()
{
	load_modules && refused shut_down_tdx && unload_unused && unload_modules
}

# TDX stays, and is there again for the next kvm_intel.
load_and_unload_kvm()
{
	load_modules && unload_unused && refused shut_down_tdx
}

# rounds TEXT COMMAND: ROUNDS times, without a loss of memory.
rounds()
{
	settled='' end=''
	for round in $(seq $ROUNDS); do
		check "round $round: $1" "$2" || break
		end=$(free_kib)
		echo "# free memory after round $round: $end KiB"
		# The first rounds fill the kernel's own caches.
		[ "$round" != 3 ] || settled=$end
	done
	check "no memory is lost: $1" [ $((${settled:-0} - end)) -le $SLACK_KIB ]
}

tdx_is_off()
{
	dmesg | grep -q 'TDX is off: .*tdx_swmod' && return
	dmesg | grep -i tdx | tail -n 5 | sed 's/^/# /'
	return 1
}

echo "KTAP version 1"
echo "1..$((2 * ROUNDS + 6))"

# Without a TDX module kvm_intel serves ordinary VMs, and says why TDX is off.
modprobe irqbypass 2>/dev/null
insmod modules/tdx_host.ko && insmod modules/kvm.ko && insmod modules/kvm-intel.ko tdx=1
check "kvm_intel tdx=1 loads without a TDX module" [ -c /dev/kvm ]
check "it says why TDX is off, and what is missing" tdx_is_off
check "it unloads" unload kvm_intel kvm tdx_host

rounds "all modules come, are shut down and go" load_and_unload

# A module without SYS.DISABLE never goes again: these are the last rounds.
sed -i 's/^tdx_swmod.ko.*/tdx_swmod.ko sys_disable=0/' modules/order
rounds "without SYS.DISABLE, TDX survives a reload of KVM" load_and_unload_kvm

check "the kernel log is clean" check_kernel_log
exit $bad

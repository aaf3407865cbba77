#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: modules come and go.
set -u
cd /payload || exit 1
. ./load-modules.sh

ROUNDS=10
# A round that leaks the PAMT loses 4 MiB; noise stays far below.
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

unload()
{
	for name in kvm_intel kvm tdx_host tdx_swmod; do
		[ ! -d "/sys/module/$name" ] || rmmod "$name" || return 1
	done
}

echo "KTAP version 1"
echo "1..$((ROUNDS + 6))"

# Without a TDX module kvm_intel serves ordinary VMs, and says why TDX is off.
modprobe irqbypass 2>/dev/null
insmod modules/tdx_host.ko && insmod modules/kvm.ko && insmod modules/kvm-intel.ko tdx=1
[ -c /dev/kvm ] && result ok "kvm_intel tdx=1 loads without a TDX module" ||
	result "not ok" "kvm_intel tdx=1 loads without a TDX module"
if dmesg | grep -q 'TDX is off: .*tdx_swmod'; then
	result ok "it says why TDX is off, and what is missing"
else
	result "not ok" "it says why TDX is off, and what is missing"
	dmesg | grep -i tdx | tail -n 5 | sed 's/^/# /'
fi
unload && result ok "it unloads" || result "not ok" "it unloads"

settled=
for round in $(seq $ROUNDS); do
	if load_modules && unload; then
		result ok "round $round: all modules come and go"
	else
		result "not ok" "round $round: all modules come and go"
		break
	fi
	echo "# free memory after round $round: $(free_kib) KiB"
	# The first rounds fill the kernel's own caches.
	[ "$round" != 3 ] || settled=$(free_kib)
done

end=$(free_kib)
lost=$((${settled:-0} - end))
echo "# free memory after round 3: $settled KiB, after round $ROUNDS: $end KiB"
[ "$lost" -le $SLACK_KIB ] && result ok "no memory is lost" ||
	result "not ok" "no memory is lost: $lost KiB"
dmesg | grep -q 'remain with the TDX module' &&
	result "not ok" "the TDX module gave its memory back" ||
	result ok "the TDX module gave its memory back"
check_kernel_log && result ok "the kernel log is clean" ||
	result "not ok" "the kernel log is clean"
exit $bad

# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced inside the machine: load the four modules from ./modules, where the
# file "order" names everything in the order of insertion.

load_modules()
{
	mountpoint -q /sys/kernel/debug 2>/dev/null ||
		mount -t debugfs debug /sys/kernel/debug 2>/dev/null
	# What the kernel itself has left behind until here is none of ours.
	[ -n "${leaks_before+set}" ] || leaks_before=$(scan_for_leaks)
	# kvm.ko needs the kernel package's own module, where it is one.
	modprobe irqbypass 2>/dev/null
	while read -r name args; do
		[ -d "/sys/module/$(echo "${name%.ko}" | tr - _)" ] && continue
		# shellcheck disable=SC2086
		insmod "modules/$name" $args || {
			echo "kvm-tdx: cannot load $name" >&2
			dmesg | tail -n 20 >&2
			return 1
		}
	done <modules/order
	case $(cat /sys/module/kvm_intel/parameters/tdx) in
	Y | 1) return 0 ;;
	esac
	echo "kvm-tdx: kvm-intel loaded, but without TDX; the kernel says:" >&2
	dmesg | grep -iE 'tdx|kvm' >&2
	return 1
}

# Once TDX was on, tdx_host stays until it is told to end it.
shut_down_tdx()
{
	echo 1 >/sys/module/tdx_host/parameters/shutdown
}

unload_modules()
{
	for name in kvm_intel kvm tdx_host tdx_swmod; do
		[ -d "/sys/module/$name" ] || continue
		[ "$name" != tdx_host ] || shut_down_tdx || return 1
		rmmod "$name" || return 1
	done
}

KMEMLEAK=/sys/kernel/debug/kmemleak

# The debug kernel knows of leaks: an object counts once it is five seconds old
# and two scans have found no pointer to it.  Prints each only once.
scan_for_leaks()
{
	[ -w $KMEMLEAK ] || return 0
	sleep 6
	echo scan >$KMEMLEAK
	echo scan >$KMEMLEAK
	cat $KMEMLEAK
	echo clear >$KMEMLEAK
}

BAD_LOG='BUG:|WARNING:|Oops|possible (circular|recursive)|general protection'
# What else the debug kernel says; lockdep that has switched itself off finds
# nothing any more.
BAD_LOG="$BAD_LOG|UBSAN:|ODEBUG:|INFO: (task|trying|rcu)|locking correctness validator"

# With dynamic PAMT, pairs of metadata pages are there for as long as TDs are: what
# is left behind them is a leak.
pairs_left()
{
	for i in 1 2 3 4 5; do
		pairs=$(sed -n 's/^pairs *//p' /sys/kernel/debug/tdx_host/tdmrs 2>/dev/null)
		[ "${pairs:-0}" = 0 ] && return 1
		sleep 1
	done
	echo "kvm-tdx: $pairs pairs of metadata pages are left" >&2
}

# A test that leaves a splat behind has failed, whatever it says itself.  KNOWN_LOG
# is what a test has a reason to pass over.
kernel_log_is_clean()
{
	leaks=$(scan_for_leaks)
	[ -z "$leaks" ] ||
		echo "$leaks" | sed 's/^/kvm-tdx: leak: /' >&2
	report=$(dmesg | grep -vE "${KNOWN_LOG:-^$}" | grep -E -A 40 "$BAD_LOG" | head -n 300)
	[ -z "$report" ] || echo "$report" | sed 's/^/kvm-tdx: kernel log: /' >&2
	[ -z "$leaks" ] && [ -z "$report" ]
}

# The same where no TD is left, nor may a pair be.
check_kernel_log()
{
	kernel_log_is_clean && ! pairs_left
}

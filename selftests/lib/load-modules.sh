# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced inside the machine: load the four modules from ./modules, where the
# file "order" names everything in the order of insertion.

load_modules()
{
	mountpoint -q /sys/kernel/debug 2>/dev/null ||
		mount -t debugfs debug /sys/kernel/debug 2>/dev/null
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

# A test that leaves a splat behind has failed, whatever it says itself.
check_kernel_log()
{
	dmesg | grep -E 'BUG:|WARNING:|Oops|Call Trace|possible (circular|recursive)|general protection' |
		sed 's/^/kvm-tdx: kernel log: /' >&2 || :
	! dmesg | grep -qE 'BUG:|WARNING:|Oops|possible (circular|recursive)|general protection'
}

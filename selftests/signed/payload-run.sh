#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: KVM and TDX under module.sig_enforce=1.  The
# kernel argument signed.key says whether this kernel knows the key of ./signed.
set -u
cd /payload || exit 1
. ./load-modules.sh

kver=$(uname -r)
key=$(sed -n 's/.*signed\.key=\([a-z]*\).*/\1/p' /proc/cmdline)
tree=/lib/modules/$kver
n=0 bad=0

# check NAME COMMAND...
check()
{
	what=$1
	shift
	n=$((n + 1))
	if "$@" >/tmp/said 2>&1; then
		echo "    ok $n $what"
		return
	fi
	bad=1
	echo "    not ok $n $what"
	{ cat /tmp/said; dmesg | tail -n 5; } | sed 's/^/    # /'
}

enforces()
{
	[ "$(cat /sys/module/module/parameters/sig_enforce)" = Y ]
}

# refused DIR TEXT: a module of DIR does not load, and the log has TEXT.
refused()
{
	dmesg -c >/dev/null
	! insmod "$1/tdx_host.ko" && [ ! -e /sys/module/tdx_host ] && dmesg | grep "$2"
}

# info STATE TEXT: tdx-info's line on signatures.
info()
{
	./tdx-info --json | tr '{' '\n' | grep '"secure-boot"' | tee /dev/stderr |
		grep "\"$1\"" | grep -q "$2"
}

# As depmod has it where a package's modules lie below updates/.
install_modules()
{
	rm -rf "$tree"
	mkdir -p "$tree/updates/dkms" "$tree/kernel/arch/x86/kvm" "$tree/kernel/virt/lib"
	cp "$1"/tdx_host.ko "$1"/tdx_swmod.ko "$1"/kvm.ko "$1"/kvm-intel.ko "$tree/updates/dkms/"
	cp stock/kvm.ko stock/kvm-intel.ko "$tree/kernel/arch/x86/kvm/"
	cp stock/irqbypass.ko "$tree/kernel/virt/lib/"
	cat >"$tree/modules.dep" <<-DEP
	updates/dkms/tdx_swmod.ko:
	updates/dkms/tdx_host.ko:
	updates/dkms/kvm.ko: kernel/virt/lib/irqbypass.ko
	updates/dkms/kvm-intel.ko: updates/dkms/kvm.ko updates/dkms/tdx_host.ko kernel/virt/lib/irqbypass.ko
	kernel/virt/lib/irqbypass.ko:
	DEP
}

load_stock()
{
	insmod stock/irqbypass.ko && insmod stock/kvm.ko && insmod stock/kvm-intel.ko tdx=1
}

is_stock()
{
	[ -d /sys/module/kvm_intel ] && [ ! -e /sys/module/kvm_intel/parameters/tdx ]
}

# enable DIR TEXT: it says TEXT, and KVM is what it was.
enable_refuses()
{
	install_modules "$1"
	! ./tdx-info --enable >/tmp/enable 2>&1 || return 1
	cat /tmp/enable
	grep -q "$2" /tmp/enable && is_stock && ./plain_vm
}

load_signed()
{
	insmod signed/irqbypass.ko && ln -sfn signed modules && load_modules
}

# The kernel marks itself once an unsigned module was loaded.
untainted()
{
	[ $(($(cat /proc/sys/kernel/tainted) & 8192)) = 0 ]
}

unknown_key()
{
	check "modules with a key that the kernel does not know are refused" \
		refused signed 'Loading of module with unavailable key is rejected'
	check "the kernel's own kvm_intel loads with tdx=1" load_stock
	check "it runs an ordinary VM" ./plain_vm
	check "tdx-info --enable leaves it alone if ours is not signed" \
		enable_refuses modules 'is not signed'
	check "tdx-info says that unsigned modules are refused" info missing sig_enforce
	check "tdx-info --enable brings it back if the key of ours is not known" \
		enable_refuses signed 'does not load'
	check "tdx-info says that the key may not be enrolled" info note 'if their key is enrolled'
}

known_key()
{
	check "modules with a key that the kernel knows load, and TDX is on" load_signed
	check "none of them counts as unsigned" untainted
	check "a TD lives and dies" ./td_life
	check "tdx-info says that the kernel has loaded them" info ok 'has loaded ours'
}

mv modules unsigned
ln -s unsigned modules
check "the kernel wants signatures" enforces
check "unsigned modules are refused" refused unsigned 'Loading of unsigned module is rejected'
${key}_key
check "the kernel's log has no fault" check_kernel_log
echo "    1..$n"
exit $bad

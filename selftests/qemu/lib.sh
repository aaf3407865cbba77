# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced on the host, with $top set, after selftests/lib/payload.sh: what the
# machine runs, and QEMU's arguments.

here=$top/selftests/qemu
machine=$top/selftests/machine
work=$top/build/selftests/qemu
guest_modules="virtio_blk virtio_net tdx-guest"

# notify_module KVER: a module for the TD, if this kernel's headers are here.
notify_module()
{
	local dir=$top/build/$1/notify headers
	headers=$(cd "$top" && . scripts/lib.sh && headers_dir "$1")
	[ -e "$headers/Makefile" ] || return 0
	mkdir -p "$dir"
	ln -sf "$here/Kbuild" "$here/td-notify.c" "$dir/"
	make -s -C "$headers" M="$dir" modules >"$dir/build.log" 2>&1 || {
		cat "$dir/build.log" >&2
		return 1
	}
	strip -g --strip-unneeded -R .BTF -o "$dir/stripped.ko" "$dir/td-notify.ko"
	echo "$dir/stripped.ko"
}

# guest_kernel DIR [ROOT]: vmlinuz, and the initramfs: mkboot's file system with modules,
# less what is for the machine, and over it ours, and ROOT.
guest_kernel()
{
	local kver=$KVER boot root notify
	[ "${GUEST:-}" != 7x ] || kver=$("$here/kernel-7x") || return 1
	boot=$("$machine/mkboot" --kver "$kver" --modules "$guest_modules") || return 1
	notify=$(notify_module "$kver") || return 1
	root=$(mktemp -d "${TMPDIR:-/tmp}/kvm-tdx-guest.XXXXXX")
	(cd "$root" && cpio -id --quiet <"$boot/base.cpio") || return 1
	rm -f "$root"/bin/machine-* "$root/sbin/poweroff" "$root"/lib/modules/*/modules.{order,builtin*}
	gcc -static -O2 -s -Wall -Wextra -I"$top/selftests/lib" -o "$root/bin/td-probe" "$here/td-probe.c"
	install -m 755 "$here/guest-init" "$root/td-init"
	[ -z "$notify" ] || cp "$notify" "$root/td-notify.ko"
	ln -s ../bin/busybox "$root/sbin/poweroff"
	echo 'PS1="td# "' >"$root/etc/profile"
	[ -z "${2:-}" ] || cp -r "$2/." "$root/"
	# Small: the firmware and the kernel compute its hash.
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) | zstd -19 -q >"$1/initrd"
	rm -rf "$root"
	cp "$boot/bzImage" "$1/vmlinuz"
}

# qemu_payload DIR: QEMU, its firmware, and our modules.
qemu_payload()
{
	local qemu
	qemu=$("$here/fetch") || return
	payload_modules "$1" "$KVER"
	cp -r "$qemu"/{bin,lib,share,OVMF.fd} "$1/payload/"
	grep -E '^(qemu-system-x86|ovmf) ' "$qemu/versions" | sed 's/^/qemu: package /'
}

# Nobody uses them, and firmware and kernel would look through them.
unused_devices=sata=off,smbus=off,usb=off,i8042=off,hpet=off,vmport=off

# td_args MIB VCPUS [QUOTES]: what makes QEMU's guest a TD, one argument a line.  Half
# of the memory is above 4 GiB: Debian's OVMF accepts all that is below.  QUOTES is the
# socket of the quote service.
td_args()
{
	local td=tdx-guest,id=tdx0
	[ -z "${3:-}" ] || td="{\"qom-type\":\"tdx-guest\",\"id\":\"tdx0\",\"quote-generation-socket\":{\"type\":\"unix\",\"path\":\"$3\"}}"
	printf '%s\n' -accel kvm -cpu host -m "${1}M" -smp "$2" \
		-machine "q35,confidential-guest-support=tdx0,kernel-irqchip=split" \
		-machine "max-ram-below-4g=256M,$unused_devices" \
		-object "$td" -bios OVMF.fd \
		-no-user-config -vga none
}

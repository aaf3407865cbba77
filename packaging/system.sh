# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fresh systems of Debian, which mmdebstrap makes as root, and TDs with the modules that
# came out of one.  Sourced after selftests/machine/debian13.sh, in the top folder;
# SUITE and ROOT say which Debian, and where.

inside() {
	env -i ${http_proxy:+http_proxy=$http_proxy} ${https_proxy:+https_proxy=$https_proxy} \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		chroot "$ROOT" "$@"
}

# make_system [ARCHIVE]: with SUITE-ARCHIVE, too.
make_system() {
	local mirror security
	while read -r mirror; do
		security=$(sed 's,/debian/*$,/debian-security,' <<<"$mirror")
		rm -rf "$ROOT"
		mmdebstrap --mode=root --variant=minbase --include=ca-certificates "$SUITE" "$ROOT" \
			"deb $mirror $SUITE main" "deb $mirror $SUITE-updates main" \
			${1:+"deb $mirror $SUITE-$1 main"} \
			"deb $security $SUITE-security main" && break
	done < <(mirrors)
	[ -e "$ROOT/etc/debian_version" ] || return 1
	mount -t proc proc "$ROOT/proc" && mount --rbind /dev "$ROOT/dev" &&
		mount --make-rslave "$ROOT/dev"
	# As this system reaches its mirrors.
	cp /etc/resolv.conf "$ROOT/etc/" 2>/dev/null
	cp /etc/apt/apt.conf.d/*proxy* "$ROOT/etc/apt/apt.conf.d/" 2>/dev/null
	inside apt-get update -q
}

end_system() {
	! mountpoint -q "$ROOT/proc" || umount "$ROOT/proc"
	! mountpoint -q "$ROOT/dev" || umount -l "$ROOT/dev"
	[ -n "${KEEP:-}" ] || rm -rf "$ROOT"
}

# run_tds KVER MODULES PAYLOAD TEST...: boot KVER in the machine with the modules in
# MODULES, and run programs of selftests/abi there.
run_tds() {
	local kver=$1 modules=$2 payload=$3 ko test
	shift 3
	rm -rf "$payload"
	mkdir -p "$payload/payload/modules" "$payload/payload/tests"
	for ko in "$modules"/*.ko; do
		strip -g -o "$payload/payload/modules/${ko##*/}" "$ko"
	done
	printf '%s\n' tdx_swmod.ko tdx_host.ko kvm.ko 'kvm-intel.ko tdx=1' >"$payload/payload/modules/order"
	cp selftests/lib/load-modules.sh "$payload/payload/"
	install -m 755 selftests/kvm/payload-run.sh "$payload/payload/run"
	make -s -C selftests/abi all >&2 || return 1
	for test; do
		strip -o "$payload/payload/tests/$test" "build/selftests/abi/$test" || return 1
	done
	selftests/machine/run-machine --kver "$kver" --payload "$payload" --cpus 1 --mem 768 \
		--timeout 600
}

# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced with $top set, after selftests/lib/payload.sh, in $top: the two sides, "ours"
# and "mainline", in the emulated machine.

# Builds what the cache has not got; sets mainline to a bzImage, and KVER.
peer_kernels()
{
	rc=0
	mainline=$(scripts/kernel-7x) || rc=$?
	[ "$rc" != 3 ] || {
		echo "kvm-tdx: no mirror in apt's sources has Debian 13's linux-source-7.x (trixie-backports): nothing to compare with" >&2
		exit 4
	}
	[ "$rc" = 0 ] || die "mainline's kernel did not build"
	KVER=$(selftests/debug-kernel/build peer) || die "the 6.12 kernel did not build"
	export KVER
	# Not what the environment of "make peer" says: the kernel is this one.
	make -s modules "KVER=$KVER" KERNEL= >&2
}

# peer_payload SIDE DIR
peer_payload()
{
	mkdir -p "$2/payload/modules"
	if [ "$1" = ours ]; then
		payload_modules "$2" "$KVER"
	else
		# All of it is in the kernel.
		: >"$2/payload/modules/order"
		cp selftests/lib/load-modules.sh "$2/payload/"
	fi
}

# peer_machine SIDE OPTION...
peer_machine()
{
	side=$1
	shift
	case $side in
	ours) set -- --kver "$KVER" --modules irqbypass "$@" ;;
	mainline) set -- --kernel "$mainline" "$@" ;;
	esac
	# Mainline's kernel executes STAC where the CPU has LASS, so SMAP stays,
	# for both.
	KVER="" selftests/machine/run-machine "$@" --timeout "${TIMEOUT:-1800}" --quiet \
		--keep-smap --append "loglevel=3 kvm_intel.tdx=1"
}

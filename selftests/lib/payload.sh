# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced on the host, with $top set: assemble a payload for the machine.

die()
{
	printf 'kvm-tdx: %s\n' "$*" >&2
	exit 1
}

# The kernel that the modules were built for; as the build chooses it.
newest_build()
{
	for dir in "$top"/build/*/stripped; do
		[ -d "$dir" ] && basename "$(dirname "$dir")"
	done | sort -V | tail -n 1
}

# payload_modules DIR KVER: our modules and the kernel's own that they need.
# SWMOD_ARGS are parameters of tdx_swmod, HOST_ARGS of tdx_host.  With MACHINE=seam the
# machine has loaded the software module itself.
payload_modules()
{
	out=$1/payload/modules
	built=$top/build/$2/stripped
	mkdir -p "$out"
	for name in tdx_swmod tdx_host kvm kvm-intel; do
		[ "$name" != tdx_swmod ] || [ "${MACHINE:-}" != seam ] || continue
		[ -f "$built/$name.ko" ] || {
			[ "$name" = tdx_swmod ] && continue
			die "$built/$name.ko is missing; run: make modules"
		}
		cp "$built/$name.ko" "$out/"
	done
	{
		[ ! -f "$out/tdx_swmod.ko" ] ||
			echo "tdx_swmod.ko${SWMOD_ARGS:+ $SWMOD_ARGS}"
		echo "tdx_host.ko${HOST_ARGS:+ $HOST_ARGS}"
		echo kvm.ko
		echo "kvm-intel.ko tdx=1"
	} >"$out/order"
	cp "$top/selftests/lib/load-modules.sh" "$1/payload/"
}

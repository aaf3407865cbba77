# SPDX-License-Identifier: GPL-2.0-only
#
# What the build scripts share; sourced, with the repository as $PWD.

SERIES=6.12
SOURCE_PKG=linux-source-$SERIES
SOURCE_TAR=${SOURCE_TAR:-/usr/src/$SOURCE_PKG.tar.xz}
SWMOD=arch/x86/virt/vmx/tdx/swmod

# The folders of tdx_swmod.ko, as its Kbuild names them.
swmod_rooms()
{
	sed -n 's/^rooms := //p' "$SWMOD/Kbuild" | tr ' ' '\n' | sed "s,^,$SWMOD/,"
}

# shellcheck disable=SC2046
our_dirs()
{
	echo arch/x86/kvm/hooks arch/x86/kvm/vmx/tdx arch/x86/kvm/vmx/tdx/mmu \
		arch/x86/virt/vmx/tdx "$SWMOD" $(swmod_rooms) include/uapi/asm
}

die()
{
	printf 'kvm-tdx: %s\n' "$*" >&2
	exit 1
}

# One line a step: what is done, and to what.
step()
{
	printf '  %-7s %s\n' "$1" "$2"
}

# Of a package whose files are there: dkms builds while headers are being configured.
pkg_version()
{
	dpkg-query -W -f '${db:Status-Abbrev} ${Version}\n' "$1" 2>/dev/null |
		sed -n 's/^.[iUFWt][^ ]* *//p'
}

# Kernels built here (selftests/debug-kernel/build) lie where the machine looks
# for one.
headers_dir()
{
	case $1 in
	*-tdxdebug | *-tdxkcsan | *-tdxpeer) echo "$(cache_dir)/linux-image-$1/build" ;;
	*) echo "/usr/src/linux-headers-$1" ;;
	esac
}

# built_kver debug|kcsan|peer
built_kver()
{
	pkg_version "$SOURCE_PKG" | sed "s/-.*/-tdx$1/"
}

headers_version()
{
	case $1 in
	*-tdxdebug | *-tdxkcsan | *-tdxpeer) pkg_version "$SOURCE_PKG" ;;
	*) pkg_version "linux-headers-$1" ;;
	esac
}

# Where a build happens; `make check` has one of its own.
tree_dir()
{
	echo "build/$1/${TREE:-tree}"
}

# Versions and flavours of the headers that are installed, newest last.
installed_kvers()
{
	for dir in /usr/src/linux-headers-"$SERIES".*-amd64; do
		[ -e "$dir/Makefile" ] || continue
		case $dir in *-rt-amd64) continue ;; esac
		echo "${dir#/usr/src/linux-headers-}"
	done | sort -V
}

# Of the newest version's flavours, the running kernel's goes first.
newest_kver()
{
	newest=$(installed_kvers | tail -n 1)
	running=$(uname -r)
	if [ "${newest%%-*}" = "${running%%-*}" ] &&
	   installed_kvers | grep -qxF "$running"; then
		echo "$running"
	else
		echo "$newest"
	fi
}

cache_dir()
{
	if [ -n "${XDG_CACHE_HOME:-}" ]; then
		echo "$XDG_CACHE_HOME/kvm-tdx"
	elif [ -n "${HOME:-}" ] && [ -d "$HOME" ]; then
		echo "$HOME/.cache/kvm-tdx"
	else
		echo "$PWD/build/cache"
	fi
}

# Pristine base KVM of source package version $1.
base_dir()
{
	echo "$(cache_dir)/base-$1"
}

# need_space DIR MIB WHAT: DIR may not exist yet.
need_space()
{
	dir=$1
	while [ ! -d "$dir" ]; do
		dir=$(dirname "$dir")
	done
	free=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] ||
		die "$3 needs $2 MiB of disk below $dir, $free MiB are free"
}

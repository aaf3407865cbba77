# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the machine's scripts share: messages, steps with their time, the cache.
# Sourced; the sourcing script has set -eu.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
CACHE=${XDG_CACHE_HOME:-${HOME:?HOME is not set, and it holds the cache}/.cache}/kvm-tdx

say() {
	printf 'machine: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

# step TEXT COMMAND...: run a long command quietly, in one line with its time.
step() {
	local text=$1 log start
	shift
	mkdir -p "$CACHE"
	log=$(mktemp "$CACHE/step.XXXXXX")
	start=$SECONDS
	printf 'machine: %s ... ' "$text" >&2
	if "$@" >"$log" 2>&1; then
		printf '%d s\n' $((SECONDS - start)) >&2
		rm -f "$log"
		return 0
	fi
	printf 'failed after %d s\n' $((SECONDS - start)) >&2
	tail -n 15 "$log" >&2
	say "$text failed; the whole output is in $log"
	return 1
}

# Free space, in MiB, where DIR is or will be made.
free_mib() {
	local dir=$1
	while [ ! -d "$dir" ]; do
		dir=$(dirname "$dir")
	done
	df -Pm "$dir" | awk 'NR == 2 { print $4 }'
}

need_space() {
	local dir=$1 mib=$2 have
	have=$(free_mib "$dir")
	[ "$have" -ge "$mib" ] ||
		die "$dir needs $mib MiB of free space and has $have; make room or set XDG_CACHE_HOME"
}

need_commands() {
	local command missing=
	for command; do
		command -v "$command" >/dev/null || missing="$missing $command"
	done
	[ -z "$missing" ] ||
		die "not found:$missing; run $HERE/packages-install"
}

# One process at a time fills the cache; another one waits and finds it full.
lock_cache() {
	mkdir -p "$CACHE" || die "cannot make the cache directory $CACHE"
	exec 8>"$CACHE/lock"
	flock -n 8 || {
		say "waiting for another build in $CACHE"
		flock 8
	}
}

unlock_cache() {
	exec 8>&-
}

# hash_of TEXT FILE...: names a cache entry after everything that made it.
hash_of() {
	local text=$1
	shift
	{
		printf '%s\n' "$text"
		cat "$@"
	} | sha256sum | cut -c1-16
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: the TDX module is replaced at runtime,
# with TDs, and refused, and lost.
set -u
cd /payload || exit 1
. ./load-modules.sh
. ./keep.sh
. ./checks.sh

UPLOAD=/sys/class/firmware/tdx_module
HOST=/sys/devices/faux/tdx_host

# The emulator's MSR for what VMX_BASIC has besides: bit 60, no erratum of SEAMRET.
without_erratum()
{
	printf '\000\000\000\000\000\000\000\020' | dd of=/dev/cpu/0/msr bs=16 \
		conv=notrunc seek=$((0x54445810 / 16)) 2>/dev/null
}

# upload ARGUMENT...: of module_image; succeeds once the kernel is done with it.
upload()
{
	dmesg -c >>/tmp/log
	./module_image "$@" >/tmp/image || return 1
	echo 1 >$UPLOAD/loading && cat /tmp/image >$UPLOAD/data &&
		echo 0 >$UPLOAD/loading || return 1
	for _ in $(seq 300); do
		[ "$(cat $UPLOAD/status)" = idle ] && return
		usleep 100000
	done
	return 1
}

updates()
{
	upload "$@" && [ -z "$(cat $UPLOAD/error)" ] && return
	cat $UPLOAD/error
	return 1
}

# fails_with ERROR SAYS ARGUMENT...: of module_image; SAYS is in the log.
fails_with()
{
	error=$1 says=$2
	shift 2
	upload "$@" && [ "$(cat $UPLOAD/error)" = "$error" ] &&
		dmesg | grep -q "tdx_host: .*$says" && return
	echo "# error $(cat $UPLOAD/error)"
	dmesg | sed 's/^/# /'
	return 1
}

# is ATTRIBUTE VALUE
is()
{
	[ "$(cat $HOST/"$1")" = "$2" ] || { echo "# $1: $(cat $HOST/"$1")"; return 1; }
}

cpu1()
{
	echo "$1" >/sys/devices/system/cpu/cpu1/online
}

test_refused()
{
	check "version before" is version 1.5.25
	check "updates that are left before" is num_remaining_updates 60
	check "an image of another format is refused" \
		fails_with preparing:firmware-invalid "image's version is 256" 6 header
	check "an image that is cut off is refused" \
		fails_with preparing:invalid-file-size 'its header says' 6 size
	cpu1 0
	check "no update with a CPU offline" \
		fails_with transferring:device-busy 'a CPU is offline' 6
	cpu1 1
	echo 0 >/sys/module/tdx_swmod/parameters/updates
	check "no update once P-SEAMLDR takes no more" \
		fails_with transferring:flash-wearout 'no more updates until a reset' 6
	echo 60 >/sys/module/tdx_swmod/parameters/updates
	check "nothing has happened by all that" is version 1.5.25
}

test_update()
{
	check "TDs run on both CPUs" keep_tds run
	check "the module is replaced below them" updates 6
	check "it has another version" is version 1.6.03
	check "one update less is left" is num_remaining_updates 59
	check "and once more" updates 7
	check "the TDs have gone on, and end" end_tds
	check "TDs are made and run on the new module" keep_tds rest
	check "it is replaced while vCPUs rest on their CPUs" updates 8
	check "they go on as well" end_tds
}

log_is_clean()
{
	dmesg -c >>/tmp/log
	! grep -E "$BAD_LOG" /tmp/log
}

read_version()
{
	cat $HOST/version
}

test_lost()
{
	check "TDs run before a module that is bad" keep_tds run
	check "P-SEAMLDR refuses it, and TDX is off" fails_with \
		transferring:firmware-invalid 'lost in an update: .*EBADHASH' 9 hash
	check "there is no version" refused read_version
	check "the TDs do not run, and their process ends" refused end_tds
	check "no TD is made any more" refused keep_tds run
	kill "$keeper" 2>/dev/null
	wait
	check "no update any more" fails_with transferring:device-busy 'TDX is off' 9
	check "KVM is unloaded, TDX ended" unload_modules
	check "a fresh module comes up" load_modules
	check "with the old version" is version 1.5.25
	check "TDs run on it" keep_tds run
	check "and end" end_tds
}

echo "KTAP version 1"
echo "1..33"
modprobe msr
check "TDX comes up on a CPU with the erratum" load_modules
check "which has no device for updates" [ ! -e $UPLOAD ]
check "it goes" unload_modules
check "the CPU has no erratum" without_erratum
check "TDX comes up" load_modules
test_refused
test_update
test_lost
check "the kernel log is clean" log_is_clean
[ "$bad" = 0 ] || tail -n 60 /tmp/log | sed 's/^/# /'
exit "$bad"

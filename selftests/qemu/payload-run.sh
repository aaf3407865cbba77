#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: load the modules, run QEMU with the
# arguments in ./args, look at the disk, hand the counters out.
set -u
cd /payload || exit 1
. ./load-modules.sh

DEBUG=/sys/kernel/debug
TRIGGER=$DEBUG/tracing/events/kvm/kvm_userspace_exit
DISK=/run/disk
TEXT_AT=256 ANSWER_AT=512 LEN=16
LOG_AT=1024 LOG_LEN=64

say()
{
	echo "qemu: $*"
}

# In blocks of 4 KiB: 0 the number of boots, 1 the sum of the text at 256; the TD
# puts its answer to 512, and its event log to 1024.
make_disk()
{
	truncate -s 16M $DISK
	seq 1 2000 | sed 's/^/this is what the host has written, line /' |
		head -c $((LEN * 4096)) >/run/text
	echo 0 | dd of=$DISK conv=notrunc 2>/dev/null
	sha1sum </run/text | cut -c1-40 | dd of=$DISK bs=4096 seek=1 conv=notrunc 2>/dev/null
	dd if=/run/text of=$DISK bs=4096 seek=$TEXT_AT conv=notrunc 2>/dev/null
}

wait_for_disk()
{
	n=0
	while [ ! -b $DISK ] && [ $n -lt 100 ]; do
		usleep 50000
		n=$((n + 1))
	done
}

disk_has_the_answer()
{
	[ "$(dd if=$DISK bs=4096 skip=$ANSWER_AT count=$LEN 2>/dev/null | sha1sum)" = \
		"$(tr '[:lower:]' '[:upper:]' </run/text | sha1sum)" ]
}

# KVM's counts go with the TD.  A TD's file is named by its debugfs folder's inode: two
# that follow each other may have the same name.
sample_counts()
{
	mkdir -p /run/tds
	for dir in $DEBUG/kvm/*-*; do
		[ ! -e "$dir/tdx" ] ||
			cat "$dir/tdx" >"/run/tds/$(stat -c %i "$dir")" 2>/dev/null
	done
}

# For a TD that ends without a word; of one that says so it is the last sample.
sample_now_and_then()
{
	while sleep 5; do
		sample_counts
	done
}

hand_out()
{
	cat /run/tds/* 2>/dev/null | machine-put kvm.txt
	machine-put leaves.txt <$DEBUG/tdx_swmod/leaves
	machine-put ticks.txt <$DEBUG/tdx_swmod/ticks
	cat $DEBUG/tdx_swmod/accepted_pages | machine-put accepted.txt
	cat $TRIGGER/hist 2>/dev/null | machine-put exits.txt
	dmesg | machine-put kernel.txt
}

# What the firmware does to the screen is not shown, unless a person looks.
run_qemu()
{
	set -- lib/ld-linux-x86-64.so.2 --library-path lib bin/qemu-system-x86_64 \
		-L share "$@"
	[ ! -x ./around ] || set -- ./around "$@"
	if [ -t 0 ]; then
		"$@"
		return
	fi
	mkfifo /run/console
	awk '{
		gsub(/\033\[[0-9;=?!]*[a-zA-Z]|\033\][^\007]*\007|\r/, "")
		print
		fflush()
	}
	/^td: (reboot|power off)$/ { system("./run sample") }' </run/console &
	"$@" </dev/null >/run/console 2>&1
}

if [ "${1:-}" = sample ]; then
	sample_counts
	exit
fi
say "load the modules"
load_modules || exit 1
if grep -q /dev/sda args; then
	modprobe ata_piix
	modprobe sd_mod
	DISK=/dev/sda
	wait_for_disk
else
	make_disk
fi
echo 'hist:keys=reason' >$TRIGGER/trigger 2>/dev/null
sample_now_and_then &
sampler=$!
set --
while IFS= read -r arg; do
	set -- "$@" "$arg"
done <args
./fake-quote /run/quotes || exit 1
say "start QEMU"
run_qemu "$@"
status=$?
kill $sampler
say "QEMU has ended with status $status"
if [ $DISK != /dev/sda ]; then
	! disk_has_the_answer || say "ok: the disk holds what the TD wrote"
	dd if=$DISK bs=4096 skip=$LOG_AT count=$LOG_LEN 2>/dev/null | machine-put ccel.bin
fi
hand_out
check_kernel_log && say "ok: the host's kernel log is clean" || status=1
exit $status

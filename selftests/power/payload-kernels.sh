#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run, in three kernels one after the other:
# the machine's own, the one that kexec starts from there, and the one that a panic
# of that one starts.
set -u
cd /payload || exit 1
. ./load-modules.sh
. ./keep.sh
. ./checks.sh

# make_initrd EXCEPT: what the machine booted with, but for what was mounted since.
make_initrd()
{
	mkdir -p /run/empty/dev /run/empty/proc /run/empty/sys /run/empty/run /run/empty/tmp
	{
		(cd / && find bin sbin usr lib etc init root payload | grep -v "$1" |
			cpio -o -H newc)
		(cd /run/empty && find . | cpio -o -H newc)
	} >/run/initrd 2>/dev/null
}

# load_kernel {load|panic} STAGE ARGUMENTS, as the last check of a kernel
load_kernel()
{
	args=$(sed 's/ power\.[^ ]*//g; s/ crashkernel=[^ ]*//' /proc/cmdline)
	args="$args power.stage=$2 power.n=$n power.bad=$bad"
	args="$args power.wb0=$(wbinvds 0) power.wb1=$(wbinvds 1) $3"
	./kexec "$1" /payload/vmlinuz /run/initrd "$args"
}

# Sets "flushed" to what CPU 1 wrote back since the kernel before loaded this one.
look_at_cpu1()
{
	modprobe msr
	flushed=$(($(wbinvds 1) - $(argument wb1)))
	echo "# write-backs since: $(($(wbinvds 0) - $(argument wb0))) $flushed"
}

first()
{
	echo "KTAP version 1"
	echo "1..11"
	modprobe msr
	check "TDX comes up" load_modules
	check "TDs run on both CPUs for kexec" keep_tds run
	make_initrd '^$'
	check "the first kernel's log is clean" kernel_log_is_clean
	check "a kernel is loaded for kexec" load_kernel load second crashkernel=256M
	taskset 1 ./kexec start
	check "kexec starts it" false
	exit 1
}

second()
{
	look_at_cpu1
	# Two are there without vt_disable_virtualization_cpu()'s.
	check "CPU 1 wrote back when KVM stopped" [ "$flushed" -ge 3 ]
	check "TDX comes up in the second kernel" load_modules
	check "TDs run there" keep_tds run
	check "the second kernel's log is clean" kernel_log_is_clean
	make_initrd '/vmlinuz$'
	check "a kernel is loaded for a panic" load_kernel panic crash nr_cpus=1
	taskset 1 sh -c 'echo c >/proc/sysrq-trigger'
	check "a panic starts it" false
	exit 1
}

crash()
{
	look_at_cpu1
	check "CPU 1 wrote back in the panic" [ "$flushed" -ge 1 ]
	check "the crash kernel's log is clean" check_kernel_log
	exit "$bad"
}

stage=$(argument stage)
${stage:-first}

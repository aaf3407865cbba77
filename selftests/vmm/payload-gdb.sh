#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run: a debug TD that waits for gdb, and gdb,
# which does what ./script says.
set -u
cd /payload || exit 1
. ./load-modules.sh

load_modules || exit 1
set -- --gdb /run/gdb.socket
while IFS= read -r arg; do
	set -- "$@" "$arg"
done <args

# Refused, until the administrator has said otherwise.
./tdxrun "$@" 2>&1 && exit 1
echo 1 >/sys/module/kvm_intel/parameters/tdx_debug_tds
./tdxrun "$@" &
vmm=$!
while [ ! -S /run/gdb.socket ] && kill -0 $vmm; do
	usleep 50000
done
# Of this machine's kernel, for a TD that boots the same one: gdb has no vmlinux.
: >symbols
[ ! -e names ] ||
	sed -n "s/^\([0-9a-f]*\) [tT] \($(cat names)\)\$/set \$\2 = 0x\1/p" /proc/kallsyms >symbols
HOME=/run lib/ld-linux-x86-64.so.2 --library-path lib ./gdb -nx -batch -x symbols -x script 2>&1
wait $vmm
status=$?
check_kernel_log || [ "$status" != 0 ] || status=1
exit "$status"

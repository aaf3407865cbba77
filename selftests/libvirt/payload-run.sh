#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the machine, as /payload/run; prints KTAP.  libvirt's driver runs in
# virsh itself, so that no daemon is needed.
set -u
cd /payload || exit 1
. ./load-modules.sh

export LC_ALL=C
ROOT=/run/libvirt-root
IMAGES=/var/lib/libvirt/images
CONSOLE=/var/log/libvirt/qemu/td-console.log
nr=0 failed=0

# virsh COMMANDS: several, with ; between them.
virsh_says()
{
	timeout -s KILL "${LIMIT:-60}" virsh -c "qemu:///embed?root=$ROOT" "$1" 2>&1 |
		awk 'NF && !/ (info|warning) : / { print; fflush() }'
}

# result TEXT COMMAND...
result()
{
	text=$1
	shift
	nr=$((nr + 1))
	if "$@"; then
		echo "ok $nr $text"
	else
		echo "not ok $nr $text"
		failed=1
	fi
}

# said TEXT: in the last answer.
said()
{
	grep -qF -e "$1" /run/said
}

# Without virtlogd, QEMU writes its logs itself.
prepare()
{
	mkdir -p $ROOT/etc ${CONSOLE%/*}
	printf '%s\n' 'stdio_handler = "file"' 'user = "root"' 'group = "root"' \
		'security_driver = "none"' 'namespaces = []' 'cgroup_controllers = []' \
		>$ROOT/etc/qemu.conf
	truncate -s 16M $IMAGES/td.raw
	echo "of the host" | dd of=$IMAGES/td.raw conv=notrunc 2>/dev/null
}

# Files, edited as ./refusals says, are refused; one virsh, whose start takes seconds.
refusals()
{
	n=0 commands=
	while IFS='|' read -r name edit says; do
		n=$((n + 1))
		sed "$edit" td.xml >/run/td$n.xml
		commands="$commands echo case $n; define /run/td$n.xml; undefine td;"
	done <refusals
	virsh_says "domcapabilities --machine q35; $commands" </dev/null >/run/all
	sed '/^case 1/,$d' /run/all >/run/said
	result "libvirt sees that the host has TDX" said "<tdx supported='yes'"
	n=0
	while IFS='|' read -r name edit says; do
		n=$((n + 1))
		sed -n "/^case $n\$/,/^case $((n + 1))\$/p" /run/all >/run/said
		sed 's/^/# /' /run/said
		result "refused: $name" said "$says"
	done <refusals
}

# QEMU may take a moment to end.
keyid_is_free()
{
	n=0
	while ! grep -q '^TDH.MNG.KEY.FREEID *SUCCESS *1$' /sys/kernel/debug/tdx_swmod/leaves; do
		n=$((n + 1))
		[ $n -lt 100 ] || return 1
		usleep 100000
	done
}

# The TD is paused while virsh asks for what a TD cannot have.
td_runs()
{
	commands=$(cut -d'|' -f1 refusals-live | sed 's/$/;/')
	tail -n +1 -F $CONSOLE 2>/dev/null | tr -d '\r' &
	LIMIT=600 virsh_says "define td.xml; start td --paused; $commands resume td;
		event --domain td --event lifecycle --timeout 500;
		destroy td; undefine td" </dev/null | tee /run/said | sed 's/^/# /'
	kill $! 2>/dev/null
	result "virsh starts td.xml" said "Domain 'td' started"
	while IFS='|' read -r command says; do
		result "refused: $command" said "$says"
	done <refusals-live
	for line in "Memory Encryption Features active: Intel TDX" \
		"a TDX guest with 1 CPU" "MRTD " "the host's disk" "a network card"; do
		result "on the console: $line" grep -q "td: $line" $CONSOLE
	done
	result "libvirt sees the TD power off" said "Shutdown Finished after guest request"
	result "its KeyID is free again" keyid_is_free
}

load_modules || exit 1
prepare
echo "KTAP version 1"
refusals
td_runs
result "the kernel log is clean" check_kernel_log
echo "1..$nr"
exit $failed

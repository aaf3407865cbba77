# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced inside the machine: results, and what the CPUs wrote back.  A kernel that
# another one started learns from its arguments what was before.

# argument NAME: of the kernel's, "power.NAME=".
argument()
{
	sed -n "s/.*\\<power\\.$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline
}

n=$(argument n) bad=$(argument bad)
n=${n:-0} bad=${bad:-0}

# check TEXT COMMAND...: it has to succeed.
check()
{
	text=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n $text"
	else
		echo "not ok $n $text"
		bad=1
	fi
}

# refused COMMAND...: it has to fail.
refused()
{
	! "$@" 2>/dev/null
}

# The emulator counts what each CPU has written back, from power on.
wbinvds()
{
	dd if=/dev/cpu/0/msr bs=8 count=1 iflag=skip_bytes \
		skip=$((0x54445800 + $1)) 2>/dev/null | od -An -tu8 | tr -d ' '
}

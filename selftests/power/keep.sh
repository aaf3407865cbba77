# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced inside the machine: TDs in the background, see td_keep.c.

# keep_tds {run|rest}
keep_tds()
{
	rm -f /tmp/keep
	./td_keep "$1" >/tmp/keep &
	keeper=$!
	for _ in $(seq 300); do
		grep -q . /tmp/keep && break
		usleep 100000
	done
	grep -q ready /tmp/keep
}

# They have to run once more.
end_tds()
{
	kill -TERM "$keeper" && wait "$keeper"
}

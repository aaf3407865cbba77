# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Packages and sources of Debian 13, on either Debian, from the mirrors that
# apt already uses, checked by apt.  Sourced after lib.sh; nothing of the
# system's apt state changes.

# Base addresses of the Debian archives in apt's sources, both file formats.
mirrors() {
	all_mirrors | awk '!/^cdrom:/ && !seen[$0]++'
}

all_mirrors() {
	local f
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -f "$f" ] || sed -n 's/^deb\(-src\)\? *\(\[[^]]*\]\)\? *//p' "$f" |
			awk '$2 !~ /security/ { print $1 }'
	done
	for f in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$f" ] || deb822_mirrors "$f"
	done
}

deb822_mirrors() {
	grep -v '^#' "$1" | awk '
		function flush() {
			if (enabled && suites !~ /security/)
				for (i = 1; i <= n; i++) print uri[i]
			n = 0; suites = ""; enabled = 1; field = ""
		}
		BEGIN { enabled = 1 }
		/^[ \t]*$/ { flush(); next }
		/^[^ \t]/ { field = tolower($1); sub(/^[^:]*:/, "") }
		field ~ /^uris:/ { for (k = 1; k <= NF; k++) uri[++n] = $k }
		field ~ /^suites:/ { suites = suites " " $0 }
		field ~ /^enabled:/ && /no/ { enabled = 0 }
		END { flush() }'
}

# debian13_apt deb|deb-src MIRROR [SUITE...]: sets APT13, options of apt-get for
# these suites alone (trixie unless given), and fetches their indices.
debian13_apt() {
	local suites=${*:3} suite dir key options=
	suites=${suites:-trixie}
	dir=$CACHE/apt-$1
	[ "$suites" = trixie ] || dir=$dir-${suites// /-}
	for key in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
		[ ! -f "$key" ] || options="[signed-by=$key]"
	done
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	for suite in $suites; do
		echo "$1 $options $2 $suite main"
	done >"$dir/sources.list"
	APT13=(-qq -o Dir::Etc::sourcelist="$dir/sources.list"
		-o Dir::Etc::sourceparts=- -o Dir::State::lists="$dir/lists"
		-o Dir::Cache="$dir" -o APT::Sandbox::User=root)
	apt-get "${APT13[@]}" update >&2
}

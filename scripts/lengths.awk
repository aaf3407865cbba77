# SPDX-License-Identifier: GPL-2.0-only
#
# Name functions of more than 70 lines and files of more than 800.

FNR == 1 { finish(); file = FILENAME; start = 0 }
/^{/ { start = FNR; name = last }
/^}/ {
	if (start && FNR - start - 1 > 70)
		printf "%s:%d: %d lines: %s\n", file, start, FNR - start - 1, name
	start = 0
}
/^[a-zA-Z_].*\(/ { last = $0 }
{ lines = FNR }
END { finish() }

function finish()
{
	if (lines > 800)
		printf "%s: %d lines\n", file, lines
	lines = 0
}

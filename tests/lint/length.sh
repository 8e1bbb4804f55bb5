#!/usr/bin/env bash
# Functions aim at 40 lines; none is longer than 70. Brace in column one opens
# and closes a function in KNF. (Unit tests hold tables: any length.)
set -u
bad=0
while IFS= read -r f; do
	awk -v max=70 '
	/^\{/ && prev !~ /=$/ { start = NR }
	/^\}/ && start { if (NR - start - 1 > max) {
		printf "%s:%d: a function of %d lines\n", FILENAME, start,
		    NR - start - 1; bad = 1 }
		start = 0 }
	{ prev = $0 }
	END { exit bad }' "$f" || bad=1
done < <(find . \( -path './build*' -o -path ./tests/unit \) -prune -o -name '*.c' -print |
    sed 's|^\./||' | sort)
exit $bad

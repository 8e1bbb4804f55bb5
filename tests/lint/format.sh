#!/usr/bin/env bash
# clang-format 14 is the referee of layout (make format).
set -u
command -v clang-format-14 >/dev/null || {
	echo "no clang-format-14 here"
	exit 77
}
find . -path './build*' -prune -o -name '*.[ch]' -print | sort |
    xargs clang-format-14 --dry-run --Werror 2>&1 |
    grep -E 'error:' | sed 's/: error:.*//' | sort -u | awk -F: '
	{ n[$1]++; if (!($1 in first)) first[$1] = $2 }
	END { for (f in n) { bad = 1
		printf "%s: %d places, first line %s\n", f, n[f], first[f] }
		exit bad }'

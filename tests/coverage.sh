#!/usr/bin/env bash
# Lines of our own code that the tests reached, by gcov, worst file first,
# then the total. Needs a build with --coverage in $BUILD that has run.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build-coverage}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$PWD/$BUILD/obj" -name '*.gcno' -not -path '*/tests/*' |
    (cd "$work" && xargs gcov -n -s "$OLDPWD" -r 2>/dev/null) |
    awk -F"'" '/^File/ { file = $2 }
	/^Lines executed:/ && file !~ /\.h$/ && file != "" {
		split($0, part, /[:% ]+/)
		pct = part[3]; n = part[5]
		hit += pct * n / 100; all += n
		printf "%7.2f%% %6d  %s\n", pct, n, file
		file = ""
	}
	END { printf "%7.2f%% %6d  total\n", all ? 100 * hit / all : 0, all }' |
    sort -n -k1,1 | awk '/ total$/ { t = $0; next } { print } END { print t }'

#!/usr/bin/env bash
# Every script and every bats file, by shellcheck.
set -u
command -v shellcheck >/dev/null || {
	echo "no shellcheck here"
	exit 77
}
{
	find . \( -path './build*' -o -path ./.git \) -prune -o \
	    \( -name '*.sh' -o -name '*.bats' -o -name '*.bash' \) -print
	echo .ci/run
} | sort | xargs shellcheck -x -f gcc

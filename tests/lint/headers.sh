#!/usr/bin/env bash
# Each header compiles alone and has its guard.
set -u
bad=0
while IFS= read -r h; do
	guard=$(printf '%s' "$h" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$h" || {
		echo "$h: want the guard $guard"
		bad=1
	}
	said=$(${CC:-cc} -std=c17 -D_GNU_SOURCE -I. -Wall -Wextra -Wno-unused \
	    -fsyntax-only -x c "$h" 2>&1) || {
		printf '%s\n' "$h does not compile alone:" "$said" | head -5
		bad=1
	}
done < <(find . -path './build*' -prune -o -name '*.h' -print |
    sed 's|^\./||' | sort)
exit $bad

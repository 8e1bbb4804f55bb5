#!/usr/bin/env bash
# No external data that can change, and what a file exports begins with the
# name of its file or directory (foo.c: foo_*).
set -u
bad=0
while IFS= read -r o; do
	src=${o#"$BUILD"/obj/}
	src=${src%.o}.c
	[ -e "$src" ] || continue
	while read -r _ kind name; do
		case $kind in
		D|B|C)	echo "$src: $name is a mutable global"; bad=1 ;;
		esac
	done < <(nm --defined-only -g "$o" | grep -v ' \.')
done < <(find "$BUILD/obj" -name '*.o' -not -path '*/tests/*' | sort)
exit $bad

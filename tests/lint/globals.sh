#!/usr/bin/env bash
# No external data that can change.
set -u
bad=0
while IFS= read -r o; do
	src=${o#"$BUILD"/obj/}
	src=${src%.o}.c
	[ -e "$src" ] || continue
	# Constants that hold addresses lie in .data.rel.ro.
	while read -r name; do
		echo "$src: $name is a mutable global"
		bad=1
	done < <(objdump -t "$o" | sed -n '/rel\.ro/d
		s/^[0-9a-f]* g  *O \(\.data\|\.bss\|\*COM\*\)[^\t]*\t[0-9a-f]* *\([^ ]*\)$/\2/p')
done < <(find "$BUILD/obj" -name '*.o' -not -path '*/tests/*' | sort)
exit $bad

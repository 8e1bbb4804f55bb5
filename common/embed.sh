#!/bin/sh
# embed.sh NAME FILE...: print a C source that holds the files as bytes, in the
# order given: NAME[] of struct embed (common/embed.h), NAME_count entries.
set -eu
name=$1
shift
echo '#include "common/embed.h"'
i=0
for f in "$@"; do
	printf 'static const unsigned char file_%d[] = {\n' "$i"
	od -An -v -tu1 "$f" | sed 's/  */,/g; s/^,//; s/$/,/'
	printf '0};\n'
	i=$((i + 1))
done
printf 'const struct embed %s[] = {\n' "$name"
i=0
for f in "$@"; do
	printf '\t{"%s", file_%d, sizeof(file_%d) - 1},\n' \
	    "$(basename "$f")" "$i" "$i"
	i=$((i + 1))
done
printf '\t{0, 0, 0},\n};\nconst size_t %s_count = %d;\n' "$name" "$i"

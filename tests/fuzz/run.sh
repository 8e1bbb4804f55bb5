#!/usr/bin/env bash
# Fuzz each target for FUZZ_SECONDS (default 10), starting from its corpus.
# What it finds lands beside the corpus copy in $BUILD/fuzz/found; a crash is
# shown, kept, and fails. Ends with "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build-fuzz}
seconds=${FUZZ_SECONDS:-10}
passed=0 failed=0
while read -r src; do
	target=${src#tests/fuzz/}
	target=${target%.c}
	seeds=$(dirname "$src")/corpus_$(basename "${target}" | sed 's/^fuzz_//')
	work=$PWD/$BUILD/fuzz/found/$target
	mkdir -p "$work/corpus"
	set -- "$work/corpus"
	[ -d "$seeds" ] && set -- "$@" "$seeds"
	# The seconds bound the search; the corpus is read first, in its own time.
	if timeout $((seconds + 120)) "$BUILD/fuzz/$target" \
	    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
	    -max_len=65536 -artifact_prefix="$work/" "$@" \
	    >"$work/log" 2>&1; then
		passed=$((passed + 1))
		echo "$target: $(grep -o 'Done [0-9]* runs.*' "$work/log")"
	else
		failed=$((failed + 1))
		echo "$target: FAILED (inputs kept in $work)"
		tail -n 30 "$work/log"
	fi
done < <(find tests/fuzz -name 'fuzz_*.c' | sort)
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]

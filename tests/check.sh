#!/usr/bin/env bash
# All tests: unit programs (TAP), fuzz corpora, golden files, bats. Ends with
# one line that counts: "N passed, N failed, N skipped". Exit 1 when anything
# failed.
#
#	tests/check.sh [all|unit|golden|bats|FILE.bats]
#
# JOBS of them run at once (default: one more than there are processors, for
# most of their time they wait). What failed is shown in full, what was skipped
# is named with its reason.
set -u
cd "$(dirname "$0")/.." || exit 1
what=${1:-all}
BUILD=${BUILD:-build}
PULSE_BIN=${PULSE_BIN:-$PWD/$BUILD/bin}
PULSE_TESTBIN=${PULSE_TESTBIN:-$PWD/$BUILD/tests}
JOBS=${JOBS:-$(($(nproc) + 1))}
PULSE_NODE_MODULES=${PULSE_NODE_MODULES:-$PWD/$BUILD/npm/test/node_modules}
# What tests/promtool.sh brought, if it did.
PATH=$PATH:$PWD/$BUILD/promtool
export BUILD PULSE_BIN PULSE_TESTBIN PULSE_NODE_MODULES PATH
# The tests ask for what they need themselves: nothing of the caller's.
unset PULSE_DB PULSE_API_KEY PULSE_ALLOW_PRIVATE PULSE_NOW HL_API_URL \
    STATE_DIRECTORY NOTIFY_SOCKET
export TZ=UTC LC_ALL=C.UTF-8 NO_COLOR=1
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
# A sanitizer's report must fail the test that caused it.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
# Tests that measure memory, or race a fast clock, ask for this.
case $BUILD in
*address*)	export PULSE_SANITIZED=1 ;;
*)		unset PULSE_SANITIZED ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One test program, its output and status kept under the number in its name.
run_one() {
	local n=$1 kind=$2 name=$3

	case $kind in
	unit)	timeout 300 "$BUILD/$name" ;;
	replay)	replay "$name" ;;
	golden)	timeout 600 tests/golden.sh ;;
	bats)	timeout 1800 bats --tap "$name" ;;
	esac >"$work/$n.out" 2>&1 </dev/null
	echo $? >"$work/$n.status"
}

# A fuzz target over its corpus: one test.
replay() {
	local target=$1 dir base

	dir=$(dirname "$target")
	base=$(basename "$target")
	if timeout 300 "$BUILD/replay/${target#tests/fuzz/}" \
	    "$dir/corpus_${base#fuzz_}"; then
		echo "ok 1 - $target takes its corpus"
	else
		echo "not ok 1 - $target takes its corpus"
	fi
	echo 1..1
}

# Whether the part $1 was asked for.
wanted() {
	[ "$what" = all ] || [ "$what" = "$1" ]
}

# Print "KIND NAME" of each test program.
list() {
	if wanted unit; then
		find tests/unit -name 'test_*.c' | sort | sed 's/^/unit /;s/\.c$//'
		find tests/fuzz -name 'fuzz_*.c' | sort |
		    sed 's/^/replay /;s/\.c$//'
	fi
	if wanted golden; then
		echo "golden tests/golden"
	fi
	if wanted bats; then
		find tests/bats -name '*.bats' 2>/dev/null | sort |
		    sed 's/^/bats /'
	elif [ "${what%.bats}" != "$what" ]; then
		echo "bats $what"
	fi
}

passed=0 failed=0 skipped=0
# Count the TAP lines of one run. A run that ends badly without saying "not
# ok", or ends well without a test, is one failure.
count() {
	local name=$1 status=$2 out=$3 p f s

	s=$(grep -c '^ok .*# [sS][kK][iI][pP]' "$out")
	p=$(($(grep -c '^ok ' "$out") - s))
	f=$(grep -c '^not ok ' "$out")
	if [ "$f" -eq 0 ] && { [ "$status" -ne 0 ] ||
	    [ $((p + s)) -eq 0 ]; }; then
		f=1
		echo "not ok - $name ended with status $status:"
		tail -n 40 "$out"
	elif [ "$f" -gt 0 ]; then
		grep -v '^ok ' "$out"
	fi
	grep '# [sS][kK][iI][pP]' "$out" | sed 's/^/  /'
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%s: %d passed, %d failed, %d skipped\n' "$name" "$p" "$f" "$s"
}

# Start every test, at most $JOBS at a time, and count them in their order.
mapfile -t tests < <(list)
started=0 counted=0
while [ "$counted" -lt "${#tests[@]}" ]; do
	while [ "$started" -lt "${#tests[@]}" ] &&
	    [ "$(jobs -rp | wc -l)" -lt "$JOBS" ]; do
		run_one "$started" "${tests[$started]%% *}" \
		    "${tests[$started]#* }" &
		started=$((started + 1))
	done
	if [ -e "$work/$counted.status" ]; then
		count "${tests[$counted]#* }" "$(cat "$work/$counted.status")" \
		    "$work/$counted.out"
		counted=$((counted + 1))
	elif ! wait -n && [ -z "$(jobs -rp)" ] &&
	    [ ! -e "$work/$counted.status" ]; then
		echo "its run was lost" >"$work/$counted.out"
		echo 1 >"$work/$counted.status"
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

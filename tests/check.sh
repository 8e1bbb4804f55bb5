#!/usr/bin/env bash
# All tests: unit programs (TAP), then bats. Ends with one line that counts:
# "N passed, N failed, N skipped". Exit 1 when anything failed.
set -u
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
PULSE_BIN=${PULSE_BIN:-$PWD/$BUILD/bin}
PULSE_TESTBIN=${PULSE_TESTBIN:-$PWD/$BUILD/tests}
export PULSE_BIN PULSE_TESTBIN
passed=0 failed=0 skipped=0

# Count the TAP lines of one run; a run that ends badly without saying
# "not ok" is one failure more.
count() {
	local name=$1 status=$2 out=$3 p f s
	s=$(grep -c '^ok .*# [sS][kK][iI][pP]' "$out")
	p=$(($(grep -c '^ok ' "$out") - s))
	f=$(grep -c '^not ok ' "$out")
	if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
		echo "not ok - $name ended with status $status"
		tail -n 20 "$out"
	elif [ "$f" -gt 0 ]; then
		cat "$out"
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%s: %d passed, %d failed, %d skipped\n' "$name" "$p" "$f" "$s"
}

out=$(mktemp)
trap 'rm -f "$out"' EXIT
while IFS= read -r src; do
	program=$PWD/$BUILD/${src%.c}
	[ -x "$program" ] || continue
	timeout 300 "$program" >"$out" 2>&1
	count "${src%.c}" $? "$out"
done < <(find tests/unit -name 'test_*.c' | sort)
for file in tests/bats/*.bats; do
	[ -e "$file" ] || continue
	timeout 1800 bats --tap "$file" >"$out" 2>&1
	count "$file" $? "$out"
	grep -h '# skip' "$out" | sed 's/^/  /'
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

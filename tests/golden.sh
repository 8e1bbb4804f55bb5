#!/usr/bin/env bash
# Golden files: each tests/golden/NAME.cmd is a shell script, run in an empty
# directory with the programs in PATH, the directory of the golden files in
# $GOLDEN and the invented market (tests/market.awk) in $MARKET; what it prints
# must be NAME.out, byte for byte. TAP on stdout.
#
#	tests/golden.sh			compare
#	tests/golden.sh --regen		write every NAME.out anew
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
GOLDEN=$PWD/tests/golden
MARKET=$PWD/tests/market.awk
PULSE_BIN=${PULSE_BIN:-$PWD/$BUILD/bin}
PULSE_TESTBIN=${PULSE_TESTBIN:-$PWD/$BUILD/tests}
export GOLDEN MARKET PULSE_BIN PULSE_TESTBIN PATH="$PULSE_BIN:$PULSE_TESTBIN:$PATH"
export TZ=UTC LC_ALL=C.UTF-8

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 bad=0

run() {
	rm -rf "$work/dir"
	mkdir "$work/dir"
	(cd "$work/dir" && HOME=$work/dir timeout 60 sh "$1") \
	    >"$work/out" 2>"$work/err"
}

for cmd in "$GOLDEN"/*.cmd; do
	[ -e "$cmd" ] || continue
	name=$(basename "$cmd" .cmd)
	n=$((n + 1))
	run "$cmd"
	status=$?
	if [ "${1:-}" = --regen ] && [ $status -eq 0 ]; then
		cp "$work/out" "$GOLDEN/$name.out"
		echo "ok $n - $name written"
	elif [ $status -eq 0 ] && cmp -s "$work/out" "$GOLDEN/$name.out"; then
		echo "ok $n - golden $name"
	else
		bad=$((bad + 1))
		echo "not ok $n - golden $name (status $status)"
		diff "$GOLDEN/$name.out" "$work/out" | head -20 | sed 's/^/# /'
		head -20 "$work/err" | sed 's/^/# stderr: /'
	fi
done
[ $n -gt 0 ] || { n=1; echo "ok 1 - golden files # SKIP there are none"; }
echo "1..$n"
[ $bad -eq 0 ]

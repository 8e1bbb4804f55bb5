#!/usr/bin/env bash
# Run every bench program, and every bench script (tests/bench/*/bench_*.sh);
# each prints its own figures.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
export BUILD PULSE_BIN="$PWD/$BUILD/bin" PULSE_TESTBIN="$PWD/$BUILD/tests"
find tests/bench -mindepth 2 -name 'bench_*' | sort | while read -r src; do
	name=${src#tests/bench/}
	echo "== $name"
	case $src in
	*.c)	"$BUILD/bench/${name%.c}" ;;
	*.sh)	bash "$src" ;;
	esac
done

#!/bin/sh
# install.sh pages|test DIR: npm packages by name, version and hash into
# DIR/node_modules. "pages" is what the admin page loads (no scripts of the
# packages run, nothing but its files is taken), "test" what tests run with,
# too.
#
# A machine without npm, or without a way to its registry, still gets working
# programs: that is said here in one line, DIR/node_modules is then missing,
# and the exit status is 0. "make clean-npm" forgets the attempt.
set -u
what=$1 dir=$2 here=$(dirname "$0")
NPM=${NPM-npm}

without() {
	rm -rf "$dir/node_modules"
	case $what in
	pages)	echo "note: $1: the admin page will have no charts" >&2 ;;
	*)	echo "note: $1: tests that need npm packages are skipped" >&2 ;;
	esac
	exit 0
}

mkdir -p "$dir" || exit 1
command -v "${NPM:-none}" >/dev/null 2>&1 || without "there is no npm"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$dir" ||
    exit 1
omit=
[ "$what" = test ] || omit=--omit=dev
# shellcheck disable=SC2086
(cd "$dir" && timeout 300 "$NPM" ci --ignore-scripts --no-audit --no-fund \
    --fetch-retries=1 --fetch-timeout=30000 $omit) >"$dir/log" 2>&1 </dev/null ||
    without "npm ci failed ($(tail -n 1 "$dir/log"))"

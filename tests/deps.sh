#!/usr/bin/env bash
# Install what is missing on Debian 12, through apt, without a question.
#
#	tests/deps.sh build	to compile the programs
#	tests/deps.sh demo	and to watch the demo
#	tests/deps.sh test	and for every test, lint and fuzz target
#
# Does nothing when nothing is missing; becomes root by sudo if it has to.
set -eu
build="gcc libc6-dev make pkg-config libwebsockets-dev libcurl4-openssl-dev
libjq-dev libonig-dev libsqlite3-dev libssl-dev"
# The chart library comes from npm. A node of another origin is as good.
command -v node >/dev/null && command -v npm >/dev/null ||
    build="$build nodejs npm"
demo="$build jq curl"
tests="$demo bats sqlite3 openssl clang-14 clang libclang-rt-14-dev llvm-14
clang-format-14 shellcheck mandoc git procps util-linux man-db wrk strace chromium zsh fish"
case ${1:-build} in
build)	want=$build ;;
demo)	want=$demo ;;
test)	want=$tests ;;
*)	echo "deps.sh: build, demo or test" >&2; exit 2 ;;
esac

command -v dpkg-query >/dev/null || {
	# shellcheck disable=SC2086
	echo "deps.sh: this is no Debian; Debian calls what is needed:" $want >&2
	exit 0
}
missing=
for package in $want; do
	dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
	    grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "deps.sh: as root, please: apt-get install$missing" >&2
		exit 1
	}
	root=sudo
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# An old package index is no reason to fail, a missing package is.
$root apt-get update -q >&2 || :
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends $missing >&2 </dev/null

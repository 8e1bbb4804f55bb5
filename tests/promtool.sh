#!/usr/bin/env bash
# promtool, which checks metrics and alerting rules, into the directory $1: out
# of Debian's package, because that starts a daemon when it is installed. What
# cannot be had is said, and the tests that want it are skipped by name.
set -eu
mkdir -p "$1"
cd "$1"
if ! command -v promtool >/dev/null && command -v apt-get >/dev/null; then
	if apt-get download -q prometheus >log 2>&1; then
		dpkg -x prometheus_*.deb package
		mv package/usr/bin/promtool .
	else
		echo "promtool.sh: apt-get download prometheus failed:" >&2
		tail -n 3 log >&2
	fi
	rm -rf package prometheus_*.deb
fi
: >"done"

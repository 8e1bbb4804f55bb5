#!/usr/bin/env bash
# The manual as it is installed: every page by mandoc, every page referred to
# exists; and install and uninstall are symmetric.
set -u
command -v mandoc >/dev/null || {
	echo "no mandoc here"
	exit 77
}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
bad=0
make -s BUILD="$BUILD" DESTDIR="$stage" PREFIX=/usr install \
    >"$stage/log" 2>&1 || {
	cat "$stage/log"
	exit 1
}
rm "$stage/log"
man=$stage/usr/share/man
while IFS= read -r page; do
	mandoc -T lint -W style "$page" |
	    sed "s|$stage/usr/share/||" |
	    grep -vE 'referenced manual not found|outdated mandoc.db' |
	    sed 's/^mandoc: //' | grep . && bad=1
done < <(find "$man" -type f | sort)
make -s BUILD="$BUILD" DESTDIR="$stage" PREFIX=/usr uninstall
left=$(find "$stage" ! -type d | sed "s|$stage||")
[ -z "$left" ] || {
	printf 'uninstall leaves %s\n' "$left"
	bad=1
}
exit $bad

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
	    sed "s|$stage/usr/share/||" | grep -v 'referenced manual not found' |
	    sed 's/^mandoc: //' | grep . && bad=1
	# .Xr of our own pages must lead somewhere.
	while read -r name section; do
		case $name in
		pulse*|hl-ingest)
			[ -e "$man/man$section/$name.$section" ] || {
				echo "$(basename "$page"): no page $name($section)"
				bad=1
			} ;;
		esac
	done < <(sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1 \2/p' "$page")
done < <(find "$man" -type f | sort)
make -s BUILD="$BUILD" DESTDIR="$stage" PREFIX=/usr uninstall
left=$(find "$stage" ! -type d | sed "s|$stage||")
[ -z "$left" ] || {
	printf 'uninstall leaves %s\n' "$left"
	bad=1
}
exit $bad

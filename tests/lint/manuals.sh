#!/usr/bin/env bash
# The manual as it is installed: every page by mandoc, every page referred to
# exists, every program has a page; and install and uninstall are symmetric.
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
for program in "$stage"/usr/bin/*; do
	name=$(basename "$program")
	[ -e "$man/man1/$name.1" ] || {
		echo "$name has no manual page"
		bad=1
	}
done
for name in pulse.7 pulse-candle.5 pulse-alert.5 pulse-rule.5 pulse-channel.5 \
    pulse-schema.5; do
	[ -e "$man/man${name##*.}/$name" ] || {
		echo "there is no $name"
		bad=1
	}
done
make -s BUILD="$BUILD" DESTDIR="$stage" PREFIX=/usr uninstall
left=$(find "$stage" ! -type d | sed "s|$stage||")
[ -z "$left" ] || {
	printf 'uninstall leaves %s\n' "$left"
	bad=1
}
exit $bad

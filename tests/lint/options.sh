#!/usr/bin/env bash
# Options, manual and --help agree: every --long option that --help prints is
# in the manual as ".It Fl -long" (or ".It Fl x , Fl -long"), with the same
# short form, and the manual describes no option that --help does not know.
set -u
bad=0
for program in "$BUILD"/bin/*; do
	name=$(basename "$program")
	page=man/$name.1
	[ -e "$page" ] || continue
	"$program" --help </dev/null | grep -oE '^  (-[A-Za-z], |    )--[a-z0-9-]+' |
	    sed 's/^ *//' | sort -u >"$BUILD/options.help"
	# Any row of --help that has no short form reads "--long" alone.
	sed -n 's/^\.It Fl \([A-Za-z]\).* , Fl -\([a-z0-9-]*\).*/-\1, --\2/p
		s/^\.It Fl \([A-Za-z]\) , Fl -\([a-z0-9-]*\).*/-\1, --\2/p
		s/^\.It Fl -\([a-z0-9-]*\).*/--\1/p' "$page" |
	    sort -u >"$BUILD/options.man"
	only_help=$(comm -23 "$BUILD/options.help" "$BUILD/options.man")
	only_man=$(comm -13 "$BUILD/options.help" "$BUILD/options.man")
	[ -z "$only_help" ] || {
		echo "$name: in --help, not in $page:" "${only_help//$'\n'/; }"
		bad=1
	}
	[ -z "$only_man" ] || {
		echo "$name: in $page, not in --help:" "${only_man//$'\n'/; }"
		bad=1
	}
done
rm -f "$BUILD/options.help" "$BUILD/options.man"
exit $bad

#!/usr/bin/env bash
# Options, manual and --help agree: every --long option that --help prints is
# in the manual as ".It Fl -long" (or ".It Fl x , Fl -long"), with the same
# short form, and the manual describes no option that --help does not know.
# The commands of pulse-ctl are asked one by one.
set -u
bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

help_of() {
	"$1" --help </dev/null
	[ "${1##*/}" = pulse-ctl ] || return 0
	sed -n '/commands\[\] = {/,/^};/s/^    {"\([a-z ]*\)", .*/\1/p' \
	    pulse-ctl/commands.c | while read -r command; do
		# shellcheck disable=SC2086
		"$1" help $command </dev/null
	done
}

for program in "$BUILD"/bin/*; do
	name=$(basename "$program")
	page=man/$name.1
	[ -e "$page" ] || continue
	help_of "$program" >"$work/text"
	grep -oE '^ *(-[A-Za-z], +)?--[a-z0-9-]+' "$work/text" |
	    sed 's/^ *//; s/,  */, /' | sort -u >"$work/help"
	# ".It Fl x Ar N , Fl -long Ar N" and its shorter forms.
	sed -n 's/^\.It Fl \([A-Za-z]\)\( Ar [^,]*\)\{0,1\} *, Fl -\([a-z0-9-]*\).*/-\1, --\3/p
		s/^\.It Fl -\([a-z0-9-]*\).*/--\1/p' "$page" |
	    sort -u >"$work/man"
	comm -23 "$work/help" "$work/man" | sed "s|^|$name --help has, $page has not: |" >"$work/said"
	comm -13 "$work/help" "$work/man" | sed "s|^|$page has, $name --help has not: |" >>"$work/said"
	[ -s "$work/said" ] || continue
	cat "$work/said"
	bad=1
done
exit $bad

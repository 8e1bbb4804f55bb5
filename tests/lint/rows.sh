#!/usr/bin/env bash
# A new rule type, channel or command is one file, one table row, a section of
# the manual and a test of its own: the last two must not be missing.
set -u
bad=0
complain() {
	echo "$1"
	bad=1
}
# Whether the manual $1 has a heading or item with the words $2.
described() {
	sed -n 's/^\.\(Ss\|Sh\|It\) //p' "$1" 2>/dev/null |
	    sed 's/\(Cm\|Sy\|Ic\|Nm\|Li\|Ar\|Fl\|Op\|Oo\|Oc\) //g; s/pulse-ctl //' |
	    grep -qE "(^|[^a-z_])$2([^a-z_]|\$)"
}

while read -r type; do
	described man/pulse-rule.5 "$type" ||
	    complain "pulse-rule.5 has no section '$type'"
	[ -s "tests/golden/rule-$type.cmd" ] ||
	    complain "there is no golden test rule-$type"
	jq -e .id "tests/golden/rule-$type.out" >/dev/null 2>&1 ||
	    complain "golden rule-$type.out shows no alert"
done < <(sed -n '/types\[\] = {/,/^};/s/^ *&rule_\([a-z0-9_]*\),.*/\1/p' \
    common/rules/table.c)
while read -r channel; do
	described man/pulse-send.1 "$channel" ||
	    complain "pulse-send.1 has no section '$channel'"
	grep -rqw -- "$channel" tests/golden tests/unit/pulse-send \
	    tests/bats/*send*.bats ||
	    complain "no test names the channel '$channel'"
done < <(sed -n '/channels\[\] = {/,/^};/s/^ *&channel_\([a-z0-9_]*\),.*/\1/p' \
    pulse-send/channels.c)
while read -r command; do
	described man/pulse-ctl.1 "$command" ||
	    complain "pulse-ctl.1 does not describe '$command'"
	grep -qE "$command" tests/bats/*.bats ||
	    complain "no bats test runs 'pulse-ctl $command'"
done < <(sed -n '/commands\[\] = {/,/^};/s/^    {"\([a-z ]*\)", .*/\1/p' \
    pulse-ctl/commands.c)
exit $bad

#!/usr/bin/env bash
# Every table and every column that the migrations make is named in
# pulse-schema.5.
set -u
command -v sqlite3 >/dev/null || {
	echo "no sqlite3 here"
	exit 77
}
page=man/pulse-schema.5
bad=0
while IFS='|' read -r table column; do
	grep -q "^\.It Cm $table\$" $page || {
		echo "$page does not describe the table $table"
		bad=1
	}
	# The paragraph of the table, up to the next one.
	sed -n "/^\.It Cm $table\$/,\${/^\.It Cm $table\$/d;/^\.\(It\|El\)/q;p}" \
	    $page | grep -qw -- "$column" || {
		echo "$page: no column $column of $table"
		bad=1
	}
done < <(cat db/migrations/sqlite/*.sql | sqlite3 -cmd '.read /dev/stdin' :memory: \
    "SELECT m.name, c.name FROM sqlite_master m, pragma_table_xinfo(m.name) c
	WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'" | sort -u)
exit $bad

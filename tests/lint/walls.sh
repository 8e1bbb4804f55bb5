#!/usr/bin/env bash
# Who may include what.
#
#   common/ -> common/		db/ -> common/, db/
#   a program -> itself, common/, db/store.h
#   tests/ -> anything of ours (a test of db/ looks inside db/)
#   a foreign library's header -> the one place that wraps it
set -u
bad=0
complain() {
	echo "$1"
	bad=1
}

# Whether file $1 may include our header $2.
may_include() {
	local top=${1%%/*}

	case $1:$2 in
	tests/*)		return 0 ;;
	common/*:common/*)	return 0 ;;
	db/*:common/*|db/*:db/*) return 0 ;;
	common/*|db/*)		return 1 ;;
	*:common/*|*:db/store.h|*:"$top"/*) return 0 ;;
	esac
	return 1
}

# Whether file $1 may include the foreign header $2.
may_wrap() {
	case $2:$1 in
	jv.h:common/json.c|jv.h:common/filter.c|jq.h:common/filter.c) ;;
	curl/*:common/http.c) ;;
	libwebsockets.h:hl-ingest/ws.c|libwebsockets.h:pulse-ctl/serve/*) ;;
	libwebsockets.h:tests/sim/*) ;;
	sqlite3.h:db/sqlite/*|sqlite3.h:tests/unit/db/*) ;;
	sqlite3.h:tests/bench/db/*) ;;
	curl/*:tests/bench/pulse-send/*) ;;
	libpq-fe.h:db/postgres/*|libpq-fe.h:tests/unit/db/*) ;;
	openssl/*:common/digest.c|openssl/*:tests/*) ;;
	jv.h:*|jq.h:*|curl/*|libwebsockets.h:*|sqlite3.h:*|libpq-fe.h:*)
		return 1 ;;
	openssl/*)
		return 1 ;;
	esac
	return 0
}

while IFS= read -r file; do
	while IFS= read -r header; do
		[ -e "$header" ] ||
		    complain "$file: \"$header\" is no path from the top"
		may_include "$file" "$header" ||
		    complain "$file: may not include \"$header\""
	done < <(sed -n 's/^# *include *"\([^"]*\)".*/\1/p' "$file")
	while IFS= read -r header; do
		may_wrap "$file" "$header" ||
		    complain "$file: <$header> belongs behind its wall"
	done < <(sed -n 's/^# *include *<\([^>]*\)>.*/\1/p' "$file")
done < <(find . -path './build*' -prune -o -name '*.[ch]' -print |
    sed 's|^\./||' | sort)
exit $bad

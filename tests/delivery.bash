# shellcheck shell=bash
# delivery: what the tests of pulse-send and pulse-retry share. Source it after
# lab.bash.
#
#	alert N [RULE]		the N-th alert (of the RULE-th rule) as a line
#	alerts FROM TO [RULE]	several
#	url NAME PATH		a file $LAB/NAME with a URL of the sink
#	sql TEXT		ask the store
#	requests [FILTER]	the sink's records through jq
#	seen N [PATH]		wait until the sink has N requests

# id, window and message are made of N, rule_id of RULE.
alert() {
	printf '{"id":"0b2f0000-0000-5000-8000-%012d","rule_id":"7323ab12-0000-4000-8000-%012d",' \
	    "$1" "${2:-1}"
	printf '"rule_name":"rule %d","rule_type":"price_threshold","symbol":"BTC","interval":"1m",' \
	    "${2:-1}"
	printf '"state":"firing","window_start":"2026-11-%02dT%02d:%02d:00.000Z",' \
	    $(($1 / 1440 % 20 + 1)) $(($1 / 60 % 24)) $(($1 % 60))
	printf '"window_end":"2026-11-22T10:01:00.000Z","triggered_at":"2026-11-22T10:00:30.000Z",'
	printf '"trigger_value":"50100.0","message":"alert %d","values":{},"severity":"info"}\n' "$1"
}

alerts() {
	local i

	for ((i = $1; i <= $2; i++)); do
		alert "$i" "${3:-1}"
	done
}

url() {
	printf '%s%s\n' "$SINK" "$2" >"$LAB/$1"
}

sql() {
	sqlite3 -cmd '.timeout 10000' "$PULSE_DB" "$1"
}

requests() {
	jq -c "${1:-.}" "$LAB/sink.ndjson" 2>/dev/null
}

# The sink has seen that many requests (to PATH).
seen() {
	curl -sf "$SINK/_sink/wait?requests=$1&timeout=30${2:+&path=$2}" >/dev/null
}

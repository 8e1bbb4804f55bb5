#!/usr/bin/env bash
# Durable, audited deliveries a second by pulse-send, beside a bare
# libcurl-multi loop without any audit (bench_bare) and wrk, all against the
# same sink over keep-alive connections, at 1, 10 and 100 of them. Then a burst
# of BURST alerts: time and memory.
#
# All run on one machine, where a sink that is woken by each request takes the
# processor from whoever sends, as a receiver elsewhere does not: for all three
# alike it runs with the policy SCHED_BATCH. POLICY=--other is the usual one.
#
#	N=40000 BURST=100000 POLICY=--batch tests/bench/pulse-send/bench_send.sh
set -eu
cd "$(dirname "$0")/../../.."
BUILD=${BUILD:-build}
PULSE_BIN=$PWD/$BUILD/bin PULSE_TESTBIN=$PWD/$BUILD/tests
N=${N:-40000}
BURST=${BURST:-100000}
POLICY=${POLICY:---batch}
bare=$PWD/$BUILD/bench/pulse-send/bench_bare
# shellcheck source=tests/lab.bash
. tests/lab.bash
# shellcheck source=tests/delivery.bash
. tests/delivery.bash
command -v wrk >/dev/null || {
	echo "wrk is not here"
	exit 77
}
work=$(mktemp -d)
trap 'lab_end; rm -rf "$work"' EXIT
lab_begin "$work"
# Recorded requests would measure the recorder.
lab_run sink chrt "$POLICY" 0 sink --plain --port-file "$LAB/sink.port"
until_true 20 test -s "$LAB/sink.port"
SINK=http://127.0.0.1:$(cat "$LAB/sink.port")
url any /hook

# COUNT alerts of 200 rules, each with a URL of its own, in the store.
prepare() {
	rm -f "$PULSE_DB"*
	for i in $(seq 200); do
		printf '{"id":"7323ab12-0000-4000-8000-%012d","name":"rule %d","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"generic_webhook_url":"%s/hook/%d"}\n' \
		    "$i" "$i" "$SINK" "$i"
	done | pulse-ctl rule import >/dev/null 2>&1
	awk -v n="$1" 'BEGIN { for (k = 0; k < n; k++) { i = k % 200 + 1; m = int(k / 200)
		printf "{\"id\":\"0b2f%04x-%04x-5000-8000-%012d\",\"rule_id\":\"7323ab12-0000-4000-8000-%012d\",\"rule_name\":\"rule %d\",\"rule_type\":\"price_threshold\",\"symbol\":\"BTC\",\"interval\":\"1m\",\"state\":\"firing\",\"window_start\":\"2026-11-%02dT%02d:%02d:00.000Z\",\"window_end\":\"2026-11-22T10:01:00.000Z\",\"triggered_at\":\"2026-11-22T10:00:30.000Z\",\"trigger_value\":\"50100.0\",\"message\":\"BTC 1m: price 50100.0 >= 50000\",\"values\":{\"price\":\"50100.0\"},\"severity\":\"info\"}\n", m, k % 65536, k, i, i, m / 1440 + 1, m / 60 % 24, m % 60 } }' >"$LAB/in"
	# Stored with a delivery each: the address is refused, then all is new.
	PULSE_ALLOW_PRIVATE=0 pulse-send -q --webhook-file "$LAB/any" <"$LAB/in" >/dev/null 2>&1 || true
	sql 'delete from delivery_attempts; update deliveries set status = 0, step = 0, attempts = 0, next_attempt_ms = 0; delete from endpoints'
}

seconds() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", (b - a) / 1e9 }'
}

# Deliveries a second of pulse-send with -c C.
send() {
	local from to
	prepare "$N"
	from=$(date +%s%N)
	pulse-send -q -c "$1" <"$LAB/in" >"$LAB/out" 2>"$LAB/err"
	to=$(date +%s%N)
	[ "$(grep -c '"delivered"' "$LAB/out")" -eq "$N" ] || echo "not all were delivered" >&2
	awk -v n="$N" -v s="$(seconds "$from" "$to")" 'BEGIN { printf "%.0f", n / s }'
}

wrk_rate() {
	cat >"$LAB/post.lua" <<-END
	wrk.method = "POST"
	wrk.body = string.rep("x", 450)
	wrk.headers["Content-Type"] = "application/json"
	END
	wrk -t1 -c"$1" -d3s -s "$LAB/post.lua" "$SINK/hook" | awk '/Requests\/sec/ { printf "%.0f", $2 }'
}

printf '%12s %12s %12s %12s %10s %10s\n' connections pulse-send bare-curl wrk of-bare bare-of-wrk
for c in 1 10 100; do
	p=$(send "$c")
	b=$("$bare" "$SINK/hook" "$c" "$N")
	w=$(wrk_rate "$c")
	awk -v c="$c" -v p="$p" -v b="$b" -v w="$w" 'BEGIN {
		printf "%12d %12d %12d %12d %9.0f%% %9.0f%%\n", c, p, b, w, 100 * p / b, 100 * b / w }'
done

prepare "$BURST"
from=$(date +%s%N)
/usr/bin/time -f %M -o "$LAB/rss" pulse-send -q <"$LAB/in" >"$LAB/out" 2>"$LAB/err"
to=$(date +%s%N)
printf 'burst of %d: %s s, %d MB resident at most, %d delivered\n' "$BURST" \
    "$(seconds "$from" "$to")" "$(($(cat "$LAB/rss") / 1024))" \
    "$(grep -c '"delivered"' "$LAB/out")"

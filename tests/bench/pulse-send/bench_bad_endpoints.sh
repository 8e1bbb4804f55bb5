#!/usr/bin/env bash
# What endpoints that misbehave cost the others. ALERTS alerts (10,000) go to
# 100 endpoints, of which 10 hang, 10 reset, 10 answer 429 and 10 answer 500;
# the time until the last alert of the 60 good ones is at the sink, beside the
# time that the same 60 need when they are alone. Good endpoints answer after
# DELAY ms, one alert of a rule at a time; 0 makes the machine the limit.
#
#	ALERTS=10000 RUNS=3 DELAYS="0 10" tests/bench/pulse-send/bench_bad_endpoints.sh
set -eu
cd "$(dirname "$0")/../../.."
BUILD=${BUILD:-build}
PULSE_BIN=$PWD/$BUILD/bin PULSE_TESTBIN=$PWD/$BUILD/tests
ALERTS=${ALERTS:-10000}
RUNS=${RUNS:-3}
DELAYS=${DELAYS:-"0 10"}
# shellcheck source=tests/lab.bash
. tests/lab.bash
# shellcheck source=tests/delivery.bash
. tests/delivery.bash
work=$(mktemp -d)
trap 'lab_end; rm -rf "$work"' EXIT
lab_begin "$work"
good=$((ALERTS * 60 / 100))

rules() {
	for i in $(seq 100); do
		case $(((i - 1) / 10)) in
		6) where=/hang/$i ;;
		7) where=/reset/$i ;;
		8) where=/429/$i ;;
		9) where=/500/$i ;;
		*) where=/good/$i ;;
		esac
		printf '{"id":"7323ab12-0000-4000-8000-%012d","name":"rule %d","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"generic_webhook_url":"%s%s"}\n' \
		    "$i" "$i" "$SINK" "$where"
	done
}

# Alerts of the first N rules in turn, ALERTS / 100 of each.
lines() {
	awk -v rules="$1" -v n="$((ALERTS / 100))" 'BEGIN { for (k = 1; k <= n; k++) for (i = 1; i <= rules; i++)
		printf "{\"id\":\"0b2f%04d-0000-5000-8000-%012d\",\"rule_id\":\"7323ab12-0000-4000-8000-%012d\",\"rule_name\":\"rule %d\",\"rule_type\":\"price_threshold\",\"symbol\":\"BTC\",\"interval\":\"1m\",\"state\":\"firing\",\"window_start\":\"2026-11-01T%02d:%02d:00.000Z\",\"window_end\":\"2026-11-22T10:01:00.000Z\",\"triggered_at\":\"2026-11-22T10:00:30.000Z\",\"trigger_value\":\"50100.0\",\"message\":\"alert %d\",\"values\":{},\"severity\":\"info\"}\n", k, i, i, i, k / 60, k % 60, k }'
}

# Milliseconds until the last good one of the first $1 rules is at the sink.
run() {
	local from to pid

	rm -f "$PULSE_DB"*
	lab_run sink sink --plain --port-file "$LAB/sink.port" \
	    --answer '{"path":"/good*","delay_ms":'"$2"'}' \
	    --answer '{"path":"/hang*","end":"hang"}' \
	    --answer '{"path":"/reset*","end":"reset"}' \
	    --answer '{"path":"/429*","status":429,"headers":{"Retry-After":"600"}}' \
	    --answer '{"path":"/500*","status":500}'
	until_true 20 test -s "$LAB/sink.port"
	SINK=http://127.0.0.1:$(cat "$LAB/sink.port")
	rules | pulse-ctl rule import >/dev/null 2>&1
	# In the store, as pulse-eval leaves them: stopped before anything ran.
	url any /good/0
	lines "$1" >"$LAB/in"
	PULSE_ALLOW_PRIVATE=0 pulse-send -q --webhook-file "$LAB/any" <"$LAB/in" >/dev/null 2>&1 || true
	sql 'delete from delivery_attempts; delete from endpoints;
	    update deliveries set status = 0, step = 0, attempts = 0, tries = 0, next_attempt_ms = 0'
	from=$(date +%s%N)
	pulse-send -q <"$LAB/in" >"$LAB/out" 2>"$LAB/err" &
	pid=$!
	curl -sf "$SINK/_sink/wait?requests=$good&timeout=120&path=/good*" >/dev/null
	to=$(date +%s%N)
	kill -9 "$pid"
	wait "$pid" || true
	lab_end
	rm -f "$LAB/sink.port"
	echo $(((to - from) / 1000000))
}

printf '%6s %12s %12s %8s\n' delay 'alone ms' 'all ms' ratio
for delay in $DELAYS; do
	for i in $(seq "$RUNS"); do
		alone=$(run 60 "$delay")
		all=$(run 100 "$delay")
		awk -v d="$delay" -v a="$alone" -v b="$all" \
		    'BEGIN { printf "%6d %12d %12d %8.2f\n", d, a, b, b / a }'
	done
done

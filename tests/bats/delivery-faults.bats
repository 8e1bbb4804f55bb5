#!/usr/bin/env bats
# Endpoints that misbehave, and senders that are killed. What is asserted is
# order and counts, never how long something took.
# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0
load ../lab.bash
load ../delivery.bash

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	lab_begin "$BATS_TEST_TMPDIR/lab"
}

teardown() {
	lab_end
}

# 100 rules: 1..60 call /good, and ten each /hang, /reset, /429, /500.
hundred_rules() {
	local i where

	for ((i = 1; i <= 100; i++)); do
		case $(((i - 1) / 10)) in
		6) where=/hang$i ;;
		7) where=/reset$i ;;
		8) where=/429/$i ;;
		9) where=/500/$i ;;
		*) where=/good/$i ;;
		esac
		printf '{"id":"7323ab12-0000-4000-8000-%012d","name":"rule %d","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"generic_webhook_url":"%s%s"}\n' \
		    "$i" "$i" "$SINK" "$where"
	done | pulse-ctl rule import >/dev/null
}

# N alerts of each rule, the rules in turn.
alerts_of_each() {
	awk -v n="$1" 'BEGIN { for (k = 1; k <= n; k++) for (i = 1; i <= 100; i++)
		printf "{\"id\":\"0b2f%04d-0000-5000-8000-%012d\",\"rule_id\":\"7323ab12-0000-4000-8000-%012d\",\"rule_name\":\"rule %d\",\"rule_type\":\"price_threshold\",\"symbol\":\"BTC\",\"interval\":\"1m\",\"state\":\"firing\",\"window_start\":\"2026-11-01T%02d:%02d:00.000Z\",\"window_end\":\"2026-11-22T10:01:00.000Z\",\"triggered_at\":\"2026-11-22T10:00:30.000Z\",\"trigger_value\":\"50100.0\",\"message\":\"alert %d\",\"values\":{},\"severity\":\"info\"}\n", k, i, i, i, k / 60, k % 60, k }'
}

@test "hanging, resetting, throttling and failing endpoints do not hold back the others" {
	lab_sink --answer '{"path":"/good*","status":200}' \
	    --answer '{"path":"/hang*","end":"hang"}' \
	    --answer '{"path":"/reset*","end":"reset"}' \
	    --answer '{"path":"/429*","status":429,"headers":{"Retry-After":"600"}}' \
	    --answer '{"path":"/500*","status":500}'
	url any /good/0
	hundred_rules
	alerts_of_each 20 >"$LAB/in"
	pulse-send --webhook-file "$LAB/any" <"$LAB/in" >"$LAB/out" 2>"$LAB/err" 3>&- &
	pid=$!
	echo "$pid" >>"$LAB/pids"
	# All 1,200 good ones come while the first hanging ones still hang.
	seen 1200 '/good*'
	good() { [ "$(grep -c '"delivered"' "$LAB/out")" -eq 1200 ]; }
	until_true 20 good
	[ "$(grep -c 'no answer within' "$LAB/out")" -eq 0 ]
	# Once each, in order within each rule.
	requests 'select(.path | startswith("/good")) | .headers["webhook-id"]' | sort | uniq -d >"$LAB/twice"
	[ ! -s "$LAB/twice" ]
	[ "$(requests 'select(.path == "/good/7") | .body | fromjson | .message' | tr -d '"')" = \
	    "$(for i in $(seq 20); do echo "alert $i"; done)" ]
	# The others were not flooded: a few at once, then left alone.
	[ "$(requests 'select(.path | startswith("/hang"))' | wc -l)" -le 20 ]
	[ "$(requests 'select(.path | startswith("/429"))' | wc -l)" -le 20 ]
	# Two signals: it ends at once, and every delivery is somewhere.
	kill "$pid"
	kill "$pid" 2>/dev/null || true
	wait "$pid" || true
	[ "$(sql 'select count(*) from deliveries')" -eq 2000 ]
	[ "$(sql 'select count(*) from deliveries where status < 2 and lease is not null')" -eq 0 ]
}

@test "a throttled endpoint's deliveries wait in the store, with the time it asked for" {
	lab_sink --answer '{"path":"/429*","status":429,"headers":{"Retry-After":"600"}}'
	url any /429/1
	before=$(date +%s)
	alerts 1 5 | pulse-send --webhook-file "$LAB/any" >"$LAB/out"
	after=$(date +%s)
	[ "$(requests | wc -l)" -eq 1 ]
	[ "$(sql "select count(*) from deliveries where status < 2 and lease is null
	    and next_attempt_ms between ($before + 600) * 1000 and ($after + 601) * 1000 + 500")" -eq 5 ]
	# The next run remembers: it does not ask again.
	alert 6 | pulse-send --webhook-file "$LAB/any" >"$LAB/out"
	[ "$(requests | wc -l)" -eq 1 ]
}

@test "the breaker opens after five failures and its memory outlives the process" {
	lab_sink --answer '{"path":"/500","status":500}'
	url any /500
	alert 1 | pulse-send --webhook-file "$LAB/any" >"$LAB/out"
	[ "$(requests | wc -l)" -eq 5 ]
	[ "$(sql 'select failures >= 5, trips from endpoints')" = '1|1' ]
}

@test "an answer that never ends, or is huge, does no harm" {
	lab_sink --answer '{"path":"/huge","status":200,"size":10000000}' \
	    --answer '{"path":"/drip","status":500,"size":1000,"drip_ms":200}'
	url huge /huge
	alert 1 | pulse-send --webhook-file "$LAB/huge" >"$LAB/out"
	[ "$(jq -r .status "$LAB/out")" = delivered ]
	[ "$(sql 'select length(response) <= 1024 from delivery_attempts')" -eq 1 ]
	url drip /drip
	pulse-ctl channel add drip generic --file url="$LAB/drip" --set timeout_ms=500ms \
	    --set tries=1 --set schedule_ms=1h >/dev/null
	run pulse-ctl channel test drip
	[ "$status" -eq 1 ]
	jq -r .error <<<"$output" | grep -q 'no answer within 500 ms'
}

@test "kill -9 at random moments loses nothing; what came twice was under way" {
	run --separate-stderr "$BATS_TEST_DIRNAME/../chaos/kill-delivery.sh" 15 "$BATS_TEST_TMPDIR/kill"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(jq .lost <<<"$output")" -eq 0 ]
	[ "$(jq .kills <<<"$output")" -eq 15 ]
}

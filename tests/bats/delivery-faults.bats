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

@test "more receivers that hang than requests may run do not hold back the others" {
	lab_sink --answer '{"path":"/good*","status":200}' \
	    --answer '{"path":"/hang*","end":"hang"}'
	url any /good/0
	hundred_rules
	{
		alerts_of_each 1 | grep -E '"rule (6[1-9]|70)"'
		alerts_of_each 1 | grep '"rule 7"'
	} >"$LAB/in"
	[ "$(wc -l <"$LAB/in")" -eq 11 ]
	pulse-send -c 3 --webhook-file "$LAB/any" <"$LAB/in" >"$LAB/out" 2>"$LAB/err" 3>&- &
	pid=$!
	echo "$pid" >>"$LAB/pids"
	until_true 60 grep -q '"delivered"' "$LAB/out"
	# It did not wait for one of the others to be given up.
	[ "$(wc -l <"$LAB/out")" -eq 1 ]
	kill "$pid"
	kill "$pid" 2>/dev/null || true
	wait "$pid" || true
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

# Keep the store locked against all writers until unlock_store.
lock_store() {
	mkfifo "$LAB/locker"
	sqlite3 -cmd '.timeout 10000' "$PULSE_DB" <"$LAB/locker" >"$LAB/locked" 3>&- &
	exec 4>"$LAB/locker"
	echo "begin immediate; select 'locked';" >&4
	until_true 20 grep -q locked "$LAB/locked"
}

unlock_store() {
	exec 4>&-
	until_true 20 sqlite3 "$PULSE_DB" 'begin immediate; rollback'
}

@test "a store that is locked for longer than ten seconds ends nothing and loses nothing" {
	lab_sink --answer '{"delay_ms":1000}'
	url any /hook
	mkfifo "$LAB/in"
	pulse-send --webhook-file "$LAB/any" <"$LAB/in" >"$LAB/out" 2>"$LAB/err" 3>&- 4>&- &
	pid=$!
	lab_note "$pid"
	exec 5>"$LAB/in"
	alert 1 1 >&5
	seen 1
	lock_store
	# Its answer comes, and these lines, which the store does not have.
	alert 2 2 >&5
	alert 3 3 >&5
	sleep 11
	[ "$(requests | wc -l)" -eq 1 ]
	[ ! -s "$LAB/out" ]
	unlock_store
	exec 5>&-
	wait "$pid"
	[ "$(grep -c '"delivered"' "$LAB/out")" -eq 3 ]
	[ "$(requests '.headers["webhook-id"]' | sort | uniq -d | wc -l)" -eq 0 ]
	[ "$(sql 'select count(*) from delivery_attempts where success')" -eq 3 ]
	# Said once, and once that it is over.
	[ "$(grep -c 'kept the database locked' "$LAB/err")" -eq 1 ]
	[ "$(grep -c 'the store works again' "$LAB/err")" -eq 1 ]
	[ "$(wc -l <"$LAB/err")" -eq 2 ]
}

# A request is under way, the store is locked, and the program is told to stop.
stopped_while_locked() {
	lab_sink --answer '{"delay_ms":1000}'
	url any /hook
	mkfifo "$LAB/in"
	pulse-send --webhook-file "$LAB/any" <"$LAB/in" >"$LAB/out" 2>"$LAB/err" 3>&- 4>&- &
	pid=$!
	lab_note "$pid"
	exec 5>"$LAB/in"
	alert 1 1 >&5
	seen 1
	lock_store
	until_true 30 grep -q 'kept the database locked' "$LAB/err"
	kill -TERM "$pid"
}

@test "SIGTERM while the store is locked: what cannot be recorded is named" {
	stopped_while_locked
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 75 ]
	grep -q 'not recorded: alert 0b2f0000-0000-5000-8000-000000000001 through generic: delivered' "$LAB/err"
	grep -q '1 attempts are not recorded' "$LAB/err"
	exec 5>&-
	unlock_store
}

@test "SIGTERM while the store is locked for a moment: all is recorded" {
	stopped_while_locked
	unlock_store
	wait "$pid"
	exec 5>&-
	[ "$(grep -c '"delivered"' "$LAB/out")" -eq 1 ]
	[ "$(sql 'select count(*) from delivery_attempts where success')" -eq 1 ]
}

need_strace() {
	strace -qq -o /dev/null true 2>/dev/null || skip "no strace"
	# strace and the leak detector exclude each other.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
}

@test "where the kernel does not sync on request, the sender waits for the disk itself" {
	need_strace
	lab_sink --answer '{"status":200}'
	url any /hook
	alerts 1 3 | strace -f -qq -o "$LAB/calls" -e trace=io_setup,io_submit,fdatasync \
	    -e inject=io_setup:error=EAGAIN pulse-send --webhook-file "$LAB/any" >"$LAB/out"
	[ "$(jq -r .status "$LAB/out" | sort | uniq -c | xargs)" = "3 delivered" ]
	[ "$(sql 'select count(*) from delivery_attempts where success = 1')" -eq 3 ]
	run ! grep -q io_submit "$LAB/calls"
	grep -q 'fdatasync.* = 0' "$LAB/calls"
}

@test "on a disk that fails nothing is printed as recorded" {
	need_strace
	lab_sink --answer '{"status":200}'
	url any /hook
	run --separate-stderr strace -f -qq -o /dev/null \
	    -e trace=io_getevents,fdatasync -e inject=io_getevents:error=EIO \
	    pulse-send --webhook-file "$LAB/any" <<<"$(alert 1)"
	[ "$status" -eq 75 ]
	[ -z "$output" ]
	grep -q 'it does not reach the disk: Input/output error' <<<"$stderr"
	[ "$(requests | wc -l)" -eq 1 ]
}

# pulse-send in the background, fed by descriptor 7; its HTTP worker is $worker.
start_sender() {
	mkfifo "$LAB/in"
	pulse-send "$@" <"$LAB/in" >"$LAB/out" 2>"$LAB/err" 3>&- &
	pid=$!
	echo "$pid" >>"$LAB/pids"
	exec 7>"$LAB/in"
	until_true 20 pgrep -P "$pid" -x pulse-send-http >/dev/null
	worker=$(pgrep -P "$pid" -x pulse-send-http)
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

@test "however pulse-send ends, its HTTP worker ends with it" {
	lab_sink --answer '{"path":"/hook","end":"hang"}'
	url any /hook
	start_sender --webhook-file "$LAB/any"
	alert 1 >&7
	seen 1 /hook
	# Signals to the whole group are for pulse-send to handle.
	kill -TERM "$worker"
	kill -INT "$worker"
	kill -0 "$worker"
	kill -9 "$pid"
	until_true 20 is_gone "$worker"
	exec 7>&-
}

@test "a HTTP worker that is killed is replaced; what it had may have arrived and goes again" {
	lab_sink --answer '{"path":"/first","status":200}' \
	    --answer '{"path":"/hook","end":"hang","n":1}' \
	    --answer '{"path":"/hook","status":200}'
	for i in 1 2; do
		printf '{"id":"7323ab12-0000-4000-8000-%012d","name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"generic_webhook_url":"%s"}\n' \
		    "$i" "$SINK/$([ "$i" -eq 1 ] && echo first || echo hook)"
	done | pulse-ctl rule import >/dev/null
	url any /none
	start_sender --webhook-file "$LAB/any"
	alert 1 1 >&7
	until_true 20 grep -q '"delivered"' "$LAB/out"
	alert 2 2 >&7
	seen 1 /hook
	kill -9 "$worker"
	seen 2 /hook
	exec 7>&-
	wait "$pid"
	grep -q 'killed by signal 9; another one takes its place' "$LAB/err"
	[ "$(jq -r .status "$LAB/out" | xargs)" = "delivered retrying delivered" ]
	jq -r .error "$LAB/out" | grep -q 'the process that sends was killed by signal 9'
	# The same delivery, under the same id.
	[ "$(requests 'select(.path == "/hook") | .headers["webhook-id"]' | sort -u | wc -l)" -eq 1 ]
}

@test "SIGTERM: what waits for a place has not been sent and goes back" {
	lab_sink --answer '{"path":"/hook*","delay_ms":1500,"status":200}'
	for i in 1 2 3; do
		printf '{"id":"7323ab12-0000-4000-8000-%012d","name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"generic_webhook_url":"%s/hook%d"}\n' \
		    "$i" "$SINK" "$i"
	done | pulse-ctl rule import >/dev/null
	url any /none
	start_sender -c 1 --webhook-file "$LAB/any"
	{ alert 1 1; alert 2 2; alert 3 3; } >&7
	seen 1
	kill "$pid"
	wait "$pid"
	exec 7>&-
	[ "$(jq -r .status "$LAB/out")" = delivered ]
	[ "$(requests | wc -l)" -eq 1 ]
	[ "$(sql 'select count(*) from deliveries where status = 0 and attempts = 0 and lease is null')" -eq 2 ]
}

@test "SIGTERM while lines wait: the requests that run are waited for without spinning" {
	need_strace
	lab_sink --answer '{"path":"/hook1","end":"hang"}' \
	    --answer '{"path":"/hook2","delay_ms":5000,"status":200}'
	for i in 1 2; do
		printf '{"id":"7323ab12-0000-4000-8000-%012d","name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"generic_webhook_url":"%s/hook%d"}\n' \
		    "$i" "$SINK" "$i"
	done | pulse-ctl rule import >/dev/null
	url any /none
	# More than memory takes, and the first of them hangs.
	{
		alert 1 1
		alert 2 2
		alert 3 1 | awk '{
			for (i = 3; i <= 9000; i++) {
				line = $0
				sub(/000000000003"/, sprintf("%012d\"", i), line)
				sub(/window_start":"[^"]*/, sprintf("window_start\":\"2026-11-%02dT%02d:%02d:00.000Z",
				    i / 1440 + 1, i / 60 % 24, i % 60), line)
				print line
			}
		}'
	} >"$LAB/in"
	strace -qq -o "$LAB/calls" -e trace=poll \
	    pulse-send --webhook-file "$LAB/any" <"$LAB/in" >"$LAB/out" 2>"$LAB/err" 3>&- &
	echo "$!" >>"$LAB/pids"
	full() { [ "$(sql 'select count(*) from deliveries where lease is not null')" -ge 8192 ]; }
	# Later the first request has timed out, and all is otherwise.
	until_true 5 full || skip "memory is not full while the first request runs"
	pid=$(pgrep -P "$!" -x pulse-send)
	before=$(wc -l <"$LAB/calls")
	kill "$pid"
	until_true 30 grep -q '"delivered"' "$LAB/out"
	kill "$pid"
	wait "$!" || true
	# It spun some ten thousand times a second.
	[ $(($(wc -l <"$LAB/calls") - before)) -lt 1000 ]
}

@test "a wait for all of Discord holds for what was handed over ahead, too" {
	lab_sink --answer '{"path":"/api/v10/webhooks/1/a","n":1,"delay_ms":300,"status":429,"body":"{\"message\":\"slow\",\"retry_after\":3,\"global\":true}"}' \
	    --answer '{"path":"/api/v10/webhooks/1/a","status":200,"body":"{\"id\":\"1\"}"}' \
	    --answer '{"path":"/api/v10/webhooks/*","status":200,"body":"{\"id\":\"1\"}"}'
	for i in 1 2; do
		printf '{"id":"7323ab12-0000-4000-8000-%012d","name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"discord_webhook_url":"%s/api/webhooks/%d/a"}\n' \
		    "$i" "$SINK" "$i"
	done | pulse-ctl rule import >/dev/null
	url any /none
	# The second has no place before the first was answered.
	{ alert 1 1; alert 2 2; } | pulse-send -c 1 --discord-file "$LAB/any" >"$LAB/out"
	[ "$(jq -r .status "$LAB/out" | sort | uniq -c | xargs)" = "2 delivered 1 retrying" ]
	requests '.mono_us' >"$LAB/times"
	[ "$(wc -l <"$LAB/times")" -eq 3 ]
	# Nothing for 3 s.
	[ $(($(sed -n 2p "$LAB/times") - $(sed -n 1p "$LAB/times"))) -ge 3000000 ]
}

@test "a HTTP worker that is killed is no failure of the receivers it called" {
	lab_sink --answer '{"path":"/hook","n":5,"status":200}' \
	    --answer '{"path":"/hook","n":6,"end":"hang"}' \
	    --answer '{"path":"/hook","status":200}'
	url any /hook
	start_sender --webhook-file "$LAB/any"
	# One after the other: with each the receiver may have one more at once.
	for i in 1 2 3 4 5; do
		alert "$i" "$i" >&7
		delivered() { [ "$(grep -c '"delivered"' "$LAB/out")" -eq "$i" ]; }
		until_true 20 delivered
	done
	for i in 6 7 8 9 10 11; do
		alert "$i" "$i"
	done >&7
	seen 11
	kill -9 "$worker"
	exec 7>&-
	wait "$pid"
	[ "$(grep -c '"retrying"' "$LAB/out")" -eq 6 ]
	[ "$(grep -c '"delivered"' "$LAB/out")" -eq 11 ]
	run ! grep -q 'left alone' "$LAB/err"
}

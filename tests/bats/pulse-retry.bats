#!/usr/bin/env bats
# pulse-retry: claims, and hands them to pulse-send.
# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0
load ../lab.bash
load ../delivery.bash

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	lab_begin "$BATS_TEST_TMPDIR/lab"
	lab_sink --answer '{"path":"/down","status":500}'
	url down /down
	url hook /hook
}

teardown() {
	lab_end
}

# N deliveries in the store, pending and due, not one request sent: the sender
# refused the address, and then they are made new.
pending() {
	for i in $(seq "$1"); do
		alert "$i" "$i"
	done >"$LAB/in"
	PULSE_ALLOW_PRIVATE=0 pulse-send --webhook-file "$LAB/down" <"$LAB/in" >"$LAB/first" || true
	sql 'update deliveries set status = 0, step = 0, attempts = 0, next_attempt_ms = 0'
}

@test "what is due is printed once, as its alert with the claim added" {
	pending 3
	pulse-retry >"$LAB/claims"
	[ "$(wc -l <"$LAB/claims")" -eq 3 ]
	[ "$(jq -c 'del(.delivery)' "$LAB/claims" | sort)" = "$(jq -c . "$LAB/in" | sort)" ]
	[ "$(jq -r '.delivery.id' "$LAB/claims" | sort)" = "$(jq -r .delivery_id "$LAB/first" | sort -u)" ]
	# They are leased now.
	[ "$(pulse-retry | wc -l)" -eq 0 ]
}

@test "pulse-send takes the claims over and sends them" {
	pending 5
	pulse-retry | pulse-send --webhook-file "$LAB/hook" >"$LAB/out"
	[ "$(jq -r .status "$LAB/out" | sort | uniq -c | tr -s ' ')" = ' 5 delivered' ]
	[ "$(requests 'select(.path == "/hook")' | wc -l)" -eq 5 ]
	[ "$(requests '.body | fromjson | has("delivery")' | sort -u)" = false ]
	[ "$(pulse-retry | wc -l)" -eq 0 ]
}

@test "a record that cannot be printed does not keep back the others" {
	pending 3
	sql "update alerts set record = '{' || hex(zeroblob(9000)) || '}' where seq = (select min(seq) from alerts)"
	run -1 pulse-retry
	[ "$(grep -c '"delivery":' <<<"$output")" -eq 2 ]
	[[ "$output" == *"in the store is no object, or too long"* ]]
}

@test "pulse-send stores no alert that pulse-retry could not print" {
	alert 1 1 | jq -c '.pad = ("x" * 17000)' >"$LAB/in"
	run -1 pulse-send --webhook-file "$LAB/hook" <"$LAB/in"
	[[ "$output" == *"stdin:1: an alert of 17"*" bytes is too long"* ]]
	[ "$(sql 'select count(*) from alerts')" -eq 0 ]
}

@test "two at once never print the same delivery" {
	pending 300
	pids=
	for i in 1 2 3 4; do
		pulse-retry >"$LAB/claims$i" 3>&- &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid"
	done
	cat "$LAB"/claims? | jq -r .delivery.id | sort >"$LAB/ids"
	[ "$(wc -l <"$LAB/ids")" -eq 300 ]
	[ "$(uniq -d "$LAB/ids" | wc -l)" -eq 0 ]
}

@test "a claim that nobody takes over is due again when its lease ends" {
	pending 2
	pulse-retry >"$LAB/old"
	sql 'update deliveries set lease_until_ms = 1'
	pulse-retry >"$LAB/new"
	[ "$(wc -l <"$LAB/new")" -eq 2 ]
	# Who comes late with the old claim gets nothing.
	pulse-send --webhook-file "$LAB/hook" <"$LAB/old" >"$LAB/out"
	[ ! -s "$LAB/out" ]
	[ ! -s "$LAB/sink.ndjson" ]
	pulse-send --webhook-file "$LAB/hook" <"$LAB/new" >"$LAB/out"
	[ "$(jq -r .status "$LAB/out" | sort -u)" = delivered ]
}

@test "--limit bounds it, -n claims nothing" {
	pending 7
	[ "$(pulse-retry -n | wc -l)" -eq 7 ]
	[ "$(pulse-retry -n --limit 2 | wc -l)" -eq 2 ]
	[ "$(pulse-retry --limit 3 | wc -l)" -eq 3 ]
	[ "$(pulse-retry | wc -l)" -eq 4 ]
}

@test "what is not due is not printed" {
	pending 2
	sql "update deliveries set next_attempt_ms = 9999999999999"
	[ "$(pulse-retry | wc -l)" -eq 0 ]
}

two() {
	[ "$(wc -l <"$LAB/claims")" -eq 2 ]
}

@test "--follow prints what becomes due later, and ends on SIGTERM" {
	pending 2
	sql "update deliveries set next_attempt_ms = 9999999999999"
	pulse-retry --follow >"$LAB/claims" 2>"$LAB/err" 3>&- &
	pid=$!
	echo "$pid" >>"$LAB/pids"
	sql "update deliveries set next_attempt_ms = 0"
	until_true 20 two
	kill "$pid"
	wait "$pid"
}

@test "--follow waits for a store that another program keeps locked" {
	pending 2
	mkfifo "$LAB/locker"
	sqlite3 "$PULSE_DB" <"$LAB/locker" >"$LAB/locked" 3>&- &
	exec 4>"$LAB/locker"
	echo "begin immediate; select 'locked';" >&4
	until_true 20 grep -q locked "$LAB/locked"
	pulse-retry --follow >"$LAB/claims" 2>"$LAB/err" 3>&- 4>&- &
	pid=$!
	lab_note "$pid"
	until_true 20 grep -q 'kept the database locked' "$LAB/err"
	sleep 11
	exec 4>&-
	until_true 20 two
	kill "$pid"
	wait "$pid"
	[ "$(wc -l <"$LAB/err")" -eq 2 ]
}

@test "a failure goes on in the schedule where it was, and ends as a dead letter" {
	pending 1
	sql 'update deliveries set status = 1, step = 10, attempts = 10'
	run bash -c "pulse-retry | pulse-send --webhook-file '$LAB/down'"
	[ "$(jq -r .status <<<"$output")" = dead ]
	[ "$(requests | wc -l)" -eq 1 ]
	# It can be sent again by hand.
	pulse-ctl delivery retry --all >/dev/null
	pulse-retry | pulse-send --webhook-file "$LAB/hook" >"$LAB/out"
	[ "$(jq -r .status "$LAB/out")" = delivered ]
}

@test "usage errors, help and version" {
	run pulse-retry --limit 0
	[ "$status" -eq 2 ]
	run pulse-retry operand
	[ "$status" -eq 2 ]
	run pulse-retry --help
	[ "$status" -eq 0 ]
	run pulse-retry --version
	[ "$status" -eq 0 ]
}

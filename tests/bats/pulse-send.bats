#!/usr/bin/env bats
# pulse-send against the sink.

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

@test "an alert goes to both channels of the command line, once each, audited" {
	lab_sink
	url d /api/webhooks/1/tokentoken
	url g /hook
	alert 1 | pulse-send --discord-file "$LAB/d" --webhook-file "$LAB/g" >"$LAB/out"
	[ "$(requests | wc -l)" -eq 2 ]
	[ "$(jq -r .status "$LAB/out" | sort -u)" = delivered ]
	[ "$(sql 'select count(*) from delivery_attempts where success and response_code = 200 and bytes > 0 and address is not null')" -eq 2 ]
	[ "$(sql 'select count(*) from deliveries where status = 2 and attempts = 1 and lease is null')" -eq 2 ]
	# The generic body is the record itself.
	[ "$(requests 'select(.path == "/hook") | .body' | jq -r .)" = "$(alert 1)" ]
	# Discord: version, wait, nobody mentioned.
	requests 'select(.path == "/api/v10/webhooks/1/tokentoken" and .query == "wait=true")' | grep -q .
}

@test "webhook-id is the delivery's and the same for every try, webhook-timestamp that of the try" {
	lab_sink --answer '{"path":"/hook","n":2,"status":500}' --answer '{"path":"/hook","status":204}'
	url g /hook
	alert 1 | pulse-send --webhook-file "$LAB/g" >"$LAB/out"
	[ "$(requests '.headers["webhook-id"]' | sort -u | wc -l)" -eq 1 ]
	[ "$(requests '.headers["webhook-id"]' | head -n 1)" = "$(jq .delivery_id "$LAB/out" | head -n 1)" ]
	[ "$(requests 'select((.us / 1000000 | floor) - (.headers["webhook-timestamp"] | tonumber) | . < 0 or . > 1)' | wc -l)" -eq 0 ]
	[ "$(jq -c '[.attempt, .status, .response_code]' "$LAB/out" | tr '\n' ' ')" = \
	    '[1,"retrying",500] [2,"retrying",500] [3,"delivered",204] ' ]
}

@test "a wait of 0.376 s is kept to the millisecond, and for the whole bucket" {
	lab_sink --answer '{"path":"/hook","status":429,"headers":{"Retry-After":"0.376"}}' \
	    --answer '{"path":"/hook","status":200}'
	url g /hook
	{ alert 1 1; alert 2 2; alert 3 3; } | pulse-send -c 1 --webhook-file "$LAB/g" >"$LAB/out"
	[ "$(requests | wc -l)" -eq 4 ]
	# Nothing came between the first request and the end of the wait.
	[ "$(requests .mono_us | awk 'NR == 1 { t = $1 } NR == 2 { print ($1 - t >= 376000) }')" -eq 1 ]
	[ "$(jq -r 'select(.status == "retrying") | .response_code' "$LAB/out")" = 429 ]
}

@test "five failures, then it is pulse-retry's: nothing more is sent, the next time is in the store" {
	lab_sink --answer '{"path":"/hook","status":500}'
	url g /hook
	alert 1 | pulse-send --webhook-file "$LAB/g" >"$LAB/out"
	[ "$(requests | wc -l)" -eq 5 ]
	[ "$(jq -r .status "$LAB/out" | sort -u)" = retrying ]
	# 5 minutes, a tenth more at most; no lease is left behind.
	[ "$(sql "select count(*) from deliveries where status = 1 and step = 5 and lease is null
	    and next_attempt_ms - updated_ms between 295000 and 335000")" -eq 1 ]
	[ "$(tail -n 1 "$LAB/out" | jq '.next_attempt_at | length')" -eq 24 ]
}

@test "permanent answers are dead at once, with the reason" {
	lab_sink --answer '{"path":"/hook","status":400,"body":"bad"}'
	url g /hook
	run bash -c ". tests/delivery.bash; alert 1 | pulse-send --webhook-file '$LAB/g'"
	[ "$status" -eq 1 ]
	[ "$(jq -c '[.status, .response_code, .error, .next_attempt_at]' <<<"$output")" = \
	    '["dead",400,"400: the receiver refuses the request",null]' ]
	[ "$(sql 'select response from delivery_attempts')" = bad ]
}

@test "a channel that is gone is disabled at once, stays so, and the others are told" {
	lab_sink --answer '{"path":"/api/*","status":404,"body":{"code":10015}}'
	url d /api/webhooks/1/tokentoken
	url g /hook
	pulse-ctl db init >/dev/null
	echo '{"id":"7323ab12-0000-4000-8000-000000000001","name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1,"operator":">="},"discord_webhook_url":"'"$(cat "$LAB/d")"'","generic_webhook_url":"'"$(cat "$LAB/g")"'"}' |
	    pulse-ctl rule import >/dev/null
	alert 1 | pulse-send --discord-file "$LAB/d" --webhook-file "$LAB/g" >"$LAB/out" || true
	[ "$(sql "select count(*) from endpoints where disabled_ms > 0 and key like 'discord:%'")" -eq 1 ]
	requests 'select(.path == "/hook") | .body | fromjson | select(.state == "channel_disabled") | .message' |
	    grep -q 'Channel discord is disabled: 404'
	# Another run does not ask Discord again.
	before=$(requests 'select(.path | startswith("/api"))' | wc -l)
	alert 2 | pulse-send --discord-file "$LAB/d" --webhook-file "$LAB/g" >"$LAB/out" || true
	[ "$(requests 'select(.path | startswith("/api"))' | wc -l)" -eq "$before" ]
	[ "$(jq -r 'select(.channel == "discord") | .status' "$LAB/out")" = dead ]
}

@test "alerts of one rule arrive in order although one is retried; those of others pass" {
	lab_sink --answer '{"path":"/hook","n":1,"status":500}' --answer '{"path":"/hook","status":200}'
	url g /hook
	{ alerts 1 5 1; alert 9 2; } | pulse-send --webhook-file "$LAB/g" >"$LAB/out"
	# The first request failed: whichever rule it was, order holds in each.
	[ "$(requests '.body | fromjson | select(.rule_name == "rule 1") | .message' | uniq | tr -d '"\n')" = \
	    'alert 1alert 2alert 3alert 4alert 5' ]
	[ "$(jq -r 'select(.status == "delivered") | .delivery_id' "$LAB/out" | sort -u | wc -l)" -eq 6 ]
}

@test "a burst beyond Discord's bucket becomes digests, nothing is lost or sent twice" {
	lab_sink --limits
	url d /api/webhooks/1/tokentoken
	alerts 1 60 | pulse-send --discord-file "$LAB/d" >"$LAB/out"
	[ "$(jq -r 'select(.status == "delivered") | .delivery_id' "$LAB/out" | sort -u | wc -l)" -eq 60 ]
	[ "$(requests 'select(.path | startswith("/api")) | .body | fromjson | .embeds | length' | awk '{ n += $1 } END { print n }')" -eq 60 ]
	# Never a 429: the bucket was kept by ourselves.
	[ "$(sql 'select count(*) from delivery_attempts where response_code = 429')" -eq 0 ]
}

@test "SIGTERM lets running requests end and gives everything else back" {
	lab_sink --answer '{"path":"/hook","delay_ms":1500,"status":200}'
	url g /hook
	mkfifo "$LAB/in"
	pulse-send -c 1 --webhook-file "$LAB/g" <"$LAB/in" >"$LAB/out" 2>"$LAB/err" 3>&- &
	pid=$!
	echo "$pid" >>"$LAB/pids"
	exec 7>"$LAB/in"
	alerts 1 3 >&7
	seen 1 /hook
	kill "$pid"
	wait "$pid"
	exec 7>&-
	[ "$(jq -r .status "$LAB/out")" = delivered ]
	[ "$(requests | wc -l)" -eq 1 ]
	[ "$(sql 'select count(*) from deliveries where status = 0 and attempts = 0 and lease is null')" -eq 2 ]
}

@test "a stdin that fails ends it like SIGTERM: what runs is recorded, the rest goes back" {
	command -v python3 >/dev/null || skip "no python3"
	lab_sink --answer '{"path":"/hook","delay_ms":1500,"status":200}'
	url g /hook
	alerts 1 3 >"$LAB/alerts"
	# A socket whose other end is torn off once a request runs.
	run python3 - "$LAB" "$SINK" <<-'END'
		import socket, struct, subprocess, sys, urllib.request
		lab, sink = sys.argv[1:]
		s = socket.create_server(("127.0.0.1", 0))
		far = socket.create_connection(s.getsockname())
		near = s.accept()[0]
		p = subprocess.Popen(["pulse-send", "-c", "1", "--webhook-file",
		    lab + "/g"], stdin=near, stdout=open(lab + "/out", "w"),
		    stderr=open(lab + "/err", "w"))
		near.close()
		far.sendall(open(lab + "/alerts", "rb").read())
		urllib.request.urlopen(
		    sink + "/_sink/wait?requests=1&timeout=30&path=/hook").read()
		far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
		    struct.pack("ii", 1, 0))
		far.close()
		sys.exit(p.wait())
	END
	[ "$status" -eq 75 ]
	grep -q "stdin: " "$LAB/err"
	[ "$(jq -r .status "$LAB/out")" = delivered ]
	[ "$(sql 'select count(*) from delivery_attempts where success = 1')" -eq 1 ]
	[ "$(sql 'select count(*) from deliveries where status = 0 and lease is null')" -eq 2 ]
}

@test "addresses that are not public are refused unless allowed" {
	lab_sink
	url g /hook
	unset PULSE_ALLOW_PRIVATE
	run bash -c ". tests/delivery.bash; alert 1 | pulse-send --webhook-file '$LAB/g'"
	[ "$status" -eq 1 ]
	[ "$(jq -r .status <<<"$output")" = dead ]
	jq -r .error <<<"$output" | grep -q '127.0.0.1 is a loopback address'
	[ ! -s "$LAB/sink.ndjson" ]
	alert 2 | pulse-send --allow-private --webhook-file "$LAB/g" >"$LAB/out"
	[ "$(requests | wc -l)" -eq 1 ]
}

@test "redirects are not followed and proxies of the environment are not used" {
	lab_sink --answer '{"path":"/hook","redirect":"/elsewhere","status":301}'
	url g /hook
	export http_proxy=http://127.0.0.1:1/ ALL_PROXY=http://127.0.0.1:1/
	unset no_proxy
	run bash -c ". tests/delivery.bash; alert 1 | pulse-send --webhook-file '$LAB/g'"
	[ "$(jq -c '[.status, .response_code]' <<<"$output")" = '["dead",301]' ]
	[ "$(jq -c .path "$LAB/sink.ndjson" | sort -u)" = '"/hook"' ]
}

@test "lines that are no alerts are named, skipped and counted" {
	lab_sink
	url g /hook
	{
		echo 'not json'
		echo '{"id":"x"}'
		head -c 30000 /dev/zero | tr '\0' x
		echo
		alert 1
	} >"$LAB/in"
	run bash -c "pulse-send --log text --webhook-file '$LAB/g' <'$LAB/in' 2>'$LAB/err'"
	[ "$status" -eq 1 ]
	[ "$(grep -c '^pulse-send: stdin:[123]: ' "$LAB/err")" -eq 3 ]
	[ "$(jq -r .status <<<"$output")" = delivered ]
}

@test "an alert is sent once, however often its line comes" {
	lab_sink
	url g /hook
	{ alert 1; alert 1; alert 1; } | pulse-send --webhook-file "$LAB/g" >"$LAB/out"
	alert 1 | pulse-send --webhook-file "$LAB/g" >>"$LAB/out"
	[ "$(wc -l <"$LAB/out")" -eq 1 ]
	[ "$(requests | wc -l)" -eq 1 ]
}

@test "-n prints the requests and does nothing" {
	lab_sink
	url d /api/webhooks/1/tokentoken
	url g /hook/secret-path-of-mine
	alert 1 | pulse-send -n --discord-file "$LAB/d" --webhook-file "$LAB/g" >"$LAB/out"
	[ "$(jq -r .channel "$LAB/out" | tr '\n' ' ')" = 'discord generic ' ]
	[ "$(jq -c 'select(.channel == "generic") | .body' "$LAB/out")" = "$(alert 1 | jq -c .)" ]
	[ "$(grep -cE 'tokentoken|secret-path' "$LAB/out")" -eq 0 ]
	[ ! -s "$LAB/sink.ndjson" ]
	[ ! -e "$PULSE_DB" ]
}

@test "a reader that goes away ends it quietly, and nothing is lost" {
	lab_sink
	url g /hook
	alerts 1 200 >"$LAB/in"
	(pulse-send --webhook-file "$LAB/g" <"$LAB/in" 2>"$LAB/err"; echo $? >"$LAB/status") | head -n 1 >"$LAB/out"
	[ ! -s "$LAB/err" ]
	# What it had not finished is unsettled and free; the rest is settled.
	[ "$(sql 'select count(*) from deliveries where status in (0,1) and lease is not null')" -eq 0 ]
}

@test "usage errors, help and version" {
	run pulse-send --no-such-option </dev/null
	[ "$status" -eq 2 ]
	run pulse-send -c 0 </dev/null
	[ "$status" -eq 2 ]
	run pulse-send operand </dev/null
	[ "$status" -eq 2 ]
	run pulse-send --help
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Examples:" ]
	run pulse-send --version
	[ "$status" -eq 0 ]
}

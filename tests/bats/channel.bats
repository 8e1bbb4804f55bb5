#!/usr/bin/env bats
# Named channels: pulse-ctl channel, and what pulse-send makes of them.
# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031,SC2016,SC2129

bats_require_minimum_version 1.5.0

load ../lab.bash
load ../delivery.bash

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	lab_begin "$BATS_TEST_TMPDIR/lab"
	lab_sink
	url g /hook
}

teardown() {
	lab_end
}

# A rule that names channels, its id known to alert().
rule_with() {
	pulse-ctl rule import >/dev/null <<-END
	{"id":"7323ab12-0000-4000-8000-000000000001","name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":100,"operator":">="},"channels":$1}
	END
}

# Make that rule fire once: the alert, stored with its deliveries.
fire() {
	printf '{"t":%s,"T":%s,"s":"BTC","i":"1m","o":"99","c":"%s","h":"%s","l":"98","v":"1","n":1,"x":true}\n' \
	    1788936600000 1788936659999 99 99.5 \
	    1788936660000 1788936719999 100.5 101 | pulse-eval --replay -q
}

@test "channel add, list, show, edit and rm keep a channel, with its secrets hidden" {
	pulse-ctl channel add ops generic --file url="$LAB/g" --set timeout_ms=5s \
	    --set rate=10/1s --set schedule_ms=1m,2h --set order=no >"$LAB/out"
	[ "$(jq -c '[.timeout_ms, .schedule_ms, .order]' "$LAB/out")" = '[5000,[60000,7200000],false]' ]
	[ "$(pulse-ctl channel list | jq -r .name)" = ops ]
	[ "$(pulse-ctl channel show ops --secrets | jq -r .url)" = "$(cat "$LAB/g")" ]
	[ "$(pulse-ctl channel show ops | grep -c "$(cat "$LAB/g")")" -eq 0 ]
	pulse-ctl channel edit ops --unset timeout_ms --set tries=2 >"$LAB/out"
	[ "$(jq -c '[.timeout_ms, .tries, .order]' "$LAB/out")" = '[null,2,false]' ]
	echo '{"tries":null,"hold":1}' >"$LAB/json"
	run pulse-ctl channel edit ops <"$LAB/json"
	[ "$status" -eq 1 ]
	# A name is a channel's identity, its kind what its members mean.
	for fault in '{"name":"other"}' '{"kind":"slack"}'; do
		run pulse-ctl channel edit ops <<<"$fault"
		[ "$status" -eq 1 ]
	done
	[ "$(pulse-ctl channel list | wc -l)" -eq 1 ]
	# What is shown whole makes the same channel in another store.
	pulse-ctl channel show ops --secrets | pulse-ctl -d "$LAB/other.db" channel add --secrets |
	    jq -S 'del(.created_at, .updated_at)' >"$LAB/copy"
	pulse-ctl channel show ops --secrets | jq -S 'del(.created_at, .updated_at)' | diff - "$LAB/copy"
	# And what is not, does not.
	run pulse-ctl -d "$LAB/third.db" channel add < <(pulse-ctl channel show ops)
	[ "$status" -eq 1 ]
	pulse-ctl channel add still slack --file url="$LAB/g" --set paused=yes | jq -e '.state == "paused"'
	pulse-ctl channel rm still
	# A dry run writes nothing.
	pulse-ctl channel edit -n ops --set tries=9 | jq -e '.tries == 9'
	pulse-ctl channel pause -n ops
	pulse-ctl channel rm -n ops
	pulse-ctl channel add -n more generic --file url="$LAB/g"
	[ "$(pulse-ctl channel list | jq -c '[.name, .tries, .state]')" = '["ops",2,"ok"]' ]
	# A rule that names it goes on into nothing: that is said.
	pulse-ctl rule add BTC 'price >= 100' --channel ops >/dev/null
	run --separate-stderr pulse-ctl channel rm ops
	[ "$status" -eq 0 ]
	[[ $stderr == *"warning: 1 rule still names channel 'ops'"* ]]
	run pulse-ctl channel show ops
	[ "$status" -eq 1 ]
}

@test "channel add refuses what cannot work and names every fault" {
	run pulse-ctl channel add discord generic --file url="$LAB/g"
	[ "$status" -eq 1 ]
	run pulse-ctl channel add x generic
	[ "$status" -eq 1 ]
	run pulse-ctl channel add x generic --file url="$LAB/g" --set tries=0
	[ "$status" -eq 1 ]
	run pulse-ctl channel add x generic --set url=http://example.com/
	[ "$status" -eq 2 ]
	run pulse-ctl channel add x slack --file url="$LAB/g" --set chat_id=1
	[ "$status" -eq 1 ]
	run pulse-ctl channel add x exec -- sh
	[ "$status" -eq 1 ]
	unset PULSE_ALLOW_PRIVATE
	run pulse-ctl channel add x generic --file url="$LAB/g"
	[ "$status" -eq 1 ]
	[ "$(pulse-ctl channel list | wc -l)" -eq 0 ]
}

@test "a template that is not allowed, or does not compile, is refused before it is kept" {
	for program in 'env' '$ENV' 'input' 'def f: f; f' '"a" * 9' '{' '.a |'; do
		printf '%s' "$program" >"$LAB/jq"
		run pulse-ctl channel add t generic --file url="$LAB/g" --file template="$LAB/jq"
		[ "$status" -eq 1 ]
	done
	[ "$(pulse-ctl channel list | wc -l)" -eq 0 ]
}

@test "channel test sends a made-up alert through each kind and stores nothing" {
	echo "123:AAtokentoken" >"$LAB/token"
	echo "$SINK" >"$LAB/base"
	echo 0123456789abcdef0123456789abcdef >"$LAB/key"
	url s /services/T0/B0/slacksecret
	url d /api/webhooks/1/tokentoken
	url n /ntfy/topic
	url p /v2/enqueue
	pulse-ctl channel add a slack --file url="$LAB/s" >/dev/null
	pulse-ctl channel add b discord --file url="$LAB/d" >/dev/null
	pulse-ctl channel add c telegram --file url="$LAB/base" --file token="$LAB/token" --set chat_id=-5 >/dev/null
	pulse-ctl channel add d ntfy --file url="$LAB/n" >/dev/null
	pulse-ctl channel add e pagerduty --file url="$LAB/p" --file routing_key="$LAB/key" >/dev/null
	pulse-ctl channel add f generic --file url="$LAB/g" >/dev/null
	pulse-ctl channel add g exec -- /bin/sh -c 'read line; test -n "$line" && test -n "$PULSE_DELIVERY_ID" && test "$PULSE_CHANNEL" = g' >/dev/null
	for name in a b c d e f g; do
		pulse-ctl channel test "$name" >>"$LAB/out"
	done
	[ "$(jq -c .ok "$LAB/out" | sort -u)" = true ]
	[ "$(requests | wc -l)" -eq 6 ]
	[ "$(sql 'select count(*) from alerts')" -eq 0 ]
	[ "$(grep -cE 'AAtokentoken|slacksecret|0123456789abcdef' "$LAB/out")" -eq 0 ]
}

@test "a rule's named channels get its alerts; a template makes body and headers" {
	echo '{text: "\(.symbol) \(.trigger_value)"}' >"$LAB/jq"
	echo '{"X-Rule": .rule_name}' >"$LAB/hjq"
	pulse-ctl channel add ops generic --file url="$LAB/g" --file template="$LAB/jq" \
	    --file headers_template="$LAB/hjq" >/dev/null
	pulse-ctl channel add bell exec -- /bin/sh -c "cat >'$LAB/rang'; echo \$PULSE_CHANNEL >>'$LAB/rang'" >/dev/null
	rule_with '["ops","bell"]'
	fire | pulse-send >"$LAB/out"
	[ "$(jq -r '"\(.channel) \(.status)"' "$LAB/out" | sort | tr '\n' ' ')" = 'bell delivered ops delivered ' ]
	[ "$(requests .body)" = '"{\"text\":\"BTC 100.5\"}"' ]
	[ "$(requests '.headers["x-rule"]')" = '"r"' ]
	[ "$(tail -n 1 "$LAB/rang")" = bell ]
	[ "$(head -n 1 "$LAB/rang" | jq -r .symbol)" = BTC ]
}

@test "a template that fails on a record makes that delivery dead, in words" {
	echo '.message | tonumber' >"$LAB/jq"
	pulse-ctl channel add ops generic --file url="$LAB/g" --file template="$LAB/jq" >/dev/null
	rule_with '["ops"]'
	fire >"$LAB/alerts"
	run pulse-send <"$LAB/alerts"
	[ "$status" -eq 1 ]
	[ "$(jq -r .status <<<"$output")" = dead ]
	jq -r .error <<<"$output" | grep -q '^template: '
	[ ! -s "$LAB/sink.ndjson" ]
}

@test "exec: a program that cannot be run is taken with a warning that names it" {
	: >"$LAB/plain"
	for program in "$LAB/none" "$LAB/plain" "$LAB"; do
		run -0 --separate-stderr pulse-ctl channel add "${program##*/}x" exec -- "$program"
		jq -e --arg p "$program" '.program == [$p]' <<<"$output"
		[[ $stderr == *"warning: $program: "*"deliveries through ${program##*/}x fail"* ]]
	done
	run -0 --separate-stderr pulse-ctl channel add there exec -- /bin/true
	[ -z "$stderr" ]
	echo "[\"$LAB/none\"]" >"$LAB/program"
	run -0 --separate-stderr pulse-ctl channel edit there --file program="$LAB/program"
	[[ $stderr == *"warning: $LAB/none: No such file"* ]]
	run -0 --separate-stderr pulse-ctl channel edit there -q --set tries=2
	[ -z "$stderr" ]
}

@test "exec: 75 is tried again, other statuses are dead, the program's words are kept" {
	pulse-ctl channel add soon exec --set tries=2 --set base_ms=10ms -- /bin/sh -c 'echo busy; exit 75' >/dev/null
	pulse-ctl channel add never exec -- /bin/sh -c 'exit 3' >/dev/null
	rule_with '["soon","never"]'
	fire >"$LAB/alerts"
	run pulse-send <"$LAB/alerts"
	[ "$(sql "select count(*) from delivery_attempts where channel = 'soon' and response like 'busy%'")" -eq 2 ]
	[ "$(sql "select status, step from deliveries where channel = 'soon'")" = '1|2' ]
	[ "$(sql "select status, last_error from deliveries where channel = 'never'")" = '3|the program ended with status 3' ]
}

@test "a chat that moves is written to by its new id, and an edit of that moment stays" {
	curl -sf --data-binary @- "$SINK/_sink/script" <<-'END' >/dev/null
	{"path":"/botm:secret1234/sendMessage","delay_ms":600,"status":400,"body":{"ok":false,"parameters":{"migrate_to_chat_id":-100777}}}
	{"path":"/botm:secret1234/sendMessage","as":"telegram"}
	END
	echo m:secret1234 >"$LAB/token"
	printf '%s/\n' "$SINK" >"$LAB/base"
	pulse-ctl channel add chat telegram --file url="$LAB/base" --file token="$LAB/token" --set chat_id=-5 >/dev/null
	rule_with '["chat"]'
	fire >"$LAB/alerts"
	pulse-send <"$LAB/alerts" >"$LAB/out" 2>"$LAB/err" 3>&- &
	pid=$!
	lab_note "$pid"
	seen 1 /botm:secret1234/sendMessage
	pulse-ctl channel edit chat --set tries=3 >/dev/null
	wait "$pid"
	[ "$(requests '.body | fromjson | .chat_id' | tail -n 1)" = '"-100777"' ]
	[ "$(pulse-ctl channel show chat | jq -c '[.chat_id, .tries]')" = '["-100777",3]' ]
}

@test "a machine short of descriptors is no fault of a channel: it is tried again" {
	local i names=

	for i in $(seq 12); do
		pulse-ctl channel add "p$i" exec --set base_ms=100ms --set tries=10 -- /bin/sleep 0.2 >/dev/null
		names+="${names:+,}\"p$i\""
	done
	rule_with "[$names]"
	fire >"$LAB/alerts"
	run bash -c 'ulimit -n 24; exec pulse-send' <"$LAB/alerts"
	[ "$status" -eq 0 ]
	# It really was short, nothing died, and no channel was left alone.
	[ "$(sql "select count(*) from delivery_attempts where error like '%Too many open files%'")" -gt 0 ]
	[ "$(sql 'select count(*) from deliveries where status = 2')" -eq 12 ]
	[ "$(sql 'select count(*) from endpoints')" -eq 0 ]
}

@test "signed requests verify, also while a secret is rotated" {
	pulse-ctl channel add ops generic --file url="$LAB/g" --sign | jq -r .new_secret >"$LAB/old"
	pulse-ctl channel edit ops --sign | jq -r .new_secret >"$LAB/new"
	rule_with '["ops"]'
	fire | pulse-send >/dev/null
	jq -rj .body "$LAB/sink.ndjson" >"$LAB/body"
	id=$(jq -r '.headers["webhook-id"]' "$LAB/sink.ndjson")
	time=$(jq -r '.headers["webhook-timestamp"]' "$LAB/sink.ndjson")
	signature=$(jq -r '.headers["webhook-signature"]' "$LAB/sink.ndjson")
	for secret in old new; do
		pulse-ctl verify --secret-file "$LAB/$secret" --id "$id" --timestamp "$time" \
		    --signature "$signature" <"$LAB/body"
	done
	run pulse-ctl verify --secret-file "$LAB/old" --id "$id" --timestamp "$time" \
	    --signature "$signature" < <(cat "$LAB/body"; echo)
	[ "$status" -eq 1 ]
}

@test "the standardwebhooks library of npm accepts our requests" {
	modules=${PULSE_NODE_MODULES:-$BATS_TEST_DIRNAME/../../build/npm/test/node_modules}
	[ -d "$modules/standardwebhooks" ] || skip "standardwebhooks is not installed (PULSE_NODE_MODULES)"
	pulse-ctl channel add ops generic --file url="$LAB/g" --sign | jq -r .new_secret >"$LAB/secret"
	rule_with '["ops"]'
	fire | pulse-send >/dev/null
	NODE_PATH=$modules run node -e '
		const { Webhook } = require("standardwebhooks");
		const fs = require("fs");
		const r = JSON.parse(fs.readFileSync(process.argv[1]));
		const w = new Webhook(fs.readFileSync(process.argv[2], "utf8").trim());
		console.log(w.verify(r.body, r.headers).symbol);
		try { w.verify(r.body + " ", r.headers); console.log("no"); } catch (e) { console.log("refused"); }
	' "$LAB/sink.ndjson" "$LAB/secret"
	[ "$output" = "$(printf 'BTC\nrefused')" ]
}

@test "hold: what may have arrived waits for a person" {
	curl -sf "$SINK/_sink/script" -d '{"path":"/hook","n":1,"end":"close"}
	{"path":"/hook","status":200}' >/dev/null
	pulse-ctl channel add ops generic --file url="$LAB/g" --set ambiguous=hold >/dev/null
	rule_with '["ops"]'
	fire | pulse-send >"$LAB/out"
	[ "$(jq -r .status "$LAB/out")" = held ]
	[ "$(requests | wc -l)" -eq 1 ]
	sql 'update deliveries set next_attempt_ms = 0'
	[ "$(pulse-retry | wc -l)" -eq 0 ]
	pulse-ctl delivery retry --channel ops >/dev/null
	pulse-retry | pulse-send >"$LAB/out"
	[ "$(jq -r .status "$LAB/out")" = delivered ]
}

@test "channel pause keeps what comes, channel resume sends it" {
	pulse-ctl channel add ops generic --file url="$LAB/g" >/dev/null
	pulse-ctl channel pause ops >/dev/null
	[ "$(pulse-ctl channel list | jq -r .state)" = paused ]
	rule_with '["ops"]'
	fire | pulse-send >"$LAB/out"
	[ ! -s "$LAB/out" ]
	[ ! -s "$LAB/sink.ndjson" ]
	pulse-ctl channel resume ops >/dev/null
	pulse-retry | pulse-send >"$LAB/out"
	[ "$(jq -r .status "$LAB/out")" = delivered ]
}

@test "an endpoint that is gone is disabled, and lives again after channel resume" {
	curl -sf "$SINK/_sink/script" -d '{"path":"/hook","n":1,"status":410}
	{"path":"/hook","status":200}' >/dev/null
	pulse-ctl channel add ops generic --file url="$LAB/g" >/dev/null
	rule_with '["ops"]'
	fire | pulse-send >"$LAB/out" 2>"$LAB/err" || true
	[ "$(jq -r .status "$LAB/out")" = dead ]
	pulse-ctl channel list | jq -r '"\(.state): \(.reason)"' | grep -q '^disabled: 410'
	pulse-ctl channel resume ops >/dev/null
	[ "$(pulse-ctl channel list | jq -r .state)" = ok ]
	pulse-ctl delivery retry --channel ops >/dev/null
	pulse-retry | pulse-send >"$LAB/out"
	[ "$(jq -r .status "$LAB/out")" = delivered ]
}

@test "planted secrets are nowhere: output, errors, records, audit, heartbeat" {
	echo "123:planted-token-a" >"$LAB/token"
	echo "$SINK" >"$LAB/base"
	url s /services/planted-token-b/planted-token-c
	url d /api/webhooks/1/planted-token-d
	echo '{"X-Auth":"planted-token-e"}' >"$LAB/headers"
	# The sink repeats what it is sent, with an error.
	curl -sf "$SINK/_sink/script" -d '{"path":"/services/*","status":500,"body":"planted-token-b planted-token-c"}
	{"path":"/bot*","status":401,"body":"/bot123:planted-token-a"}
	{"path":"/api/*","status":400,"body":"planted-token-d"}
	{"path":"/hook","status":404,"body":"planted-token-e"}' >/dev/null
	pulse-ctl channel add a slack --file url="$LAB/s" --set tries=1 >>"$LAB/all" 2>&1
	pulse-ctl channel add b telegram --file url="$LAB/base" --file token="$LAB/token" --set chat_id=5 >>"$LAB/all" 2>&1
	pulse-ctl channel add c discord --file url="$LAB/d" >>"$LAB/all" 2>&1
	pulse-ctl channel add d generic --file url="$LAB/g" --file headers="$LAB/headers" >>"$LAB/all" 2>&1
	rule_with '["a","b","c","d"]'
	fire >"$LAB/alerts"
	pulse-send -n <"$LAB/alerts" >>"$LAB/all" 2>&1 || true
	pulse-send -vv <"$LAB/alerts" >>"$LAB/all" 2>&1 || true
	[ "$(sql 'select count(*) from delivery_attempts')" -ge 4 ]
	for name in a b c d; do
		pulse-ctl channel test "$name" >>"$LAB/all" 2>&1 || true
		pulse-ctl channel show "$name" >>"$LAB/all" 2>&1
	done
	pulse-ctl channel list >>"$LAB/all" 2>&1
	pulse-ctl alert list >>"$LAB/all" 2>&1
	pulse-ctl delivery list >>"$LAB/all" 2>&1
	pulse-ctl status >>"$LAB/all" 2>&1 || true
	# Everything stored but the table that holds the secrets themselves.
	sqlite3 "$PULSE_DB" .dump | grep -v 'INSERT INTO channels' >>"$LAB/all"
	grep -q 'hook' "$LAB/all"
	[ "$(grep -c 'planted-token' "$LAB/all")" -eq 0 ]
}

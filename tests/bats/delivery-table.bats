#!/usr/bin/env bats
# What each kind of receiver may answer, and what becomes of the delivery: its
# state and next time, the attempts recorded, the endpoint remembered. The
# answers are those of the services' documentation, given by the sink; channels
# have one try in memory (tries=1), so that the schedule shows.
# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031,SC2016

load ../lab.bash
load ../delivery.bash

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	lab_begin "$BATS_TEST_TMPDIR/lab"
	lab_sink --plain
}

teardown() {
	lab_end
}

# Kind, answer (of the first request; every further one is good) and what
# follows:
#	delivered	at once
#	dead		at once, the endpoint stays
#	gone		dead, and the endpoint is disabled
#	schedule	retrying in 300 to 330 s
#	parked MS	retrying after exactly so long, the endpoint waits
#	waited MS	sent again after exactly so long: two attempts
#	again		sent again at once: two attempts
#	failed 200	a 200 that is no success: as schedule
table() {
	grep -v '^#' <<-'END'
	generic	{"status":200}	delivered
	generic	{"status":204}	delivered
	generic	{"status":299}	delivered
	generic	{"status":301,"headers":{"Location":"/"}}	dead
	generic	{"status":302,"headers":{"Location":"/"}}	schedule
	generic	{"status":308,"headers":{"Location":"/"}}	dead
	generic	{"status":400}	dead
	generic	{"status":401}	dead
	generic	{"status":403}	dead
	generic	{"status":404}	gone
	generic	{"status":408}	schedule
	generic	{"status":410}	gone
	generic	{"status":413}	dead
	generic	{"status":422}	dead
	generic	{"status":425}	schedule
	generic	{"status":429}	schedule
	generic	{"status":429,"headers":{"Retry-After":"0"}}	again
	generic	{"status":429,"headers":{"Retry-After":"0.25"}}	waited 250
	generic	{"status":429,"headers":{"Retry-After":"600"}}	parked 600000
	generic	{"status":429,"headers":{"Retry-After":"99999999"}}	parked 86400000
	generic	{"status":429,"headers":{"Retry-After":"Sun, 06 Nov 1994 08:49:37 GMT"}}	again
	generic	{"status":429,"headers":{"Date":"Sun, 06 Nov 1994 08:49:37 GMT","Retry-After":"Sun, 06 Nov 1994 08:59:37 GMT"}}	parked 600000
	generic	{"status":429,"headers":{"Date":"Sun, 06 Nov 1994 08:49:37 GMT","Retry-After":"Sunday, 06-Nov-94 08:59:37 GMT"}}	parked 600000
	generic	{"status":429,"headers":{"Date":"Sun, 06 Nov 1994 08:49:37 GMT","Retry-After":"Sun Nov  6 08:59:37 1994"}}	parked 600000
	generic	{"status":429,"headers":{"Retry-After":"soon"}}	schedule
	generic	{"status":500}	schedule
	generic	{"status":500,"headers":{"Retry-After":"600"}}	schedule
	generic	{"status":501}	schedule
	generic	{"status":502}	schedule
	generic	{"status":503}	schedule
	generic	{"status":503,"headers":{"Retry-After":"0.25"}}	waited 250
	generic	{"status":503,"headers":{"Retry-After":"600"}}	parked 600000
	generic	{"status":504}	schedule
	generic	{"end":"close"}	schedule
	generic	{"end":"reset"}	schedule
	generic	{"end":"early"}	schedule
	generic	{"end":"half","size":1000}	schedule
	discord	{"status":200,"body":{"id":"1"}}	delivered
	discord	{"status":204}	delivered
	discord	{"status":400,"body":{"code":50006}}	dead
	discord	{"status":401,"body":{"code":50027}}	gone
	discord	{"status":403,"body":{"code":50013}}	dead
	discord	{"status":403,"body":{"code":50027}}	gone
	discord	{"status":404,"body":{"code":10015}}	gone
	discord	{"status":429,"headers":{"Retry-After":"1"},"body":{"retry_after":0.376,"global":false}}	waited 376
	discord	{"status":429,"headers":{"Retry-After":"65"},"body":{"retry_after":64.57}}	parked 64570
	discord	{"status":429,"body":"slow down"}	schedule
	discord	{"status":500}	schedule
	discord	{"status":502}	schedule
	slack	{"status":200,"body":"ok"}	delivered
	slack	{"status":200,"body":"no_text"}	schedule
	slack	{"status":400,"body":"invalid_payload"}	dead
	slack	{"status":400,"body":"user_not_found"}	dead
	slack	{"status":400,"body":"too_many_attachments"}	dead
	slack	{"status":403,"body":"action_prohibited"}	gone
	slack	{"status":403,"body":"posting_to_general_channel_denied"}	gone
	slack	{"status":403,"body":"invalid_token"}	gone
	slack	{"status":404,"body":"channel_not_found"}	gone
	slack	{"status":404,"body":"no_service"}	gone
	slack	{"status":404,"body":"no_team"}	gone
	slack	{"status":410,"body":"channel_is_archived"}	gone
	slack	{"status":429,"headers":{"Retry-After":"600"},"body":{"retry_after":600,"ok":false,"error":"rate_limited"}}	parked 600000
	slack	{"status":500,"body":"rollup_error"}	schedule
	telegram	{"status":200,"body":{"ok":true,"result":{"message_id":1}}}	delivered
	telegram	{"status":200,"body":{"ok":false}}	schedule
	telegram	{"status":400,"body":{"ok":false,"description":"Bad Request: chat not found"}}	gone
	telegram	{"status":400,"body":{"ok":false,"description":"Bad Request: can't parse entities: x"}}	again
	telegram	{"status":400,"body":{"ok":false,"parameters":{"migrate_to_chat_id":-100777}}}	again
	telegram	{"status":400,"body":{"ok":false,"description":"Bad Request: message is too long"}}	dead
	telegram	{"status":401,"body":{"ok":false,"description":"Unauthorized"}}	gone
	telegram	{"status":403,"body":{"ok":false,"description":"Forbidden: bot was blocked by the user"}}	gone
	telegram	{"status":429,"body":{"ok":false,"parameters":{"retry_after":600}}}	parked 600000
	telegram	{"status":502}	schedule
	ntfy	{"status":200,"body":{"id":"x"}}	delivered
	ntfy	{"status":400,"body":{"code":40001}}	dead
	ntfy	{"status":401,"body":{"code":40101}}	gone
	ntfy	{"status":403,"body":{"code":40301}}	gone
	ntfy	{"status":404}	dead
	ntfy	{"status":413}	dead
	ntfy	{"status":429,"body":{"code":42901}}	schedule
	ntfy	{"status":500}	schedule
	pagerduty	{"status":202,"body":{"status":"success"}}	delivered
	pagerduty	{"status":400,"body":{"status":"invalid event"}}	dead
	pagerduty	{"status":401}	gone
	pagerduty	{"status":403}	gone
	pagerduty	{"status":429}	schedule
	pagerduty	{"status":500}	schedule
	exec	0	delivered
	exec	1	dead
	exec	75	schedule
	exec	kill	schedule
	exec	127	dead
	END
}

add_channel() {
	local name=$1 kind=$2 answer=$3 path=/$1

	case $kind in
	exec)
		[ "$answer" != kill ] || answer='$(kill -9 $$)'
		pulse-ctl channel add "$name" exec --set tries=1 -- /bin/sh -c "exit $answer"
		return ;;
	telegram)
		path=/botx:$name/sendMessage
		echo "x:$name" >"$LAB/token"
		printf '%s/\n' "$SINK" >"$LAB/u"
		set -- --file token="$LAB/token" --set chat_id=-5 ;;
	discord)
		path=/api/v10/webhooks/1/$name
		url u "$path"
		set -- ;;
	ntfy)
		path=/
		url u "/$name"
		set -- ;;
	pagerduty)
		url u "$path"
		echo 0123456789abcdef0123456789abcdef >"$LAB/key"
		set -- --file routing_key="$LAB/key" ;;
	*)
		url u "$path"
		set -- ;;
	esac
	pulse-ctl channel add "$name" "$kind" --file url="$LAB/u" --set tries=1 "$@"
	jq -c --arg p "$path" '. + {path: $p}' <<<"$answer" >>"$LAB/script"
	case $kind in
	slack)	echo '{"body":"ok"}' ;;
	*)	echo '{"body":{"ok":true}}' ;;
	esac | jq -c --arg p "$path" '. + {path: $p}' >>"$LAB/script"
}

# What is there of a channel: state, attempts, records and endpoint, one object.
found() {
	jq -nc --arg name "$1" --slurpfile out "$LAB/out" \
	    --argjson row "$(sqlite3 -json "$PULSE_DB" "select status, step, next_attempt_ms, lease,
		(select count(*) from delivery_attempts a where a.alert = d.alert and a.channel = d.channel) as attempts,
		(select count(*) from endpoints where channel = '$1' and disabled_ms > 0) as gone,
		(select count(*) from endpoints where channel = '$1' and blocked_until_ms > 0) as blocked,
		(select created_ms + latency_ms from delivery_attempts a where a.alert = d.alert and a.channel = d.channel
		    order by id limit 1) as ended_ms
		from deliveries d where channel = '$1'" | jq '.[0]')" '
		$row + {records: [$out[] | select(.channel == $name)]}'
}

# Whether that is what the table says.
is_right() {
	jq -e --arg want "$1" --argjson ms "${2:-0}" '
		def status($s): .status == $s and .lease == null
		    and (.records[-1].status | IN(["pending", "retrying", "delivered", "dead", "held"][$s]));
		# Rounded to the millisecond, of a latency that is rounded as well.
		def wait($from; $low; $high): ($from - .ended_ms) as $w | $w >= $low - 1 and $w <= $high + 3;
		(.records | length) == .attempts
		and (.records[0].status == "delivered") == (.records[0].error == null)
		and (if $want == "delivered" then status(2) and .attempts == 1 and .gone == 0
		elif $want == "dead" then status(3) and .attempts == 1 and .gone == 0
		elif $want == "gone" then status(3) and .attempts == 1 and .gone == 1
		elif $want == "schedule" then status(1) and .attempts == 1 and .gone == 0 and .step == 1
		    and wait(.next_attempt_ms; 300000; 330000)
		elif $want == "parked" then status(1) and .attempts == 1 and .blocked == 1 and .step == 0
		    and wait(.next_attempt_ms; $ms; $ms)
		elif $want == "again" or $want == "waited" then status(2) and .attempts == 2 and .gone == 0
		    and .ended_ms as $e | (.records[0].next_attempt_at
			| (.[:19] + "Z" | fromdate * 1000) + (.[20:23] | tonumber)) as $at
		    | $at - $e >= $ms - 1 and $at - $e <= $ms + 3
		else error("no such outcome: " + $want) end)' >/dev/null
}

@test "what every kind of receiver may answer, and what becomes of the delivery" {
	local i=0 bad=0 kind answer want ms

	table >"$LAB/table"
	[ "$(wc -l <"$LAB/table")" -gt 80 ]
	while IFS=$'\t' read -r kind answer want; do
		i=$((i + 1))
		# ntfy is called at its root: one channel, one run each.
		add_channel "row$i" "$kind" "$answer" >/dev/null
		printf '{"name":"rule %d","symbol":"BTC","interval":"1m","rule_type":"price_threshold","config":{"threshold":100,"operator":">="},"channels":["row%d"]}\n' \
		    "$i" "$i" >>"$LAB/rules"
	done < <(grep -v '^ntfy' "$LAB/table")
	run_rows
	i=0
	while IFS=$'\t' read -r kind answer want; do
		i=$((i + 1))
		read -r want ms <<<"$want"
		found "row$i" >"$LAB/found"
		is_right "$want" "${ms:-0}" <"$LAB/found" || {
			bad=$((bad + 1))
			echo "row $i: $kind $answer: not $want $ms"
			cat "$LAB/found"
		}
	done < <(grep -v '^ntfy' "$LAB/table")
	[ "$bad" -eq 0 ]
}

# Fire every rule once and deliver.
run_rows() {
	curl -sf --data-binary @"$LAB/script" "$SINK/_sink/script" >/dev/null
	pulse-ctl rule import "$LAB/rules" >/dev/null
	printf '{"t":%s,"T":%s,"s":"BTC","i":"1m","o":"99","c":"%s","h":"%s","l":"98","v":"1","n":1,"x":true}\n' \
	    1788936600000 1788936659999 99 99.5 \
	    1788936660000 1788936719999 100.5 101 | pulse-eval --replay -q >"$LAB/alerts"
	pulse-send -q <"$LAB/alerts" >"$LAB/out" 2>"$LAB/err" || true
}

@test "what ntfy may answer, and what becomes of the delivery" {
	local i=0 bad=0 kind answer want ms

	table | grep '^ntfy' >"$LAB/table"
	[ "$(wc -l <"$LAB/table")" -ge 8 ]
	while IFS=$'\t' read -r kind answer want; do
		i=$((i + 1))
		curl -sf -d '' "$SINK/_sink/clear" >/dev/null
		rm -f "$LAB/script" "$LAB/rules" "$PULSE_DB"*
		add_channel "row$i" "$kind" "$answer" >/dev/null
		printf '{"name":"rule %d","symbol":"BTC","interval":"1m","rule_type":"price_threshold","config":{"threshold":100,"operator":">="},"channels":["row%d"]}\n' \
		    "$i" "$i" >"$LAB/rules"
		run_rows
		read -r want ms <<<"$want"
		found "row$i" >"$LAB/found"
		is_right "$want" "${ms:-0}" <"$LAB/found" || {
			bad=$((bad + 1))
			echo "row $i: $kind $answer: not $want $ms"
			cat "$LAB/found"
		}
	done <"$LAB/table"
	[ "$bad" -eq 0 ]
}

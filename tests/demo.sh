#!/usr/bin/env bash
# make demo: the whole service on this machine, to watch.
#
#	make demo			until Ctrl-C
#	make demo DEMO_SECONDS=30	ends by itself
#	make demo LIVE=1		the real exchange instead of a simulated one
#
# Everything runs on loopback ports that the kernel chose, in a directory that
# is removed at the end (DEMO_KEEP=1 keeps it). Exit 0 when what this demo
# promises was seen, 1 when not.
set -u
cd "$(dirname "$0")/.." || exit 1
DEMO_SECONDS=${DEMO_SECONDS:-0}
LIVE=${LIVE:-0}
BUILD=${BUILD:-build}
# The simulated exchange lives so many times faster: a minute bar a second.
SPEED=60

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi
title() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}
say() {
	printf '  %s\n' "$*"
}
# A command as one would type it.
show() {
	printf '  %s$ %s%s\n' "$dim" "$*" "$plain"
}
give_up() {
	printf '\n%sdemo: %s%s\n' "$red" "$*" "$plain" >&2
	exit 1
}

title 'Pulse: what is missing is installed, then everything is built'
tests/deps.sh demo || give_up 'packages are missing'
make -s -j"$(nproc)" all || give_up 'the build failed'
say "the programs are in $BUILD/bin"

export PULSE_BIN=$PWD/$BUILD/bin PULSE_TESTBIN=$PWD/$BUILD/tests
# shellcheck source=tests/lab.bash
. tests/lab.bash
unset HL_API_URL PULSE_API_KEY PULSE_NOW STATE_DIRECTORY NOTIFY_SOCKET
lab_begin "$(mktemp -d "${TMPDIR:-/tmp}/pulse-demo.XXXXXX")"
ended=
finish() {
	[ -z "$ended" ] || return
	ended=1
	trap '' INT TERM
	lab_end
	if [ "${DEMO_KEEP:-0}" = 1 ]; then
		say "kept: $LAB"
	else
		rm -rf "$LAB"
	fi
}
trap finish EXIT
stop=
trap 'stop=1' INT TERM HUP

# ---- the world outside ------------------------------------------------------

if [ "$LIVE" = 1 ]; then
	title 'The exchange: Hyperliquid itself'
	unset PULSE_SPEED
	[ "$DEMO_SECONDS" -eq 0 ] || [ "$DEMO_SECONDS" -ge 60 ] || DEMO_SECONDS=60
else
	title "The exchange: a simulated one, $SPEED times faster than life"
	lab_sim --speed "$SPEED" --hold 1 --seed 7 \
	    --frames-log "$LAB/frames.ndjson" \
	    --coin BTC,px=95000,rate=1,quiet=0,vol=3 \
	    --coin ETH,px=3200,rate=1,quiet=0,vol=3 \
	    --coin SOL,px=180,rate=1,quiet=0,vol=3 ||
	    give_up 'the simulator did not start'
	# All programs live in the exchange's time, minutes in seconds.
	export PULSE_SPEED=$SPEED
	say "hl-sim at $SIM: WebSocket and REST as Hyperliquid speaks them"
fi

# Set the time of the programs started from now on.
set_time() {
	[ "$LIVE" = 1 ] || PULSE_NOW=$(curl -sf --max-time 5 "$SIM/sim/clock" |
	    jq .time)
	[ -z "${PULSE_NOW:-}" ] || export PULSE_NOW
}
set_time

title 'The receiver of the webhooks'
# The hook called /flaky is down at first: 503 as often as pulse-send tries.
lab_sink --answer '{"path":"/flaky","n":5,"status":503}' \
    --answer '{"path":"/flaky","status":204}' ||
    give_up 'the receiver did not start'
say "sink at $SINK: /hook answers, /flaky is down at first, and a Discord of its own"

# ---- rules ------------------------------------------------------------------

title 'Rules of all six types, by pulse-ctl'
echo "$SINK/hook" >"$LAB/hook.txt"
echo "$SINK/flaky" >"$LAB/flaky.txt"
echo "$SINK/api/v10/webhooks/1234567890/demo-token" >"$LAB/discord.txt"
# add NAME SYMBOL CONDITION OPTION...
add() {
	local name=$1 symbol=$2 condition=$3
	shift 3

	show "pulse-ctl rule add $symbol '$condition' --name '$name' ${*//$LAB\//}"
	pulse-ctl rule add "$symbol" "$condition" --name "$name" "$@" \
	    >>"$LAB/rules.ndjson" || give_up "no rule '$name'"
}
# The last price, for a level that is crossed soon.
last_price() {
	curl -sf --max-time 10 -H 'Content-Type: application/json' \
	    -d '{"type":"allMids"}' "${HL_API_URL:-https://api.hyperliquid.xyz}/info" |
	    jq -r --arg coin "$1" '.[$coin] // empty'
}
level=$(last_price BTC)
[ -n "$level" ] || give_up 'the exchange does not answer'
c='--cooldown'
add 'BTC at its level' BTC:1m "price crosses $level" $c 3m --webhook-file "$LAB/hook.txt"
add 'ETH moves' ETH:1m 'move 0.1% in 5m' $c 5m --webhook-file "$LAB/hook.txt" \
    --discord-file "$LAB/discord.txt"
add 'SOL closes' SOL:1m 'close > 1' $c 5m --webhook-file "$LAB/hook.txt"
add 'BTC momentum' BTC:1m 'macd(3,8,4) bullish' $c 2m --discord-file "$LAB/discord.txt"
add 'ETH is hot' ETH:1m 'rsi(5) > 60' $c 2m --webhook-file "$LAB/hook.txt"
add 'SOL breaks out' SOL:1m 'bollinger(8,1.2) break upper' $c 2m --webhook-file "$LAB/hook.txt"
add 'a hook that is down' BTC:1m 'close > 1' $c 1d --webhook-file "$LAB/flaky.txt"

# ---- the service ------------------------------------------------------------

title 'The service'
show 'hl-ingest --rules | pulse-eval | pulse-send'
mkfifo "$LAB/candles" "$LAB/alerts"
hl-ingest --rules >"$LAB/candles" 2>"$LAB/ingest.err" </dev/null &
lab_note $!
pulse-eval <"$LAB/candles" >"$LAB/alerts" 2>"$LAB/eval.err" &
lab_note $!
tee "$LAB/alerts.ndjson" <"$LAB/alerts" |
    pulse-send >"$LAB/send.ndjson" 2>"$LAB/send.err" &
lab_note $!
show 'pulse-ctl serve'
lab_run serve pulse-ctl serve --listen 127.0.0.1:0
until_true 10 grep -q 'http://' "$LAB/serve.err" 2>/dev/null ||
    give_up "pulse-ctl serve did not start: $(cat "$LAB/serve.err")"
admin=$(grep -o 'http://[0-9.:]*' "$LAB/serve.err" | head -n 1)
key=$(jq -r '.admin_key // empty' "$LAB/serve.out")
curl -sf --max-time 5 "$admin/health" >"$LAB/health" || echo '{}' >"$LAB/health"
say "admin page   $bold$admin/$plain   API: $admin/docs"
say "admin key    $bold$key$plain   (made now, shown once)"
show 'while sleep 1; do pulse-retry | pulse-send; done       # in service: cron or a timer'
retry_loop() {
	while :; do
		sleep 1
		set_time
		pulse-retry 2>>"$LAB/retry.err" |
		    pulse-send >>"$LAB/retry.ndjson" 2>>"$LAB/retry.err"
	done
}
retry_loop </dev/null &
lab_note $!

# ---- watching ---------------------------------------------------------------

title 'Alerts, as the webhooks receive them'
if [ "$LIVE" = 1 ]; then
	say "${dim}time       type             message$plain"
else
	say "${dim}time       type             frame to webhook  message$plain"
fi
: >"$LAB/seen"
# From the exchange's frame to the webhook, in ms, of an alert on a frame.
latency_of() {
	jq -r --slurpfile a "$1" -n '
		$a[0] as $r | $r.us as $us
		| ($r.alert.candle // {}) as $c
		| [inputs | select(.s == $c.s and .i == $c.i and
		    .us <= $us and .t >= $c.t)] | last
		| if . == null then "" else (($us - .us) / 1000 | round) end' \
	    <(tail -n 400 "$LAB/frames.ndjson")
}
# One line for each request that came; a Discord message has no alert in it.
report() {
	local line=$1 type message at path wait=

	path=$(jq -r .path <<<"$line")
	at=$(jq -r '.us / 1000000 | floor | strftime("%H:%M:%S")' <<<"$line")
	case $path in
	/api/*)
		message=$(jq -r '.body | fromjson | .embeds[0].title // .content' \
		    <<<"$line")
		type=discord ;;
	*)
		jq -c '{us, alert: (.body | fromjson)}' <<<"$line" >"$LAB/one"
		type=$(jq -r .alert.rule_type "$LAB/one")
		message=$(jq -r .alert.message "$LAB/one")
		if [ "$LIVE" != 1 ]; then
			wait=$(latency_of "$LAB/one")
		fi ;;
	esac
	if [ "$path" = /flaky ]; then
		tries=$((tries + 1))
		message="$message  $dim(the hook that is down, try $tries)$plain"
	fi
	echo "$type" >>"$LAB/seen"
	if [ "$LIVE" = 1 ]; then
		printf '  %s   %-16s %s\n' "$at" "$type" "$message"
	else
		printf '  %s   %-16s %9s         %s\n' "$at" "$type" \
		    "${wait:+$wait ms}" "$message"
	fi
}

# All six types arrived, and the delivery that failed was made good.
kinds() {
	jq -r .rule_type "$LAB/alerts.ndjson" 2>/dev/null | sort -u | wc -l
}
arrived() {
	jq -rs 'map(select(.status == "delivered") | .alert_id) | unique | length' \
	    "$LAB/send.ndjson" 2>/dev/null || echo 0
}
flaky_ids() {
	jq -r 'select(.path == "/flaky") | .body | fromjson | .id' \
	    "$LAB/sink.ndjson" | sort -u | head -n 1
}
retried() {
	grep -q '"status":"delivered"' "$LAB/retry.ndjson" 2>/dev/null
}
promises_kept() {
	if [ "$LIVE" = 1 ]; then
		[ "$(arrived)" -ge 1 ]
	else
		[ "$(kinds)" -eq 6 ] && [ "$(arrived)" -ge 6 ] && retried
	fi
}

audit() {
	local id

	title 'The audit trail of one alert'
	id=$(flaky_ids)
	[ -n "$id" ] || id=$(jq -r .id "$LAB/alerts.ndjson" | head -n 1)
	[ -n "$id" ] || return 1
	show "pulse-ctl alert show $id | jq '.deliveries, .attempts'"
	pulse-ctl alert show "$id" | jq -r '
	    "  \(.rule_name): \(.message)",
	    (.deliveries[] | "  \(.channel): \(.status), \(.attempts) attempts"),
	    (.attempts[] | "    \(.attempt_no)  \(.created_at[11:19])  \(.channel)  "
	    + "\(.status)  \(.response_code // "-")  \(.latency_ms) ms  \(.error // "")")'
	if retried; then
		say "${green}failed at first, delivered by pulse-retry | pulse-send$plain"
	fi
}

shown=0 audited='' tries=0
limit=$((DEMO_SECONDS > 0 ? SECONDS + DEMO_SECONDS : 0))
while [ -z "$stop" ]; do
	[ "$limit" -eq 0 ] || [ "$SECONDS" -lt "$limit" ] || break
	mapfile -t lines < <(tail -n +$((shown + 1)) "$LAB/sink.ndjson" 2>/dev/null)
	for line in "${lines[@]}"; do
		[ -z "$stop" ] || break
		report "$line"
		shown=$((shown + 1))
	done
	if [ -z "$audited" ] && promises_kept; then
		audited=1
		audit
		title 'And so on (Ctrl-C ends it)'
	fi
	sleep 0.2
done

# ---- the end ----------------------------------------------------------------

trap '' INT TERM HUP
[ -n "$audited" ] || audit
title 'What the parts say of themselves'
show 'pulse-ctl status'
set_time
if [ -t 1 ]; then
	pulse-ctl status --stale-after 30m
else
	pulse-ctl status --stale-after 30m | jq -r '"  \(.rules_active) rules, \(.alerts_today) alerts",
	    (.tools[] | "  \(.tool): \(.state)"),
	    (.series[] | "  \(.symbol):\(.interval) up to \(.last)"),
	    (.queue[] | "  \(.channel): \(.deliveries) \(.status)")'
fi

bad=0
# verdict WANT GOT TEXT: at least so many were seen.
verdict() {
	if [ "${2:-0}" -ge "$1" ]; then
		say "${green}yes$plain  $3"
	else
		say "${red}NO $plain  $3"
		bad=1
	fi
}
title "Was it all seen${stop:+ before Ctrl-C}?"
verdict 1 "$(arrived)" 'an alert reached its webhook'
verdict 1 "$(grep -c '"healthy"' "$LAB/health")" 'the HTTP API answers'
if [ "$LIVE" != 1 ]; then
	verdict 6 "$(kinds)" 'alerts of all six rule types'
	verdict 1 "$(grep -c '"status":"delivered"' "$LAB/retry.ndjson")" \
	    'a delivery that failed was retried and arrived'
fi
if [ $bad -ne 0 ] && [ -z "$stop" ]; then
	title 'What was said on stderr'
	tail -n 15 "$LAB"/*.err | sed 's/^/  /'
fi
finish
exit $bad

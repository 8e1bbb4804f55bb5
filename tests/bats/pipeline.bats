#!/usr/bin/env bats
# The pipeline as a whole: exchange to webhook. Every test runs on an invented
# market; with PULSE_REAL_DATA on recorded candles as well.
# shellcheck disable=SC2119,SC2154 # functions of the lab; $stderr is bats'
bats_require_minimum_version 1.5.0

# Rules of all six types on the series of file $1. Their ids are fixed, so every
# run names its alerts the same; TOP and MOVE set the levels of the first two.
six_rules() {
	jq -cs --arg url "$SINK/hook" --arg top "${TOP:-}" --arg move "${MOVE:-0.8}" \
	    --argjson window "${WINDOW:-7200}" --arg on "${ON:-tick}" '
		.[0].s as $s | .[0].i as $i
		| (map(.c | tonumber) | sort | .[length / 2 | floor]) as $mid
		| (map(.h | tonumber) | sort | .[length * 0.99 | floor]) as $high
		| [
		["price_threshold", {operator: ">=", on: $on,
		    threshold: (if $top != "" then $top else $high | tostring end)}],
		["percent_move", {percent_threshold: $move, window_seconds: $window,
		    on: $on}],
		["candle_close", {value: ($mid | tostring), operator: "cross_up"}],
		["macd_cross", {fast_period: 12, slow_period: 26,
		    signal_period: 9, crossover_type: "bullish"}],
		["rsi", {period: 14, threshold: 70, direction: "overbought"}],
		["bollinger_bands", {period: 20, std_dev: 2, band: "upper",
		    event: "touch"}]
		] | to_entries[] | {
			id: "00000000-0000-4000-8000-00000000000\(.key + 1)",
			name: "rule \(.key + 1)", symbol: $s, interval: $i,
			rule_type: .value[0], config: .value[1],
			cooldown_seconds: 0, generic_webhook_url: $url
		}' "$1"
}

# The same for a live run, where a frame may come late, be merged with the next
# or not come at all: levels that do not ask for more. The price level is one that every bar
# that reaches it closes above, the window of the move one reaches back to the
# beginning. (pulse-eval -r judges a bar that was never seen
# forming by its extremes.)
steady_rules() {
	local file=$1 step

	step=$(head -n 1 "$file" | jq '(.T - .t + 1) / 1000')
	for TOP in $(jq -s 'map(.c | tonumber) | sort | .[length * 99 / 100,
	    length * 98 / 100, length * 97 / 100, length * 95 / 100 | floor]' \
	    "$file") $(jq -s 'map(.c | tonumber) | sort
	    | range(94; 30; -2) as $p | .[length * $p / 100 | floor]' "$file"); do
		alerts_of 1 tick 7200 <"$file" >"$LAB/one"
		alerts_of 1 close 7200 <"$file" >"$LAB/two"
		[ -s "$LAB/one" ] && cmp -s "$LAB/one" "$LAB/two" && break
	done
	for MOVE in 40 30 25 20 17 15 13 11 9 8 7 6 5 4 3 2 1; do
		alerts_of 2 close $((4500 * step)) <"$file" >"$LAB/one"
		alerts_of 2 close $((4900 * step)) <"$file" >"$LAB/two"
		[ -s "$LAB/one" ] && cmp -s "$LAB/one" "$LAB/two" && break
	done
	echo "steady: price $TOP, move $MOVE %"
	cmp "$LAB/one" "$LAB/two"
	WINDOW=$((4700 * step)) six_rules "$file" |
	    jq -c 'if .rule_type == "percent_move" then .config.on = "close"
	    else . end' >"$LAB/rules.json"
}

# Ids of the alerts of rule $1 alone, judged on $2 in a window of $3 s.
alerts_of() {
	ON=$2 WINDOW=$3 six_rules "$file" | sed -n "$1p" >"$LAB/rule.json"
	pulse-eval -r "$LAB/rule.json" | jq -r .id | sort
}

# The exchange with the recording $1 all in the past: its clock stands after
# the last bar.
exchange_after() {
	local first last step

	first=$(head -n 1 "$1" | jq .t)
	last=$(tail -n 1 "$1" | jq .T)
	step=$(head -n 1 "$1" | jq '.T - .t + 1')
	SINCE=$first UNTIL=$((last + 1)) SERIES=$(head -n 1 "$1" | jq -r '.s + ":" + .i')
	lab_sim --play "$1" --speed 0 --retain 100000 \
	    --backlog "$((last - first + 1 + step / 2))ms"
}

# The whole pipeline over that history, as a replay: alerts in $LAB/NAME.alerts,
# deliveries in $LAB/NAME.sent.
history_run() {
	hl-ingest --history "$SINCE,$UNTIL" "$SERIES" 2>"$LAB/$1.ingest.err" |
	    pulse-eval --replay 2>"$LAB/$1.eval.err" |
	    tee "$LAB/$1.alerts" |
	    pulse-send >"$LAB/$1.sent" 2>"$LAB/$1.send.err"
}

ids() {
	jq -r .id "$@" | sort
}

show_errors() {
	tail -n 5 "$LAB"/*.err >&2
	return 1
}

setup() {
	# shellcheck source=tests/lab.bash
	. "$BATS_TEST_DIRNAME/../lab.bash"
	MARKET=$BATS_TEST_DIRNAME/../market.awk
	lab_begin "$BATS_TEST_TMPDIR/lab"
}

teardown() {
	lab_end
}

recorded() {
	[ -n "${PULSE_REAL_DATA:-}" ] ||
	    skip "recorded data: PULSE_REAL_DATA is not set"
}

# ---- alerts of all six types, once each -------------------------------------

# Candles of file $1 through everything; at least $2 alerts.
everything_once() {
	local n

	lab_sink
	six_rules "$1" >"$LAB/rules.json"
	pulse-ctl rule import "$LAB/rules.json" >"$LAB/import.out"
	exchange_after "$1"
	history_run first || show_errors
	n=$(wc -l <"$LAB/first.alerts")
	echo "alerts: $n"
	[ "$n" -ge "$2" ]
	# All six types, no id twice.
	[ "$(jq -r .rule_type "$LAB/first.alerts" | sort -u | wc -l)" -eq 6 ]
	[ "$(ids "$LAB/first.alerts" | uniq -d | wc -l)" -eq 0 ]
	# Each was received once, and its body is the record.
	[ "$(wc -l <"$LAB/sink.ndjson")" -eq "$n" ]
	diff <(jq -r '.body | fromjson | .id' "$LAB/sink.ndjson" | sort) \
	    <(ids "$LAB/first.alerts")
	# One attempt each was recorded, with what the receiver answered.
	[ "$(pulse-ctl delivery list --status delivered --limit 0 | wc -l)" -eq "$n" ]
	[ "$(jq -s 'map(select(.status == "delivered" and .attempt == 1 and
	    .response_code == 200)) | length' "$LAB/first.sent")" -eq "$n" ]
	pulse-ctl alert show "$(head -n 1 "$LAB/first.alerts" | jq -r .id)" |
	    jq -e '.deliveries[0].attempts | length == 1'
	# The same candles and rules without any store: the same alerts.
	pulse-eval -r "$LAB/rules.json" <"$1" >"$LAB/filter.alerts"
	diff <(ids "$LAB/filter.alerts") <(ids "$LAB/first.alerts")
	# Again, from the store: nothing new, nothing sent.
	history_run second || show_errors
	[ ! -s "$LAB/second.alerts" ]
	[ "$(wc -l <"$LAB/sink.ndjson")" -eq "$n" ]
	[ "$(pulse-ctl alert list --limit 0 | wc -l)" -eq "$n" ]
}

@test "an invented market gives alerts of all six types, delivered once each, and none again" {
	awk -f "$MARKET" -v n=600 >"$LAB/market.ndjson"
	everything_once "$LAB/market.ndjson" 40
}

@test "5,001 recorded BTC bars give alerts of all six types, delivered once each, and none again" {
	recorded
	everything_once "$PULSE_REAL_DATA/data/candles/hl_BTC_15m_simsim.ndjson" 300
}

# ---- killed in the middle ---------------------------------------------------

# The three programs, each a process that can be killed alone.
service_start() {
	rm -f "$LAB/candles" "$LAB/alerts"
	mkfifo "$LAB/candles" "$LAB/alerts"
	# Every last frame is sent: no closed bar needs to be confirmed.
	hl-ingest --rules --confirm off >"$LAB/candles" 2>>"$LAB/ingest.err" \
	    </dev/null 3>&- &
	INGEST=$!
	pulse-eval --replay <"$LAB/candles" >"$LAB/alerts" 2>>"$LAB/eval.err" 3>&- &
	EVAL=$!
	pulse-send <"$LAB/alerts" >>"$LAB/sent" 2>>"$LAB/send.err" 3>&- &
	SEND=$!
	lab_note $INGEST $EVAL $SEND
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# The others end by themselves: their reader or their input is gone.
service_ended() {
	gone "$INGEST" && gone "$EVAL" && gone "$SEND"
}

service_stop() {
	kill "$INGEST"
	until_true 30 service_ended || show_errors
}

newest_bar() {
	[ "$(pulse-ctl candle list "$SERIES" --limit 1 2>/dev/null | jq .t)" -ge "$1" ]
}

# Let the exchange live on for so many bars.
advance() {
	curl -sf --max-time 60 -X POST -o "$LAB/sim.answer" \
	    "$SIM/sim/advance?ms=$(($1 * step))" || show_errors
}

# The first part of recording $1 as history, its last 240 bars live, on a clock
# that is moved by hand. With more arguments ("ingest eval send") these are
# killed in turn with frames on their way, the service started again each time.
# The ids of the alerts that the store has at the end go to $LAB/ids.NAME.
live_run() {
	local name=$1 file=$2 first step start last victim pid
	shift 2

	first=$(head -n 1 "$file" | jq .t)
	step=$(head -n 1 "$file" | jq '.T - .t + 1')
	SERIES=$(head -n 1 "$file" | jq -r '.s + ":" + .i')
	start=$(tail -n 240 "$file" | head -n 1 | jq .t)
	# The last bar has no successor that would close it.
	last=$(tail -n 2 "$file" | head -n 1 | jq .t)
	export PULSE_DB=$LAB/$name.db
	pulse-ctl rule import "$LAB/rules.json" >"$LAB/import.out"
	head -n -240 "$file" | pulse-eval --replay 2>>"$LAB/eval.err" |
	    pulse-send >>"$LAB/sent" 2>>"$LAB/send.err"
	lab_sim --play "$file" --speed 0 --tail 0 --frames 4 --retain 100000 \
	    --backlog "$((start - first + step / 2))ms" \
	    ${FAULTS:+--scenario "$FAULTS"}
	service_start
	for victim in "${@:-nobody}" nobody nobody nobody; do
		curl -sf --max-time 60 -o "$LAB/sim.answer" \
		    "$SIM/sim/wait?subs=1&timeout=50" || show_errors
		advance 40
		case $victim in
		ingest)	pid=$INGEST ;;
		eval)	pid=$EVAL ;;
		send)	pid=$SEND ;;
		*)	continue ;;
		esac
		kill -9 "$pid"
		advance 10
		# Who reads from it or writes to it ends; the first one is told
		# to, should it have nothing to write.
		kill "$INGEST" 2>/dev/null || true
		until_true 60 service_ended || show_errors
		service_start
	done
	curl -sf --max-time 60 -o "$LAB/sim.answer" \
	    "$SIM/sim/wait?subs=1&timeout=50" || show_errors
	advance 240
	until_true 60 newest_bar "$last" || show_errors
	service_stop
	kill "$SIM_PID"
	pulse-ctl alert list --limit 0 |
	    jq -r "select(.candle.t <= $last) | .id" | sort >"$LAB/ids.$name"
}

# What a killed pulse-send had claimed is delivered once its lease is over; an
# hour later it is.
later() {
	local now=$(($(date +%s%3N) + 3600000))

	PULSE_NOW=$now pulse-retry 2>>"$LAB/retry.err" |
	    PULSE_NOW=$now pulse-send >>"$LAB/sent" 2>>"$LAB/retry.err"
}

killed_and_undisturbed_agree() {
	lab_sink
	steady_rules "$1"
	live_run undisturbed "$1"
	echo "alerts: $(wc -l <"$LAB/ids.undisturbed")"
	[ "$(wc -l <"$LAB/ids.undisturbed")" -ge "$2" ]
	: >"$LAB/sink.ndjson"
	live_run killed "$1" ingest eval send
	diff "$LAB/ids.undisturbed" "$LAB/ids.killed"
	later
	later
	# Every alert was delivered; what came twice had been in flight.
	pulse-ctl delivery list --limit 0 |
	    jq -c 'select(.status != "delivered")' >"$LAB/undelivered"
	cat "$LAB/undelivered"
	[ ! -s "$LAB/undelivered" ]
	diff <(jq -r '.body | fromjson | .id' "$LAB/sink.ndjson" | sort -u) \
	    <(pulse-ctl alert list --limit 0 | jq -r .id | sort)
}

@test "kill -9 of each program once leaves the same alerts as an undisturbed run (invented market)" {
	awk -f "$MARKET" -v n=600 -v seed=3 >"$LAB/market.ndjson"
	killed_and_undisturbed_agree "$LAB/market.ndjson" 20
}

@test "kill -9 of each program once leaves the same alerts as an undisturbed run (5,001 recorded bars)" {
	recorded
	killed_and_undisturbed_agree \
	    "$PULSE_REAL_DATA/data/candles/hl_BTC_15m_simsim.ndjson" 200
}

# ---- every recording --------------------------------------------------------

@test "every recorded candle file goes through the pipeline without a complaint" {
	local file n=0

	recorded
	lab_sink
	jq -cn --arg url "$SINK/hook" '{id: "00000000-0000-4000-8000-0000000000aa",
	    name: "any close", symbol: "*", interval: ("1m", "15m", "1h", "1d"),
	    rule_type: "candle_close", config: {value: "0.0000001", operator: ">"},
	    generic_webhook_url: $url} | .id = .id[0:-2] + {"1m": "01", "15m": "02",
	    "1h": "03", "1d": "04"}[.interval]' >"$LAB/rules.json"
	pulse-ctl rule import "$LAB/rules.json" >"$LAB/import.out"
	for file in "$PULSE_REAL_DATA"/data/candles/*.ndjson; do
		echo "$file"
		pulse-eval --replay <"$file" 2>"$LAB/eval.err" >"$LAB/alerts"
		[ "$(jq -r 'select(.level != "info") | .msg' "$LAB/eval.err")" = "" ]
		pulse-send <"$LAB/alerts" 2>"$LAB/send.err" >"$LAB/sent"
		[ "$(jq -r 'select(.level != "info") | .msg' "$LAB/send.err")" = "" ]
		n=$((n + $(wc -l <"$LAB/alerts")))
	done
	[ "$n" -gt 0 ]
	[ "$(wc -l <"$LAB/sink.ndjson")" -eq "$n" ]
}

# ---- bad input --------------------------------------------------------------

# Lines that are none, one of each kind.
bad_lines() {
	local good

	good=$(awk -f "$MARKET" -v n=1)
	printf '%s\n' "${good%??????????}" # cut short
	echo "$good" | jq -c '.o = true' # a wrong type
	echo "$good" | jq -c '.t = "soon"'
	echo "$good" | jq -c '.c = "1e400"' # absurd numbers
	echo "$good" | jq -c '.v = "-5"'
	echo "$good" | jq -c '.T = 5'
	echo "$good" | jq -c '.i = "6h"'
	echo "$good" | jq -c '.s = "no such coin"'
	echo 'null'
	echo '[]'
	echo 'Internal Server Error'
	printf '{"s":"\xff\xfe"}\n'
	head -c 1048576 /dev/zero | tr '\0' x # a 1 MB line
	echo
}

@test "bad lines are named on stderr, counted and skipped, and change no alert" {
	local n bad

	awk -f "$MARKET" -v n=300 >"$LAB/good.ndjson"
	SINK=http://127.0.0.1:9 six_rules "$LAB/good.ndjson" >"$LAB/rules.json"
	bad_lines >"$LAB/bad.ndjson"
	bad=$(wc -l <"$LAB/bad.ndjson")
	# The bad ones in the middle, then the rest of the good ones.
	{
		head -n 150 "$LAB/good.ndjson"
		cat "$LAB/bad.ndjson"
		tail -n 150 "$LAB/good.ndjson"
	} >"$LAB/mixed.ndjson"
	pulse-eval -r "$LAB/rules.json" <"$LAB/good.ndjson" >"$LAB/good.alerts"
	[ -s "$LAB/good.alerts" ]
	run --separate-stderr pulse-eval -r "$LAB/rules.json" <"$LAB/mixed.ndjson"
	[ "$status" -eq 1 ]
	cmp <(printf '%s\n' "$output") "$LAB/good.alerts"
	for n in $(seq 151 $((150 + bad))); do
		echo "line $n"
		grep -q "[^0-9]${n}[^0-9]" <<<"$stderr"
	done
}

@test "pulse-send names a line that is no alert and delivers the others" {
	local bad

	lab_sink
	awk -f "$MARKET" -v n=300 >"$LAB/good.ndjson"
	six_rules "$LAB/good.ndjson" >"$LAB/rules.json"
	pulse-ctl rule import "$LAB/rules.json" >"$LAB/import.out"
	pulse-eval --replay <"$LAB/good.ndjson" >"$LAB/alerts"
	{
		head -n 1 "$LAB/alerts"
		bad_lines
		tail -n +2 "$LAB/alerts"
	} >"$LAB/mixed"
	bad=$(bad_lines | wc -l)
	run --separate-stderr pulse-send <"$LAB/mixed"
	[ "$status" -eq 1 ]
	[ "$(wc -l <"$LAB/sink.ndjson")" -eq "$(wc -l <"$LAB/alerts")" ]
	[ "$(wc -l <<<"$stderr")" -ge "$bad" ]
}

@test "a rule on a coin that the exchange does not know is named and stops nothing" {
	lab_sink
	awk -f "$MARKET" -v n=300 >"$LAB/market.ndjson"
	exchange_after "$LAB/market.ndjson"
	run hl-ingest --history "$SINCE,$UNTIL" NOSUCH:15m "$SERIES"
	[ "$status" -eq 1 ]
	[[ $output == *NOSUCH* ]]
	[ "$(grep -c '"s":"BTC"' <<<"$output")" -ge 300 ]
}

@test "an exchange that repeats and garbles gives the same alerts" {
	lab_sink
	awk -f "$MARKET" -v n=600 -v seed=9 >"$LAB/market.ndjson"
	steady_rules "$LAB/market.ndjson"
	live_run well "$LAB/market.ndjson"
	[ -s "$LAB/ids.well" ]
	cat >"$LAB/faults" <<-'END'
		kind=garbage,how=text,after=frames:100
		kind=garbage,how=json,after=frames:200
		kind=garbage,how=types,after=frames:300
		kind=garbage,how=empty,after=frames:400
		kind=duplicate,p=0.2
		kind=error,after=frames:600,text=an error that is none of ours
	END
	FAULTS=$LAB/faults live_run badly "$LAB/market.ndjson"
	diff "$LAB/ids.well" "$LAB/ids.badly"
}

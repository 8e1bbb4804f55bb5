# hl-ingest: the tool as hl-ingest(1) describes it, against the simulator.
# What it does when the exchange misbehaves is in hl-ingest-faults.bats.
# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
	SPEED=1
}

teardown() {
	lab_end
}

# A market SPEED times as fast as time, of half an hour's past.
market() {
	# A sanitized build is slow: give it more time.
	if [ -n "${PULSE_SANITIZED:-}" ] && [ "$SPEED" -ge 4 ]; then
		SPEED=$((SPEED / 4))
	fi
	lab_sim --speed "$SPEED" --history 30m "$@"
}

# hl-ingest in the background: $LAB/in.out, in.err, $PID.
ingest() {
	PULSE_SPEED=$SPEED lab_run in hl-ingest -v --log text "$@"
	PID=$LAB_PID
}

lines() { # PATTERN
	grep -c "$1" "$LAB/in.out"
}

has_lines() { # N PATTERN
	[ "$(lines "$2")" -ge "$1" ]
}

# SIGTERM ends the process with this status.
ends_with() { # STATUS PID
	local status=0

	kill "$2"
	wait "$2" || status=$?
	[ "$status" -eq "$1" ]
}

count() { # COUNTER: of the last heartbeat
	grep '"event":"heartbeat"' "$LAB/in.out" | tail -n 1 | jq ".$1"
}

@test "without a series it says what is missing, and exits 2" {
	run -2 hl-ingest
	[[ $output == *"COIN:INTERVAL, or --rules"* ]]
}

@test "operands are refused with the reason: interval, form, range of options" {
	run -2 hl-ingest BTC:2m
	[[ $output == *"no interval '2m' (1m, 3m, 5m"* ]]
	run -2 hl-ingest BTC
	[[ $output == *"COIN:INTERVAL is wanted"* ]]
	run -2 hl-ingest --budget 101 BTC:1m
	[[ $output == *"--budget"* ]]
	run -2 hl-ingest --confirm maybe BTC:1m
	for url in nonsense '' ftp://127.0.0.1 http:// 'http://127.0.0.1:1/info' \
	    'http://127.0.0.1:1/?a=b'; do
		run -2 hl-ingest --url "$url" BTC:1m
		[[ $output == *"--url: '$url': "* ]]
		run -2 hl-ingest --url "$url" --list
	done
	HL_API_URL=nonsense run -2 hl-ingest BTC:1m
	# A password is not shown.
	run -2 hl-ingest --url http://me:hush@127.0.0.1:1 BTC:1m
	[[ $output == *"--url: '(with a user name)': "* ]]
	[[ $output != *hush* ]]
	run -2 hl-ingest --history tomorrow BTC:1m
	run -2 hl-ingest --history 1d,2d BTC:1m
	[[ $output == *"--history: '1d,2d' ends before it begins"* ]]
	run -2 hl-ingest --history 2026-01-02,2026-01-01 BTC:1m
	run -2 hl-ingest --history 1d,1d BTC:1m
	run -2 hl-ingest --state f BTC:1m
	run -2 hl-ingest --history 1d --rules
}

@test "more series than an address may subscribe: it says how to share them out" {
	local i series=()

	for i in $(seq 1001); do
		series+=("C$i:1m")
	done
	run -2 hl-ingest "${series[@]}"
	[[ $output == *"1001 series"*"several machines"* ]]
}

@test "--dry-run says what would be followed; the last colon splits" {
	run -0 hl-ingest -n --url http://127.0.0.1:1 xyz:NVDA:1h
	[[ $output == *"would follow xyz:NVDA 1h at http://127.0.0.1:1"* ]]
}

@test "frames are printed as forming candles, with the decimals of the exchange" {
	market --coin BTC --coin xyz:NVDA,rate=5
	ingest BTC:1m xyz:NVDA:5m
	until_true 20 has_lines 3 '"s":"BTC"'
	until_true 20 has_lines 1 '"s":"xyz:NVDA","i":"5m"'
	grep '"s":"BTC"' "$LAB/in.out" | head -n 3 | jq -e '
	    keys_unsorted == ["t","T","s","i","o","c","h","l","v","n","x","E"]
	    and .x == false and (.o | type) == "string" and .E >= .t' >/dev/null
}

@test "SIGTERM: the last heartbeat, and exit 0" {
	market
	ingest BTC:1m
	until_true 20 has_lines 1 '"s":"BTC"'
	ends_with 0 "$PID"
	tail -n 1 "$LAB/in.out" | jq -e '.event == "heartbeat"'
}

@test "a reader that goes away ends it without a word" {
	market
	PULSE_SPEED=1 timeout 20 hl-ingest BTC:1m 2>"$LAB/err" |
	    head -n 1 | jq -e .
	[ ! -s "$LAB/err" ]
}

@test "heartbeats have counters, and the offset of the exchange's clock" {
	SPEED=30
	market --start 1795356000000
	ingest BTC:1m
	until_true 20 has_lines 4 '"event":"heartbeat"'
	[ "$(count series)" -eq 1 ]
	[ "$(count series_live)" -eq 1 ]
	[ "$(count frames_total)" -gt 0 ]
	[ "$(count rest_weight_minute)" -ge 2 ]
	# The exchange's clock is at 2026-11-22T14:00Z and some, ours now.
	jq -s -e 'map(select(.event)) | last |
	    (.time - 1795356000000 | . > 0 and . < 600000)' "$LAB/in.out"
}

@test "an unknown coin is reported once with what was meant; others go on" {
	market
	ingest PEPE:1m NVDA:1h BTC:1m
	until_true 20 grep -q 'did you mean kPEPE' "$LAB/in.err"
	until_true 20 grep -q 'did you mean xyz:NVDA' "$LAB/in.err"
	[ "$(grep -c PEPE: "$LAB/in.err")" -eq 1 ]
	until_true 20 has_lines 1 '"s":"BTC"'
	until_true 20 has_lines 1 '"series_refused":2'
	ends_with 1 "$PID"
}

# What status says of unknown series.
unknown() {
	pulse-ctl status | jq -r '.problems[].problem' | grep 'does not know'
}

@test "a misspelt rule is a problem for status, by its name, until it is mended" {
	market
	pulse-ctl db init >/dev/null
	rule btc 1m
	rule BTC 1m
	ingest --rules --warmup 0
	until_true 20 unknown
	[ "$(unknown)" = 'the exchange does not know 1 of the series asked for: btc:1m (did you mean BTC?)' ]
	remove_rule btc 1m
	until_true 20 eval '! unknown'
	ends_with 0 "$PID"
}

@test "when every coin is unknown it ends, with 1; --poll and --history too" {
	market
	run -1 timeout 20 hl-ingest QQQ:1m
	run -1 timeout 20 hl-ingest --poll kpepe:1m
	[[ $output == *"did you mean kPEPE?"* ]]
	run -1 timeout 20 hl-ingest --history 10m kpepe:1m
	[[ $output == *"did you mean kPEPE?"* ]]
}

@test "a pair named both ways is one series: every bar is closed once" {
	SPEED=60 market
	ingest --closed --confirm hold @107:1m HYPE/USDC:1m
	until_true 30 has_lines 3 '"s":"@107".*"x":true'
	ends_with 0 "$PID"
	[ "$(jq -r 'select(.x).t' "$LAB/in.out" | sort | uniq -d | wc -l)" -eq 0 ]
}

@test "HYPE/USDC is @107, and that is said" {
	market
	ingest HYPE/USDC:1m
	until_true 20 has_lines 1 '"s":"@107"'
	grep -q 'HYPE/USDC is @107' "$LAB/in.err"
	run -0 --separate-stderr hl-ingest --history 5m HYPE/USDC:1m
	[ "$(jq -r .s <<<"$output" | sort -u)" = @107 ]
}

@test "--list prints every market with its kind" {
	market
	run -0 --separate-stderr hl-ingest --list
	jq -es 'map({(.coin): .}) | add |
	    .BTC.kind == "perp" and .["xyz:NVDA"].kind == "dex" and
	    .["@107"].pair == "HYPE/USDC" and .FTM.delisted' <<<"$output"
}

@test "a slash behind the exchange's port changes nothing" {
	market
	run -0 --separate-stderr hl-ingest --url "$SIM/" --history 5m BTC:1m
	[[ $output == *'"s":"BTC"'* ]]
}

@test "--list without an exchange: exit 69" {
	HL_API_URL=http://127.0.0.1:9 PULSE_SPEED=100 run -69 hl-ingest --list
	# Each try is said when it fails; there are few, for nothing else of
	# the list can be had there.
	[ "$(grep -c 'names of the exchange: .*connect' <<<"$output")" -eq 3 ]
}

@test "--list of an exchange that lacks a part: the rest, a word, and exit 1" {
	market --fault kind=status,code=500,type=spotMeta
	PULSE_SPEED=100 run -1 --separate-stderr hl-ingest --list
	[[ $output == *'"coin":"BTC"'*'"coin":"xyz:NVDA"'* ]]
	[[ $output != *HYPE/USDC* ]]
	[[ $stderr == *'names of the exchange: status 500'* ]]
	[[ $stderr == *'a part of the list could not be had'* ]]
}

@test "--ctx prints the context of each coin" {
	market
	ingest --ctx BTC:1m BTC:5m
	until_true 20 has_lines 2 '"event":"ctx"'
	grep '"event":"ctx"' "$LAB/in.out" | head -n 1 | jq -e '
	    keys == ["dayNtlVlm","event","funding","markPx","midPx",
	    "openInterest","oraclePx","premium","s","time"] and .s == "BTC"'
}

is_subscribed() { # COIN
	curl -s "$SIM/sim/series" | grep -q "\"$1\""
}

# Live subscriptions at the simulator.
subscriptions_are() { # N
	curl -s "$SIM/sim/stats" | jq -e ".subscriptions == $1" >/dev/null
}

@test "--ctx: a coin's context ends with its last series, and comes again" {
	market --history 6h
	pulse-ctl db init >/dev/null
	rule BTC 1m
	rule BTC 5m
	rule ETH 1m
	ingest --rules --warmup 0 --ctx
	until_true 20 subscriptions_are 5
	remove_rule BTC 1m
	until_true 5 subscriptions_are 4
	remove_rule BTC 5m
	until_true 5 subscriptions_are 2
	rule BTC 1m
	until_true 5 subscriptions_are 4
	[ "$(curl -s "$SIM/sim/stats" | jq .errors)" -eq 0 ]
}

@test "a coin that is not listed yet is followed when it is" {
	SPEED=400
	market --fault kind=unlisted,coin=ETH --fault kind=unlisted,coin=@107 \
	    --fault kind=unlisted,coin=xyz:NVDA
	ingest --ctx ETH:1m HYPE/USDC:1m xyz:NVDA:1m BTC:1m
	until_true 20 has_lines 1 '"series_refused":3'
	run ! has_lines 1 '"s":"ETH"'
	curl -sf -X POST "$SIM/sim/clear" >/dev/null
	until_true 20 has_lines 3 '"s":"ETH".*"x":true'
	until_true 20 has_lines 1 '"s":"@107".*"x":true'
	until_true 20 has_lines 1 '"s":"xyz:NVDA".*"x":true'
	grep -q 'HYPE/USDC:1m: the exchange lists it now' "$LAB/in.err"
	# Said once what was wrong, though tried again.
	[ "$(grep -c '^hl-ingest: .*ETH:1m: Invalid' "$LAB/in.err")" -eq 1 ]
	until_true 20 has_lines 1 '"series_refused":0'
	ends_with 0 "$PID"
}

@test "--poll: a coin that is not listed yet is followed when it is" {
	SPEED=400
	market --fault kind=unlisted,coin=ETH
	ingest --poll --closed ETH:1m BTC:1m
	until_true 20 has_lines 1 '"series_refused":1'
	curl -sf -X POST "$SIM/sim/clear" >/dev/null
	until_true 20 has_lines 3 '"s":"ETH".*"x":true'
}

@test "a series beyond the 1,000 subscriptions is followed when one is free" {
	market --coins 1001 --rate 0.02 --history 1m
	pulse-ctl db init >/dev/null
	seq -f T%04g 1 1001 | jq -Rc '{name: "r", symbol: ., rule_type:
	    "candle_close", config: {value: 1, operator: "<"}}' |
	    pulse-ctl rule import - >/dev/null
	ingest --rules --warmup 0 --confirm off
	until_true 30 subscriptions_are 1000
	until_true 20 has_lines 1 '"series_waiting":1'
	[ "$(grep -c 'waits until one is free' "$LAB/in.err")" -eq 1 ]
	# The one that waits follows when the rule of another goes.
	late=$(grep -o 'T[0-9]*:1m: the exchange gives' "$LAB/in.err" |
	    cut -d : -f 1)
	[ "$late" = T0001 ] && other=T0002 || other=T0001
	remove_rule "$other" 1m
	until_true 10 grep -q "$late:1m: a place is free" "$LAB/in.err"
	until_true 10 is_subscribed "$late"
	until_true 20 has_lines 1 '"series_waiting":0'
	subscriptions_are 1000
}

all_have_closed() { # N: series whose past is printed up to now
	[ "$(count series)" = "$1" ] && [ "$(count series_behind)" = 0 ]
}

@test "the past of a series finds room beside as many as can be confirmed" {
	SPEED=20
	market --coins 22 --rate 0.05 --history 4d
	# shellcheck disable=SC2046 # words
	ingest --closed --warmup 5000 $(seq -f T%04g:1m 1 22)
	# Eight minutes of budget; without that room the last ones have to wait
	# for a minute in which the others are not confirmed.
	until_true $((720 / SPEED)) all_have_closed 22
}

@test "a pair that is asked for by both its names waits for one place" {
	market --coins 1001 --coin @107,rate=1 --rate 0.02 --history 1m
	pulse-ctl db init >/dev/null
	rule T0999 1m
	rule T1000 1m
	# shellcheck disable=SC2046 # words
	ingest --rules --warmup 0 --confirm off $(seq -f T%04g:1m 1 998)
	until_true 30 subscriptions_are 1000
	rule @107 1m
	rule HYPE/USDC 1m
	until_true 20 grep -q 'HYPE/USDC is @107' "$LAB/in.err"
	remove_rule T0999 1m
	remove_rule T1000 1m
	until_true 20 is_subscribed @107
	until_true 20 subscriptions_are 999
	until_true 30 has_lines 1 '"s":"@107".*"x":false'
	[ "$(grep -c ':1m: the exchange gives' "$LAB/in.err")" -eq 1 ]
}

@test "all fourteen intervals are taken, 1w and 1M among them" {
	local i series=()

	market --history 70d
	for i in 1m 3m 5m 15m 30m 1h 2h 4h 8h 12h 1d 3d 1w 1M; do
		series+=("BTC:$i")
	done
	ingest "${series[@]}"
	until_true 20 has_lines 1 '"i":"1w"'
	until_true 20 has_lines 1 '"i":"1M"'
	# A week begins on Thursday, a month is 30 days since 1970.
	grep '"i":"1w"' "$LAB/in.out" | head -n 1 |
	    jq -e '.t / 86400000 % 7 == 0'
	grep '"i":"1M"' "$LAB/in.out" | head -n 1 |
	    jq -e '.t / 86400000 % 30 == 0'
}

@test "forming bars go on while a closed one waits; --order strict holds them" {
	SPEED=60
	market
	ingest BTC:1m
	until_true 20 has_lines 3 '"x":true'
	kill "$PID"
	# Some forming bar of t+1 stands before the closed bar t.
	jq -s -e '[.[] | select(.t)] | [range(1; length) as $i |
	    select(.[$i].x and .[$i - 1].t > .[$i].t)] | length > 0' \
	    "$LAB/in.out"
	ingest --order strict BTC:1m
	until_true 20 has_lines 3 '"x":true'
	kill "$PID"
	jq -s -e '[.[] | select(.t)] | [range(1; length) as $i |
	    select(.[$i].t < .[$i - 1].t)] | length == 0' "$LAB/in.out"
}

@test "closed bars watched from their open have E, the others have none" {
	SPEED=60
	market
	ingest --closed BTC:1m
	until_true 20 has_lines 3 '"x":true'
	jq -s -e 'map(select(.x)) | (.[0] | has("E") | not) and
	    (.[1:] | all(.E > .T))' "$LAB/in.out"
	kill "$PID"
	ingest --poll --closed BTC:1m
	until_true 20 has_lines 2 '"x":true'
	jq -s -e 'map(select(.x)) | all(has("E") | not)' "$LAB/in.out"
}

@test "--confirm after prints at once, and tells what REST corrects" {
	SPEED=60
	market --tail 1
	ingest --confirm after --closed BTC:1m ETH:1m
	until_true 20 has_lines 1 '"event":"corrected"'
	grep '"event":"corrected"' "$LAB/in.out" | head -n 1 |
	    jq -c .candle >"$LAB/corrected"
	curl -s "$SIM/sim/closed?coin=$(jq -r .s "$LAB/corrected")&interval=1m" |
	    grep -qxF "$(cat "$LAB/corrected")"
}

@test "more series than can be confirmed at once: said, and none waits long" {
	local i series=()

	SPEED=60
	market --coins 40 --limits
	for i in $(seq 40); do
		series+=("$(printf 'T%04d:1m' "$i")")
	done
	ingest --closed "${series[@]}"
	until_true 20 grep -q 'of 40 series close more bars' "$LAB/in.err"
	until_true 30 has_lines 120 '"x":true'
	[ "$(count rest_limited_total)" -eq 0 ]
	[ "$(count rest_weight_minute)" -le 600 ]
}

# What was printed closed, as corrected since: bars of COIN from FROM to TO.
corrected_bars() { # COIN FROM TO
	jq -cn --arg s "$1" --argjson a "$2" --argjson b "$3" '
	    reduce (inputs | select(.s == $s)) as $r ({};
		if $r.event == "corrected" then .["\($r.candle.t)"] = $r.candle
		elif $r.x then .["\($r.t)"] = $r else . end) |
	    map(select(.t >= $a and .t <= $b)) | sort_by(.t) | .[] | del(.E, .x)' \
	    "$LAB/in.out"
}

every_coin_corrected() { # N: that many coins
	[ "$(grep '"event":"corrected"' "$LAB/in.out" | jq -r .s | sort -u |
	    wc -l)" -ge "$1" ]
}

@test "what the budget cannot confirm at once is checked, every series in turn" {
	local i series=() beat sure coin first

	SPEED=300
	# Three bars of ten lack their last trade in the frames.
	market --coins 12 --rate 0.2 --tail 0.3 --limits
	for i in $(seq 12); do
		series+=("$(printf 'T%04d:1m' "$i")")
	done
	ingest --closed --budget 10 "${series[@]}"
	until_true 20 grep -q 'of 12 series close more bars' "$LAB/in.err"
	# Three are confirmed as they close.
	until_true 60 every_coin_corrected 9
	until_true 60 has_lines 300 '"x":true'
	until_true 20 has_lines 2 '"bars_to_check":[1-9]'
	kill -STOP "$PID"
	beat=$(grep '"event":"heartbeat"' "$LAB/in.out" | tail -n 1)
	kill -CONT "$PID"
	jq -e '.unchecked_total == 0 and .rest_limited_total == 0' <<<"$beat"
	# But for those that are yet to be checked all is as REST lists it.
	sure=$(jq '.time - .check_lag_ms - 120000' <<<"$beat")
	for coin in T0001 T0004 T0008 T0012; do
		first=$(jq "select(.s == \"$coin\" and .x).t" "$LAB/in.out" |
		    head -n 1)
		corrected_bars "$coin" "$first" "$sure" >"$LAB/got"
		truth "$coin" 1m "$first" "$sure" | jq -c 'del(.x)' |
		    diff - "$LAB/got"
		[ "$(wc -l <"$LAB/got")" -ge 5 ]
	done
}

# ---- history -----------------------------------------------------------------

# No minute ends in the next seconds: bars can be counted.
calm() {
	local ms

	ms=$(($(curl -s "$SIM/sim/clock" | jq .time) % 60000))
	[ "$ms" -gt 8000 ] && [ "$ms" -lt 40000 ]
}

truth() { # COIN INTERVAL FROM TO
	curl -s "$SIM/sim/closed?coin=$1&interval=$2&x=1&from=$3&to=$4"
}

@test "--history prints what REST lists, closed, without E, series by series" {
	market --history 6h
	until_true 60 calm
	run -0 --separate-stderr hl-ingest --history 5h,1h BTC:1m AAVE:5m
	jq -es 'map(.s + .i) | group_by(.) | map(length) | . == [48, 240]' \
	    <<<"$output"
	jq 'select(.s == "BTC") | .t' <<<"$output" >"$LAB/times"
	truth BTC 1m "$(head -n 1 "$LAB/times")" "$(tail -n 1 "$LAB/times")" |
	    diff - <(grep '"s":"BTC"' <<<"$output")
	# By times instead of durations: the same.
	run -0 --separate-stderr hl-ingest --history \
	    "$(head -n 1 "$LAB/times"),$(($(tail -n 1 "$LAB/times") + 60000))" \
	    --page 37 BTC:1m
	diff <(jq .t <<<"$output") "$LAB/times"
}

@test "--history that begins in the future is refused, one that ends there is not" {
	market --start 1795356000000
	run -2 --separate-stderr timeout 20 hl-ingest --history 2126-11-01 BTC:1m
	[ -z "$output" ]
	[[ $stderr == *"--history: 2126-11-01T00:00:00.000Z is in the future"* ]]
	run -2 timeout 20 hl-ingest --history 2026-12-01,2026-12-02 BTC:1m
	run -0 --separate-stderr hl-ingest --history \
	    2026-11-22T13:50Z,2126-11-01 BTC:1m
	[[ $output == *'"s":"BTC"'* ]]
}

@test "--history older than what is kept: one gap with its exact range" {
	market --history 6h --retain 50
	until_true 60 calm
	run -0 --separate-stderr hl-ingest --history 5h BTC:1m
	[ "$(grep -c '"event":"gap"' <<<"$output")" -eq 1 ]
	jq -es '.[0].event == "gap" and .[0].to + 1 == .[1].t and
	    (.[0].to + 1 - .[0].from) / 60000 + (length - 1) == 300' \
	    <<<"$output"
}

@test "--history that is stopped goes on where it was, with --state" {
	market --history 6h --fault kind=slow,ms=150
	lab_run one hl-ingest --history 5h --page 20 --state "$LAB/state" \
	    BTC:1m ETH:5m
	until_true 20 grep -q '"s":"BTC"' "$LAB/one.out"
	ends_with 75 "$LAB_PID"
	run -0 --separate-stderr hl-ingest --history 5h --page 20 \
	    --state "$LAB/state" BTC:1m ETH:5m
	cat "$LAB/one.out" - <<<"$output" >"$LAB/all"
	# Each bar once, in order, and none left out.
	[ "$(wc -l <"$LAB/one.out")" -lt 300 ]
	jq -es 'group_by(.s) | map([range(1; length) as $i |
	    (.[$i].t - .[$i - 1].t) / (.[0].T + 1 - .[0].t)] |
	    all(. == 1)) | all' "$LAB/all"
	[ "$(wc -l <"$LAB/all")" -ge 358 ]
}

@test "--history draws its progress on a terminal, and only there" {
	market --history 6h --fault kind=slow,ms=300
	script -qec "hl-ingest --history 5h --page 100 BTC:1m >$LAB/out" \
	    /dev/null >"$LAB/tty"
	grep -q '\[#.*bars .*/s .*left' "$LAB/tty"
	hl-ingest --history 1h BTC:1m 2>"$LAB/err" >/dev/null
	[ ! -s "$LAB/err" ]
}

@test "--history with nobody there: exit 75" {
	HL_API_URL=http://127.0.0.1:9 PULSE_SPEED=1000 run -75 --separate-stderr \
	    hl-ingest --history 1h BTC:1m
	[ -z "$output" ]
}

# ---- with a store ------------------------------------------------------------

rule() { # SYMBOL INTERVAL
	jq -n --arg s "$1" --arg i "$2" '{name: "r", symbol: $s, interval: $i,
	    rule_type: "candle_close", config: {value: 1, operator: "<"}}' |
	    pulse-ctl rule import - >/dev/null
}

remove_rule() { # SYMBOL INTERVAL
	pulse-ctl rule list --limit 0 --json | jq -r --arg s "$1" --arg i "$2" \
	    'select(.symbol == $s and .interval == $i).id' |
	    xargs pulse-ctl rule rm >/dev/null
}

series_are() { # N
	[ "$(curl -s "$SIM/sim/series" | wc -l)" -eq "$1" ]
}

stored() { # N
	pulse-ctl candle list BTC:1m --asc --limit 0 --json >"$LAB/stored"
	[ "$(wc -l <"$LAB/stored")" -ge "$1" ]
}

# hl-ingest into pulse-eval, until the store has N bars.
until_stored() { # N
	lab_run eval sh -c "exec pulse-eval <$LAB/pipe"
	local eval_pid=$LAB_PID

	PULSE_SPEED=$SPEED lab_run in sh -c "exec hl-ingest BTC:1m >$LAB/pipe"
	until_true 30 stored "$1"
	kill "$LAB_PID"
	wait "$eval_pid"
}

@test "--rules follows the rules as they come and go, within seconds" {
	market --history 6h
	pulse-ctl db init >/dev/null
	rule BTC 1m
	ingest --rules --warmup 100
	until_true 20 has_lines 100 '"s":"BTC".*"x":true'
	rule xyz:NVDA 5m
	until_true 5 has_lines 1 '"s":"xyz:NVDA","i":"5m"'
	pulse-ctl rule list --json | jq -r 'select(.symbol == "BTC").id' |
	    xargs pulse-ctl rule rm
	until_true 5 grep -q 'BTC 1m: no longer followed' "$LAB/in.err"
	until_true 5 series_are 1
	pulse-ctl status --json | grep -q hl-ingest
}

@test "with a store it goes on after the last bar that the store has" {
	SPEED=120
	market
	mkfifo "$LAB/pipe"
	pulse-ctl db init >/dev/null
	rule BTC 1m
	until_stored 3
	curl -sf "$SIM/sim/wait?time=$(($(jq -s last.T "$LAB/stored") +
	    300000))&timeout=20" >/dev/null
	until_stored 9
	# Minute by minute, those of the pause too, with the exchange's values.
	truth BTC 1m "$(head -n 1 "$LAB/stored" | jq .t)" \
	    "$(tail -n 1 "$LAB/stored" | jq .t)" |
	    jq -c '[.t, .o, .h, .l, .c, .v]' >"$LAB/want"
	jq -c '[.t, .o, .h, .l, .c, .v]' "$LAB/stored" | diff "$LAB/want" -
}

# A rule on BTC 1m that fires with every bar beyond its mean of 200 closes.
mean_rule() { # NAME BAND
	jq -n --arg n "$1" --arg b "$2" '{name: $n, symbol: "BTC",
	    interval: "1m", rule_type: "bollinger_bands", config: {period: 200,
	    std_dev: 0.1, band: $b, event: "break"}}' | pulse-ctl rule import - \
	    >/dev/null
}

alert_of_mean() {
	pulse-ctl alert list --json | jq -s -e 'length > 0' >/dev/null
}

@test "a rule that needs more bars than the store has is warm at once" {
	SPEED=60
	market --history 10h --limits
	mkfifo "$LAB/pipe"
	pulse-ctl db init >/dev/null
	# Nobody needs the past: it begins now.
	lab_run eval sh -c "exec pulse-eval -v --log text <$LAB/pipe"
	PULSE_SPEED=$SPEED lab_run in sh -c \
	    "exec hl-ingest -v --log text --rules BTC:1m | tee $LAB/records \
	    >$LAB/pipe"
	until_true 30 stored 5
	run ! stored 100
	mean_rule above upper
	mean_rule below lower
	# 200 bars would take 200 seconds.
	until_true 30 stored 200
	until_true 30 alert_of_mean
	[ "$(wc -l <"$LAB/stored")" -lt 300 ]
	# The older bars are those of the exchange, minute by minute.
	stored 200
	truth BTC 1m "$(head -n 1 "$LAB/stored" | jq .t)" \
	    "$(tail -n 1 "$LAB/stored" | jq .t)" |
	    jq -c '[.t, .o, .h, .l, .c, .v]' >"$LAB/want"
	jq -c '[.t, .o, .h, .l, .c, .v]' "$LAB/stored" | diff "$LAB/want" -
	# Told as records of the past: candles are in order of t.
	[ "$(grep -c '"event":"past"' "$LAB/records")" -ge 190 ]
	[ "$(grep -c '"event":"warm"' "$LAB/records")" -eq 1 ]
	jq -s -e '[.[] | select(.x).t] | . == sort' "$LAB/records"
	# What was judged is what all those bars give.
	pulse-ctl alert list --json | jq -c '[.id, .values]' >"$LAB/live"
	pulse-ctl rule list --json >"$LAB/rules"
	pulse-ctl candle list BTC:1m --asc --limit 0 --json |
	    jq -c '. + {x: true}' | pulse-eval -r "$LAB/rules" |
	    jq -c '[.id, .values]' >"$LAB/again"
	[ -s "$LAB/live" ]
	run ! grep -vxFf "$LAB/again" "$LAB/live"
}

@test "older bars are asked for once, to the bar before those of the store" {
	SPEED=60
	market --history 1h --limits
	mkfifo "$LAB/pipe"
	pulse-ctl db init >/dev/null
	until_stored 5
	mean_rule above upper
	ingest --rules --closed
	until_true 20 has_lines 2 '"x":true'
	until_true 20 has_lines 1 '"event":"warm"'
	until_true 20 has_lines 3 '"event":"heartbeat"'
	# An hour is all there is; what the store has is not told again.
	[ "$(lines '"event":"past"')" -ge 55 ]
	[ "$(lines '"event":"past"')" -le 65 ]
	[ "$(lines '"event":"warm"')" -eq 1 ]
	[ "$(grep '"event":"warm"' "$LAB/in.out" | jq .to)" -eq \
	    $(($(head -n 1 "$LAB/stored" | jq .t) - 1)) ]
	jq -s -e 'map(select(.event == "past").candle.t) |
	    . == (sort | unique | reverse)' "$LAB/in.out"
	ends_with 0 "$PID"
	# Some were stored when it ended: the next time the rest is told.
	all=$(lines '"event":"past"')
	grep '"event":"past"' "$LAB/in.out" | head -n 20 | pulse-eval
	ingest --rules --closed
	until_true 20 has_lines 1 '"event":"warm"'
	[ "$(lines '"event":"past"')" -eq $((all - 20)) ]
}

# ---- a slow reader -----------------------------------------------------------

@test "a reader that stops: nothing closed is lost, pings go on, memory is bounded" {
	SPEED=300
	market --coins 8 --rate 5 --idle 60s
	mkfifo "$LAB/pipe"
	PULSE_SPEED=$SPEED lab_run in sh -c "exec hl-ingest -v --log text \
	    T0001:1m T0002:1m T0003:1m T0004:1m >$LAB/pipe"
	PID=$LAB_PID
	exec 5<"$LAB/pipe"
	# The pipe and the queue fill up while the market goes on for 20 min.
	curl -sf "$SIM/sim/wait?frames=20000&timeout=30" >/dev/null
	lab_run reader cat <&5
	cat <&5 >"$LAB/in.out" &
	lab_note $!
	until_true 30 has_lines 40 '"x":true'
	exec 5<&-
	[ "$(count conflated_total)" -gt 0 ]
	[ "$(count reconnects_total)" -eq 0 ]
	jq -s -e 'map(select(.x)) | group_by(.s) | map([range(1; length) as $i |
	    .[$i].t - .[$i - 1].t] | all(. == 60000)) | all' "$LAB/in.out"
	[ "$(awk '/VmHWM/ { print $2 }' "/proc/$PID/status")" -lt 100000 ]
}

@test "wss and https: a certificate of its own authority, and no other" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$LAB/key" \
	    -out "$LAB/cert" -days 2 -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	market --tls-cert "$LAB/cert" --tls-key "$LAB/key"
	export HL_API_URL=https://127.0.0.1:${SIM##*:}
	ingest --ca-file "$LAB/cert" BTC:1m
	until_true 20 has_lines 1 '"s":"BTC"'
	kill "$PID"
	ingest BTC:1m
	until_true 20 grep -q 'no connection' "$LAB/in.err"
	run ! has_lines 1 '"s":"BTC"'
}

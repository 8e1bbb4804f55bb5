# hl-sim: the simulator is as documented (hl-sim --help; the exchange's own
# documentation), and misbehaves exactly when told.
# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
}

teardown() {
	lab_end
}

# 2026-11-22T14:00:00Z: a whole hour, so the bars begin where one sees it.
T0=1795356000000

# One coin that trades, from T0 on by POST /sim/advance.
still_market() {
	lab_sim --speed 0 --start "$T0" --coin BTC,rate=1 "$@"
	PORT=${SIM##*:}
}

sub() { # [COIN [INTERVAL]]
	printf '{"method":"subscribe","subscription":{"type":"candle",'
	printf '"coin":"%s","interval":"%s"}}' "${1:-BTC}" "${2:-1m}"
}

# A client in the background, its output in $LAB/NAME.out; waits until its
# N candle subscriptions are there.
client() { # NAME N TEXT...
	local name=$1 n=$2
	shift 2

	lab_run "$name" wscat -t 30 "$PORT" "$@"
	curl -sf "$SIM/sim/wait?subs=$n" >"$LAB/wait"
}

advance() { # MS
	curl -sf -X POST "$SIM/sim/advance?ms=$1" >"$LAB/advance"
}

info() { # JSON
	curl -s -H 'Content-Type: application/json' -d "$1" "$SIM/info"
}

snapshot() { # COIN INTERVAL START [END]
	info "{\"type\":\"candleSnapshot\",\"req\":{\"coin\":\"$1\",\
\"interval\":\"$2\",\"startTime\":$3${4:+,\"endTime\":$4}}}"
}

fault() {
	curl -sf -d "$1" "$SIM/sim/fault" >"$LAB/fault"
}

# Wait until the client's output holds a line like this.
sees() { # NAME PATTERN
	until_true 10 grep -q -- "$2" "$LAB/$1.out" || {
		cat "$LAB/$1.out" >&2
		return 1
	}
}

frames() { # NAME
	grep '"channel":"candle"' "$LAB/$1.out" | jq -c .data
}

sent() {
	curl -s "$SIM/sim/stats" | jq .frames
}

# The client, the only one, has all that was sent.
has_all() { # NAME
	[ "$(frames "$1" | wc -l)" -eq "$(sent)" ]
}

# --- the WebSocket API ------------------------------------------------------

@test "acks come in the exchange's own order of keys" {
	still_market
	run -0 wscat -n 1 "$PORT" "$(sub BTC 1m)" </dev/null
	[ "$output" = '{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"candle","interval":"1m","coin":"BTC"}}}' ]
}

@test "a ping is answered by a pong without data" {
	still_market
	run -0 wscat -n 1 "$PORT" '{"method":"ping"}' </dev/null
	[ "$output" = '{"channel":"pong"}' ]
}

@test "errors have the documented texts and leave the connection open" {
	still_market
	run -0 wscat -n 7 "$PORT" \
	    '{"method":"subscribe","subscription":{"type":"candles","coin":"BTC"}}' \
	    "$(sub NOPE)" "$(sub btc)" "$(sub BTC 6h)" \
	    "$(sub)" "$(sub)" \
	    '{"method":"unsubscribe","subscription":{"type":"trades","coin":"BTC"}}' \
	    </dev/null
	# shellcheck disable=SC2016
	diff <(jq -r 'select(.channel == "error").data' <<<"$output") - <<'END'
Error parsing JSON into valid websocket request: {"method":"subscribe","subscription":{"type":"candles","coin":"BTC"}}
Invalid subscription {"type":"candle","interval":"1m","coin":"NOPE"}
Invalid subscription {"type":"candle","interval":"1m","coin":"btc"}
Error parsing JSON into valid websocket request: {"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"6h"}}
Already subscribed: {"type":"candle","interval":"1m","coin":"BTC"}
Already unsubscribed: {"type":"trades","coin":"BTC"}
END
}

@test "every name and every interval can be subscribed" {
	lab_sim --speed 0
	PORT=${SIM##*:}
	for c in BTC kPEPE PURR/USDC @107 xyz:NVDA; do
		for i in 1m 3m 5m 15m 30m 1h 2h 4h 8h 12h 1d 3d 1w 1M; do
			sub $c $i
			echo
		done
	done >"$LAB/subs"
	wscat -n 70 "$PORT" <"$LAB/subs" >"$LAB/acks"
	[ "$(grep -c subscriptionResponse "$LAB/acks")" -eq 70 ]
}

@test "there is no burst at the subscription, and frames come with trades" {
	still_market
	client ws 1 "$(sub)"
	advance 60000
	sees ws "\"t\":$T0"
	[ "$(head -n 1 "$LAB/ws.out" | jq -r .channel)" = subscriptionResponse ]
	# Strings for decimals, integers for times; T is the last millisecond.
	frames ws | jq -se "all(.[]; .t == $T0 and .T == $T0 + 59999 and
	    .s == \"BTC\" and .i == \"1m\" and ([.o, .h, .l, .c, .v] |
	    all(type == \"string\")))"
	# A bar grows: volume and count never fall, the open stays.
	frames ws | jq -se '[.[] | .n] == ([.[] | .n] | sort | unique)'
	frames ws | jq -se '[.[] | .v | tonumber] as $v | $v == ($v | sort)'
	frames ws | jq -se '[.[] | .o] | unique | length == 1'
}

@test "unsubscribing ends the frames of that series alone" {
	still_market --coin ETH,rate=1
	client ws 1 "$(sub)" "$(sub ETH)" \
	    '{"method":"unsubscribe","subscription":{"type":"candle","coin":"BTC","interval":"1m"}}'
	sees ws '"method":"unsubscribe"'
	advance 60000
	sees ws '"s":"ETH"'
	run frames ws
	[[ $output != *'"s":"BTC"'* ]]
}

@test "silence of the server for --idle closes the connection, pongs do not count as silence" {
	lab_sim --speed 0 --idle 300ms
	PORT=${SIM##*:}
	run -0 wscat -t 10 "$PORT" </dev/null
	[ "$output" = '#close 1000 ' ]
	run -0 bash -c "for i in 1 2 3 4 5 6; do
	    echo '{\"method\":\"ping\"}'; sleep 0.1; done | wscat -t 10 $PORT"
	[ "$(grep -c pong <<<"$output")" -eq 6 ]
}

@test "the other channels speak as documented" {
	still_market
	lab_run ws wscat -t 30 "$PORT" \
	    '{"method":"subscribe","subscription":{"type":"activeAssetCtx","coin":"BTC"}}' \
	    '{"method":"subscribe","subscription":{"type":"trades","coin":"BTC"}}' \
	    '{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}' \
	    '{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC"}}' \
	    '{"method":"subscribe","subscription":{"type":"allMids"}}' \
	    '{"method":"post","id":7,"request":{"type":"info","payload":{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1h","startTime":0}}}}'
	curl -sf "$SIM/sim/wait?messages=6" >"$LAB/wait"
	advance 10000
	for c in activeAssetCtx trades bbo l2Book allMids post; do
		sees ws "\"channel\":\"$c\""
	done
	grep '"channel":"activeAssetCtx"' "$LAB/ws.out" | jq -e '.data |
	    .coin == "BTC" and (.ctx.markPx | type) == "string" and
	    (.ctx.impactPxs | length) == 2' >"$LAB/ok"
	grep '"channel":"trades"' "$LAB/ws.out" | jq -e '.data |
	    type == "array" and all(.side == "A" or .side == "B")' >"$LAB/ok"
	grep '"channel":"post"' "$LAB/ws.out" | jq -e '.data.id == 7 and
	    (.data.response.payload.data | type) == "array"'
	grep '"nSigFigs":null,"mantissa":null,"fast":false' "$LAB/ws.out"
}

# --- REST -------------------------------------------------------------------

@test "candleSnapshot gives the bars that overlap the window, ascending" {
	still_market
	# From the middle of a bar to the middle of another.
	snapshot BTC 15m $((T0 - 3600000 + 60000)) $((T0 - 60000)) >"$LAB/r"
	jq -e "[.[].t] == [$T0 - 3600000, $T0 - 2700000, $T0 - 1800000,
	    $T0 - 900000]" "$LAB/r"
	# Exactly one.
	snapshot BTC 15m $((T0 - 900000)) $((T0 - 1)) | jq -e length==1
	# N steps are N + 1 bars, the open one among them.
	snapshot BTC 15m $((T0 - 9000000)) "$T0" | jq -e length==11
	snapshot BTC 15m $((T0 + 900000)) | jq -e '. == []'
}

@test "the forming bar in REST is what the last frame said" {
	still_market --tail 0
	client ws 1 "$(sub BTC 5m)"
	advance 100000
	sees ws "\"t\":$T0"
	until_true 10 has_all ws
	diff <(frames ws | tail -n 1 | jq -S .) \
	    <(snapshot BTC 5m "$T0" | jq -S .[0])
}

@test "only the newest bars are kept" {
	still_market
	snapshot BTC 1m 0 >"$LAB/r"
	jq -e "length == 4321 and .[-1].t == $T0" "$LAB/r" # three days
	lab_end
	still_market --history 4d
	snapshot BTC 1m 0 | jq -e 'length == 5001'
	snapshot BTC 1m 0 $((T0 - 5000 * 60000 - 1)) | jq -e '. == []'
	lab_end
	still_market --retain 60
	snapshot BTC 1m 0 | jq -e 'length == 61'
	curl -s "$SIM/sim/closed?coin=BTC&interval=1m&keep=1" | wc -l |
	    grep -qx ' *60'
}

@test "wrong requests are refused as the exchange refuses them" {
	still_market
	run snapshot TSLA 1m 0
	[ "$output" = null ]
	code() {
		curl -s -o "$LAB/body" -w '%{http_code}' "$@" "$SIM/info"
	}
	[ "$(code)" = 405 ]
	[ "$(code -d '{"type":"candle')" = 400 ]
	for body in '{}' '{"type":"nope"}' '{"type":"candleSnapshot"}' \
	    '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"6h","startTime":0}}' \
	    '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1m","startTime":-1}}' \
	    '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1m","startTime":"0"}}' \
	    '{"type":"candleSnapshot","coin":"BTC","interval":"1m","startTime":0}'; do
		[ "$(code -d "$body")" = 422 ]
		grep -qx 'Failed to deserialize the JSON body into the target type' "$LAB/body"
	done
}

@test "the lists of coins are as the exchange gives them" {
	lab_sim --speed 0 --start "$T0"
	info '{"type":"meta"}' | jq -e '.universe | map(.name) |
	    index("kPEPE") and (index("@107") | not)'
	info '{"type":"meta"}' |
	    jq -e '.universe[] | select(.name == "FTM").isDelisted'
	info '{"type":"meta","dex":"xyz"}' |
	    jq -e '.universe | map(.name) == ["xyz:NVDA", "xyz:XYZ100"]'
	info '{"type":"perpDexs"}' | jq -e '.[0] == null and .[1].name == "xyz"'
	# HYPE/USDC is found through the tokens, whose index is not the pair's.
	info '{"type":"spotMeta"}' | jq -e '. as $m |
	    ($m.tokens[] | select(.name == "HYPE").index) as $t |
	    $m.universe[] | select(.tokens[0] == $t) |
	    .name == "@107" and .index == 107'
	info '{"type":"allMids"}' | jq -e '.BTC and ."@107" and ."PURR/USDC"'
	info '{"type":"allMids","dex":"xyz"}' |
	    jq -e 'keys == ["xyz:NVDA", "xyz:XYZ100"]'
	info '{"type":"metaAndAssetCtxs"}' | jq -e '
	    (.[0].universe | length) == (.[1] | length) and
	    .[1][-1].midPx == null'
	info '{"type":"exchangeStatus"}' | jq -e ".time == $T0"
	curl -s -D- -o "$LAB/body" -d '{"type":"meta"}' "$SIM/info" |
	    grep -q '^Date: Sun, 22 Nov 2026 14:00:00 GMT'
}

# --- the market -------------------------------------------------------------

@test "bars of every interval lie where they belong and follow without a gap" {
	still_market --history 70d --retain 200000 --coin X,rate=0.01
	for i in 1m:60 3m:180 5m:300 15m:900 30m:1800 1h:3600 2h:7200 \
	    4h:14400 8h:28800 12h:43200 1d:86400 3d:259200 1w:604800 \
	    1M:2592000; do
		curl -s "$SIM/sim/closed?coin=X&interval=${i%:*}" |
		    jq -se "(${i#*:} * 1000) as \$step | length > 1 and
		    all(.[]; .t % \$step == 0 and .T == .t + \$step - 1) and
		    ([.[].t] | [.[1:], .[:-1]] | transpose |
		    all(.[0] - .[1] == \$step))"
	done
}

@test "a longer bar is the exact sum of the shorter ones" {
	still_market --history 2d --coin Q,rate=0.01,quiet=0.4,px=100
	curl -s "$SIM/sim/closed?coin=Q&interval=1m" >"$LAB/minutes"
	jq -se 'any(.[]; .n == 0) and any(.[]; .n > 0)' "$LAB/minutes"
	for i in 3m:180 1h:3600 4h:14400; do
		jq -sc "(${i#*:} * 1000) as \$step |
		    group_by(.t - .t % \$step) | .[] |
		    (.[0].t - .[0].t % \$step) as \$t |
		    select(\$t + \$step <= $T0) |
		    . as \$all | map(select(.n > 0)) as \$x |
		    if \$x == [] then {t: \$t, o: \$all[0].o, c: \$all[0].o,
			h: \$all[0].o, l: \$all[0].o, v: 0, n: 0}
		    else {t: \$t, o: \$x[0].o, c: \$x[-1].c,
			h: (\$x | max_by(.h | tonumber).h),
			l: (\$x | min_by(.l | tonumber).l),
			v: (\$x | map(.v | tonumber * 100 + 0.5 | floor) |
			    add), n: (\$x | map(.n) | add)} end" \
		    "$LAB/minutes" >"$LAB/sums"
		curl -s "$SIM/sim/closed?coin=Q&interval=${i%:*}" |
		    jq -c '{t, o, c, h, l, v: (.v | tonumber * 100 + 0.5 |
		    floor), n}' >"$LAB/bars"
		diff "$LAB/sums" "$LAB/bars"
	done
}

@test "the same seed makes the same market, another seed another" {
	still_market --seed 5
	curl -s "$SIM/sim/closed?coin=BTC&interval=15m" >"$LAB/a"
	lab_end
	still_market --seed 5 --history 10d
	curl -s "$SIM/sim/closed?coin=BTC&interval=15m&from=$((T0 - 2 * 86400000))" >"$LAB/b"
	lab_end
	still_market --seed 6
	curl -s "$SIM/sim/closed?coin=BTC&interval=15m" >"$LAB/c"
	diff <(tail -n 192 "$LAB/a") "$LAB/b"
	run ! cmp -s "$LAB/a" "$LAB/c"
}

@test "numbers are written as the exchange writes them" {
	lab_sim --speed 0 --start "$T0" --coin kPEPE,rate=9 --coin BTC
	# At least one decimal, no zeros at the end, no exponent.
	for c in kPEPE BTC; do
		snapshot $c 1d 0 | jq -e 'all(.[] | .o, .h, .l, .c, .v;
		    test("^[0-9]+[.][0-9]*[1-9]$|^[0-9]+[.]0$"))'
	done
}

@test "a quiet minute has no frame and a flat row" {
	still_market --coin Z,rate=0.05,quiet=0.5
	client ws 1 "$(sub Z)"
	advance 1800000
	sees ws "\"channel\":\"candle\""
	curl -s "$SIM/sim/closed?coin=Z&interval=1m&from=$T0" >"$LAB/closed"
	quiet=$(jq -s 'map(select(.n == 0)) | .[0].t' "$LAB/closed")
	[ "$quiet" != null ]
	jq -se 'all(.[] | select(.n == 0);
	    .o == .h and .o == .l and .o == .c and .v == "0.0")' "$LAB/closed"
	# ... at the close of the bar before.
	jq -se '[.[:-1], .[1:]] | transpose |
	    all(.[1].n > 0 or .[1].o == .[0].c)' "$LAB/closed"
	sees ws "\"t\":$(jq -s 'map(select(.n > 0)) | .[-1].t' "$LAB/closed")"
	run ! grep -q "\"t\":$quiet," "$LAB/ws.out"
}

@test "one bar in seven ends without a frame for its last trade" {
	still_market --tail 0.14
	client ws 1 "$(sub)"
	advance $((400 * 60000))
	curl -s "$SIM/sim/closed?coin=BTC&interval=1m&from=$T0" >"$LAB/closed"
	last=$(tail -n 1 "$LAB/closed" | jq .t)
	sees ws "\"t\":$last"
	frames ws | jq -sc "group_by(.t) | .[] | .[-1] | select(.t <= $last)" >"$LAB/last"
	differ=$(diff <(jq -c '[.t, .v]' "$LAB/last") <(jq -c '[.t, .v]' "$LAB/closed") | grep -c '^<' || true)
	[ "$differ" -gt 30 ]
	[ "$differ" -lt 90 ]
}

@test "frames may come after the bar is over, by --latency" {
	still_market --latency 2000 --tail 0
	client ws 1 "$(sub)"
	advance 60000
	sees ws "\"t\":$T0"
	before=$(sent)
	advance 2000
	[ "$(sent)" -gt "$before" ]
	sees ws "\"n\":$(curl -s "$SIM/sim/closed?coin=BTC&interval=1m&from=$T0" | jq .n)"
}

# --- recordings -------------------------------------------------------------

recording() {
	cat >"$LAB/bars.ndjson" <<'END'
{"t":1733283900000,"T":1733284799999,"s":"ABC","i":"15m","o":"95924.0","c":"95873.0","h":"95972.0","l":"95844.0","v":"34.91365","n":268}
{"t":1733284800000,"T":1733285699999,"s":"ABC","i":"15m","o":"95872.0","c":"95850.0","h":"95971.0","l":"95806.0","v":"26.24752","n":297}
{"t":1733285700000,"T":1733286599999,"s":"ABC","i":"15m","o":"95850.0","c":"95850.0","h":"95850.0","l":"95850.0","v":"0.0","n":0}
{"t":1733286600000,"T":1733287499999,"s":"ABC","i":"15m","o":"95850.0","c":"95850.0","h":"95850.0","l":"95850.0","v":"0.00001","n":1}
{"t":1733287500000,"T":1733288399999,"s":"ABC","i":"15m","o":"95851.0","c":"95844.5","h":"95900.0","l":"95840.0","v":"3495670.8399999999","n":3}
END
}

@test "a recording forms bar by bar and ends at its values" {
	recording
	lab_sim --play "$LAB/bars.ndjson" --speed max --tail 0
	PORT=${SIM##*:}
	client ws 1 "$(sub ABC 15m)"
	curl -sf "$SIM/sim/wait?ended=1" >"$LAB/wait"
	sees ws '"n":3}'
	diff <(frames ws | jq -sc 'group_by(.t) | .[] | .[-1]') \
	    <(jq -c 'select(.n > 0)' "$LAB/bars.ndjson")
	frames ws | jq -se 'group_by(.t) | all(
	    ([.[].n] | . == sort) and ([.[].v | tonumber] | . == sort) and
	    ([.[].o] | unique | length == 1))'
	# A plausible way: extremes only ever widen.
	frames ws | jq -se 'group_by(.t) | all(
	    ([.[].h | tonumber] | . == sort) and
	    ([.[].l | tonumber] | . == (sort | reverse)))'
	snapshot ABC 15m 0 | jq -c '.[]' | jq -cS . | diff - <(jq -cS . "$LAB/bars.ndjson")
	# What was not recorded is summed up from what was.
	snapshot ABC 1h 0 | jq -e '.[0] | .t == 1733281200000 and .n == 268'
	snapshot ABC 1m 0 | jq -e '. == []'
}

@test "of several states of a recorded bar the last one counts, and a lost n is made up" {
	cat >"$LAB/bars.ndjson" <<'END'
{"t":1767184560000,"T":1767184619999,"s":"BTC","i":"1m","o":"88900.0","c":"88898.0","h":"88901.0","l":"88898.0","v":"0.00209","n":12}
{"t":1767184560000,"T":1767184619999,"s":"BTC","i":"1m","o":"88900.0","c":"88900.0","h":"88901.0","l":"88900.0","v":"0.00196","n":11}
{"t":1767184620000,"T":1767184679999,"s":"BTC","i":"1m","o":"88900.0","c":"88901.0","h":"88901.0","l":"88900.0","v":"1.5","n":null}
END
	lab_sim --play "$LAB/bars.ndjson" --speed 0 --backlog 10m
	snapshot BTC 1m 0 | jq -e 'length == 2 and .[0].n == 12 and
	    .[1].n > 0 and .[1].v == "1.5"'
}

@test "several recordings are one market, on the finest scale of each coin" {
	recording
	cat >"$LAB/more.ndjson" <<'END'
{"t":1733283900000,"T":1733283959999,"s":"ABC","i":"1m","o":"95924.25","c":"95925.0","h":"95926.0","l":"95924.25","v":"1.0","n":3}
{"t":1733283900000,"T":1733283959999,"s":"XYZ","i":"1m","o":"1.0","c":"1.0","h":"1.0","l":"1.0","v":"7.0","n":2}
END
	lab_sim --play "$LAB/bars.ndjson" --play "$LAB/more.ndjson" --speed 0 --backlog 1d
	snapshot ABC 1m 0 | jq -e '.[0].o == "95924.25" and .[0].c == "95925.0"'
	snapshot ABC 15m 0 | jq -e 'length == 5 and .[0].v == "34.91365"'
	snapshot ABC 5m 0 | jq -e '.[0].n == 3'
	snapshot XYZ 1m 0 | jq -e '.[0].v == "7.0"'
}

@test "--align moves a recording to now, by whole bars" {
	recording
	lab_sim --play "$LAB/bars.ndjson" --align --backlog 45m
	now=$(date +%s)000
	snapshot ABC 15m 0 >"$LAB/r"
	# The first three are over, the fourth is forming or due.
	jq -e "length >= 3 and length <= 4 and .[0].t % 900000 == 0 and
	    .[2].t < $now and .[2].t > $now - 2 * 900000 and
	    .[0].v == \"34.91365\"" "$LAB/r"
	info '{"type":"exchangeStatus"}' | jq -e "(.time - $now) | . > -2000 and . < 5000"
}

@test "the bars of a real recording come back as they were" {
	[ -n "${PULSE_REAL_DATA:-}" ] || skip "PULSE_REAL_DATA is not set"
	for f in "$PULSE_REAL_DATA"/data/candles/*{15m,kPEPE}*.ndjson; do
		lab_sim --play "$f" --speed max --tail 0 --retain 10000
		PORT=${SIM##*:}
		IFS=, read -r coin interval < <(head -n 1 "$f" | jq -r '"\(.s),\(.i)"')
		client ws 1 "$(sub "$coin" "$interval")"
		curl -sf "$SIM/sim/wait?ended=1" >"$LAB/wait"
		sees ws "\"t\":$(tail -n 1 "$f" | jq .t)"
		snapshot "$coin" "$interval" 0 | jq -c '.[]' | jq -cS . | diff - <(jq -cS . "$f")
		until_true 10 bash -c "tail -n 1 $LAB/ws.out | grep -q '\"n\":$(tail -n 1 "$f" | jq .n)}'"
		diff <(frames ws | jq -sc 'group_by(.t) | .[] | .[-1]') <(jq -c . "$f")
		lab_end
	done
}

# --- the clock --------------------------------------------------------------

@test "a fast clock runs so many times as fast, and a manual one when told" {
	lab_sim --speed 1000 --start "$T0"
	a=$(curl -s "$SIM/sim/clock" | jq '[.time, .mono_us]')
	curl -s "$SIM/sim/wait?time=$((T0 + 500000))" | jq -e ".time >= $T0 + 500000"
	b=$(curl -s "$SIM/sim/clock" | jq '[.time, .mono_us]')
	jq -ne "(${b}[0] - ${a}[0]) - (${b}[1] - ${a}[1]) | fabs < 5"
	lab_end
	still_market
	advance 1234
	curl -s "$SIM/sim/clock" | jq -e ".time == $T0 + 1234"
}

@test "the clock stands until --hold series are subscribed" {
	# (The idle close is on this clock, too.)
	lab_sim --speed 1000 --start "$T0" --hold 2 --coin BTC --coin ETH \
	    --idle 1d
	PORT=${SIM##*:}
	client a 1 "$(sub)"
	curl -s "$SIM/sim/clock" | jq -e ".time == $T0 and .held"
	client b 2 "$(sub ETH)"
	curl -sf "$SIM/sim/wait?time=$((T0 + 1000))" | jq -e .time
}

@test "the clock can be stopped, run on and change its speed" {
	lab_sim --speed 100 --start "$T0"
	curl -sf -X POST "$SIM/sim/hold" | jq -e .held
	a=$(curl -s "$SIM/sim/clock" | jq .time)
	[ "$(curl -s "$SIM/sim/clock" | jq .time)" -eq "$a" ]
	curl -sf -X POST "$SIM/sim/speed?x=10000" | jq -e '.speed == 10000'
	curl -sf -X POST "$SIM/sim/run" >"$LAB/run"
	curl -sf "$SIM/sim/wait?time=$((a + 1000000))&timeout=5" | jq -e .time
	run -22 curl -sf -X POST "$SIM/sim/advance?ms=1"
}

@test "a wait that is not fulfilled ends with 408" {
	still_market
	run -22 curl -sf "$SIM/sim/wait?frames=1&timeout=0"
}

# --- faults on the connection -----------------------------------------------

@test "drop ends the connection: by FIN, by RST, in the middle of a frame" {
	still_market
	for how in fin rst mid; do
		client "$how" 1 "$(sub)"
		fault kind=drop,how=$how
		sees "$how" '^#end'
		run ! grep -q '#close' "$LAB/$how.out"
	done
	[ "$(curl -s "$SIM/sim/stats" | jq .drops)" -eq 3 ]
}

@test "close says 1000 Expired, or what it is told" {
	still_market
	client a 1 "$(sub)"
	fault kind=close
	sees a '^#close 1000 Expired$'
	client b 1 "$(sub)"
	fault 'kind=close,code=1012,text=see, again'
	sees b '^#close 1012 see, again$'
}

@test "a fault waits for its time, or for a counter" {
	still_market --fault kind=close,at=90s
	client a 1 "$(sub)"
	advance 89999
	sees a '"t":'
	run ! grep -q '#close' "$LAB/a.out"
	advance 1
	sees a '#close 1000 Expired'
	fault kind=drop,after=frames:7
	client b 1 "$(sub)"
	advance 60000
	sees b '#end'
	[ "$(frames b | wc -l)" -eq 7 ]
}

@test "a scenario is a file of faults, a wrong one is refused by its line" {
	printf '# two\nkind=close,at=1s\n\nkind=error,at=500ms,text=hi\n' >"$LAB/s"
	still_market --scenario "$LAB/s"
	client a 1 "$(sub)"
	advance 1000
	sees a '#close'
	grep -q '{"channel":"error","data":"hi"}' "$LAB/a.out"
	echo kind=nonsense >"$LAB/s"
	run -2 hl-sim --scenario "$LAB/s"
	[[ $output == *":1: there is no fault \"nonsense\""* ]]
}

@test "a stall keeps frames and pongs back; how=lose loses them" {
	still_market
	client ws 1 "$(sub)"
	fault kind=stall,for=10s
	echo '{"method":"ping"}' >"$LAB/ping"
	advance 9999
	[ "$(frames ws | wc -l)" -eq 0 ]
	advance 1
	sees ws '"channel":"candle"'
	until_true 10 has_all ws
	kept=$(frames ws | wc -l)
	[ "$kept" -gt 3 ]
	fault kind=stall,for=10s,how=lose
	advance 10000
	advance 10000
	sees ws '"channel":"candle"'
	until_true 5 bash -c "test \$(grep -c candle\\\",\\\"data $LAB/ws.out) -gt $kept"
	[ "$(curl -s "$SIM/sim/stats" | jq .frames)" -gt "$(frames ws | wc -l)" ]
}

@test "a half-open connection stays open and says nothing, new ones work" {
	still_market
	client a 1 "$(sub)"
	fault kind=halfopen
	client b 2 "$(sub)"
	advance 60000
	sees b '"channel":"candle"'
	[ "$(frames a | wc -l)" -eq 0 ]
	run ! grep -q '#end' "$LAB/a.out"
}

@test "handshakes are refused, connections accepted and dropped" {
	still_market
	fault kind=refuse,n=1,code=503
	run -0 wscat "$PORT" </dev/null
	[ "$output" = '#status 503' ]
	fault kind=acceptdrop,n=2
	run -0 wscat "$PORT" </dev/null
	[ "$output" = '#end' ]
	run -0 wscat "$PORT" </dev/null
	[ "$output" = '#end' ]
	run -0 wscat -n 1 "$PORT" "$(sub)" </dev/null
	[[ $output == *subscriptionResponse* ]]
	fault kind=acceptdrop,n=1,how=tcp
	# Gone before its request was read: an end or a reset.
	run curl -s "$SIM/info"
	[ "$status" -eq 52 ] || [ "$status" -eq 56 ]
}

@test "messages come in fragments, with a ping in between" {
	still_market
	fault kind=fragment,size=10
	run -0 wscat -c -n 1 "$PORT" "$(sub)" </dev/null
	[[ ${lines[0]} == '#fragments 1'* ]]
	jq -e .channel <<<"${lines[1]}"
	curl -sf -X POST "$SIM/sim/clear" >"$LAB/clear"
	fault kind=fragment,how=ping
	run -0 wscat -c -n 1 "$PORT" "$(sub)" </dev/null
	[ "${lines[0]}" = '#ping' ]
	[ "${lines[1]}" = '#fragments 2' ]
	jq -e .channel <<<"${lines[2]}"
}

@test "a frame of 200 KB is a whole JSON text" {
	still_market
	client ws 1 "$(sub)"
	fault kind=big,size=200000
	sees ws allDexsAssetCtxs
	grep allDexs "$LAB/ws.out" | tr -d '\n' | wc -c | grep -qx ' *200000'
	grep allDexs "$LAB/ws.out" | jq -e '.data.ctxs | length == 1'
}

@test "garbage comes in kinds" {
	still_market
	client ws 1 "$(sub)"
	fault kind=garbage
	sees ws 'not JSON at all'
	fault kind=garbage,how=json
	sees ws '"t":17$'
	fault kind=garbage,how=types
	sees ws '"t":"soon"'
	fault kind=garbage,how=binary
	sees ws '#binary 4'
	fault kind=wsping
	sees ws '#ping'
	fault "kind=error,text=Cannot send more than 2000 messages per minute."
	sees ws '{"channel":"error","data":"Cannot send more than 2000 messages per minute."}'
}

# --- faults on subscriptions and frames -------------------------------------

@test "an ack is lost though the subscription is taken, or with it" {
	still_market
	fault kind=acklost,n=1
	run -0 wscat -n 1 "$PORT" "$(sub)" "$(sub)" </dev/null
	[[ $output == *'Already subscribed: '* ]]
	fault kind=acklost,n=1,how=not
	run -0 wscat -n 1 "$PORT" "$(sub)" "$(sub)" </dev/null
	[[ $output == *subscriptionResponse* ]]
}

@test "acks are delayed and reordered" {
	still_market
	fault kind=ackreorder,size=3
	run -0 wscat -n 3 "$PORT" "$(sub BTC 1m)" "$(sub BTC 3m)" "$(sub BTC 5m)" </dev/null
	[ "$(jq -r .data.subscription.interval <<<"$output" | xargs)" = '5m 3m 1m' ]
	curl -sf -X POST "$SIM/sim/clear" >"$LAB/clear"
	fault kind=ackdelay,ms=200
	run -0 wscat -n 2 "$PORT" "$(sub)" '{"method":"ping"}' </dev/null
	[ "$(jq -r .channel <<<"$output" | xargs)" = 'pong subscriptionResponse' ]
}

@test "one subscription is dead while the others live, until it is made anew" {
	still_market --coin ETH,rate=1
	mkfifo "$LAB/in"
	wscat -t 60 "$PORT" <"$LAB/in" >"$LAB/ws.out" 3>&- &
	echo $! >>"$LAB/pids"
	exec 7>"$LAB/in"
	{ sub; echo; sub ETH; echo; } >&7
	curl -sf "$SIM/sim/wait?subs=2" >"$LAB/wait"
	fault kind=dead,coin=BTC
	advance 60000
	sees ws '"s":"ETH"'
	run ! grep -q '"s":"BTC"' "$LAB/ws.out"
	curl -s "$SIM/sim/series" | jq -se 'map(select(.dead).s) == ["BTC"]'
	{ sub | sed s/subscribe/unsubscribe/; echo; sub; echo; } >&7
	curl -sf "$SIM/sim/wait?subscribes=3" >"$LAB/wait"
	advance 60000
	sees ws '"s":"BTC"'
	# how=conn: only another connection helps.
	fault kind=dead,coin=ETH,how=conn
	{ sub ETH | sed s/subscribe/unsubscribe/; echo; sub ETH; echo; } >&7
	curl -sf "$SIM/sim/wait?subscribes=4" >"$LAB/wait"
	n=$(grep -c '"s":"ETH"' "$LAB/ws.out")
	client b 3 "$(sub ETH)"
	advance 60000
	sees b '"s":"ETH"'
	[ "$(grep -c '"s":"ETH"' "$LAB/ws.out")" -eq "$n" ]
	exec 7>&-
}

@test "pings go unanswered, and the old greeting comes first" {
	still_market --greet
	fault kind=nopong,n=1
	run -0 wscat -n 2 "$PORT" '{"method":"ping"}' '{"method":"ping"}' </dev/null
	[ "${lines[0]}" = 'Websocket connection established.' ]
	[ "${lines[1]}" = '{"channel":"pong"}' ]
	[ "$(curl -s "$SIM/sim/stats" | jq .pings)" -eq 2 ]
}

@test "frames are lost, come twice, come late, come again" {
	lab_sim --speed 0 --start "$T0" --tail 0 --coin PLAIN --coin LOST \
	    --coin TWICE --coin LATE --coin AGAIN
	PORT=${SIM##*:}
	fault kind=lose,coin=LOST,p=0.5
	fault kind=duplicate,coin=TWICE
	fault kind=reorder,coin=LATE,p=0.3
	fault kind=stale,coin=AGAIN,p=0.2
	client ws 5 "$(sub PLAIN)" "$(sub LOST)" "$(sub TWICE)" \
	    "$(sub LATE)" "$(sub AGAIN)"
	advance 180000
	until_true 10 has_all ws
	frames ws | jq -sc 'group_by(.s) | map({key: .[0].s, value:
	    map([.t, .n])}) | from_entries' >"$LAB/seen"
	jq -e '.PLAIN == (.PLAIN | sort | unique)' "$LAB/seen"
	jq -e '(.LOST | length) < (.PLAIN | length) * 0.8' "$LAB/seen"
	jq -e '.TWICE | . as $all | length % 2 == 0 and
	    ([range(0; length; 2) | $all[.] == $all[. + 1]] | all)' "$LAB/seen"
	jq -e '.LATE != (.LATE | sort)' "$LAB/seen"
	jq -e '(.LATE | length) == (.LATE | unique | length)' "$LAB/seen"
	# What comes again is of the bar before.
	jq -e '.AGAIN | [.[:-1], .[1:]] | transpose |
	    any(.[1][0] == .[0][0] - 60000)' "$LAB/seen"
}

@test "a lost state makes bars smaller: for ever, or in the stream alone" {
	still_market --tail 0
	client ws 2 "$(sub)" "$(sub BTC 1h)"
	advance 1830000
	fault kind=regress
	advance 60000
	# The minute in which it fell: the open stays, the count starts anew.
	t=$((T0 + 1800000))
	frames ws | jq -se "map(select(.i == \"1m\" and .t == $t)) |
	    ([.[].o] | unique | length == 1) and
	    any([.[:-1], .[1:]] | transpose | .[]; .[1].n < .[0].n)"
	hour=$(snapshot BTC 1h "$T0" | jq .[0].n)
	lab_end
	still_market --tail 0
	advance 1830000
	fault kind=regress,how=ws
	advance 60000
	[ "$(snapshot BTC 1h "$T0" | jq .[0].n)" -gt $((hour * 5)) ]
}

@test "a restart drops everybody and regresses" {
	still_market
	client a 1 "$(sub BTC 1h)"
	advance 1800000
	before=$(snapshot BTC 1h "$T0" | jq .[0].n)
	fault kind=restart
	sees a '#end'
	advance 60000
	[ "$(snapshot BTC 1h "$T0" | jq .[0].n)" -lt "$before" ]
}

# --- faults of REST ---------------------------------------------------------

@test "REST answers 429 null, 500 null, a CDN's page" {
	still_market
	code() {
		curl -s -o "$LAB/body" -w '%{http_code} %{content_type}' \
		    -d '{"type":"meta"}' "$SIM/info"
	}
	fault kind=status,n=2
	[ "$(code)" = '429 application/json' ]
	[ "$(cat "$LAB/body")" = null ]
	[ "$(code)" = '429 application/json' ]
	[ "$(code)" = '200 application/json' ]
	fault kind=status,code=500,n=1
	[ "$(code)" = '500 application/json' ]
	[ "$(cat "$LAB/body")" = null ]
	fault kind=status,code=502,how=html,for=60s
	[ "$(code)" = '502 text/html' ]
	grep -q '<HTML>' "$LAB/body"
	advance 60000
	[ "$(code)" = '200 application/json' ]
	# Only for one type of request.
	fault kind=status,type=candleSnapshot,code=500
	[ "$(code)" = '200 application/json' ]
	run snapshot BTC 1m 0
	[ "$output" = null ]
}

@test "REST is slow, hangs, resets, stops half-way, chunks" {
	still_market
	fault kind=slow,ms=300,n=1
	t=$(curl -s -o "$LAB/body" -w '%{time_total}' -d '{"type":"meta"}' "$SIM/info")
	jq -ne "$t > 0.3"
	fault kind=hang,n=1
	run -28 curl -s -m 0.3 -d '{"type":"meta"}' "$SIM/info"
	fault kind=reset,n=1
	run -56 curl -s -d '{"type":"meta"}' "$SIM/info"
	fault kind=truncate,n=1
	run -18 curl -s -d '{"type":"meta"}' "$SIM/info"
	fault kind=chunked,n=1
	curl -s -D "$LAB/head" -d '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"1h","startTime":0}}' "$SIM/info" | jq -e 'length == 73'
	grep -qi 'transfer-encoding: chunked' "$LAB/head"
	fault kind=closeidle,n=1
	run -0 curl -s -o "$LAB/a" -d '{"type":"meta"}' "$SIM/info" --next \
	    -s -o "$LAB/b" -w '%{num_connects}' -d '{"type":"meta"}' "$SIM/info"
	[ "$output" = 1 ]
}

@test "flat rows come up late, and the newest rows may be missing" {
	still_market --coin Z,rate=0.02,quiet=0.6
	advance 3600000
	rows() {
		snapshot Z 1m $((T0 + 3600000 - 120000)) $((T0 + 3600000 - 1)) |
		    jq length
	}
	[ "$(rows)" -eq 2 ]
	fault kind=late,ms=600000
	# Each flat bar has its own time: among twenty some are there.
	n=$(snapshot Z 1m $((T0 + 2400000)) $((T0 + 3599999)) | jq length)
	[ "$n" -lt 20 ]
	snapshot Z 1m $((T0 + 2400000)) $((T0 + 3599999)) >"$LAB/some"
	all=$(curl -s "$SIM/sim/closed?coin=Z&interval=1m&from=$((T0 + 2400000))")
	[ "$(jq -s 'map(select(.n > 0)) | length' <<<"$all")" -eq \
	    "$(jq 'map(select(.n > 0)) | length' "$LAB/some")" ]
	advance 600000
	[ "$(snapshot Z 1m $((T0 + 2400000)) $((T0 + 3599999)) | jq length)" -eq 20 ]
	curl -sf -X POST "$SIM/sim/clear" >"$LAB/clear"
	fault kind=hole,size=2,n=1
	snapshot Z 1m $((T0 + 3600000)) | jq -e 'length == 9'
	snapshot Z 1m $((T0 + 3600000)) | jq -e 'length == 11'
	fault kind=nullcoin,coin=Z,n=1
	run snapshot Z 1m 0
	[ "$output" = null ]
	fault kind=unlisted,coin=Z
	run snapshot Z 1m 0
	[ "$output" = null ]
	run ! grep -q '"Z"' <<<"$(info '{"type":"meta"}')"
	curl -sf -X POST "$SIM/sim/clear" >"$LAB/clear"
	info '{"type":"meta"}' | grep -q '"Z"'
	fault kind=lag,ms=120000,n=1
	snapshot Z 1m $((T0 + 3600000)) | jq -e 'length == 9'
}

@test "the clock is off by the skew" {
	still_market
	fault kind=skew,ms=-120000
	info '{"type":"exchangeStatus"}' | jq -e ".time == $T0 - 120000"
	curl -s -D- -o "$LAB/body" -d '{"type":"meta"}' "$SIM/info" |
	    grep -q '^Date: Sun, 22 Nov 2026 13:58:00 GMT'
}

@test "an outage drops and refuses all, trading goes on" {
	still_market
	client a 1 "$(sub)"
	fault kind=outage,for=4h
	sees a '#end'
	run -56 curl -s -d '{"type":"meta"}' "$SIM/info"
	run -0 wscat "$PORT" </dev/null
	[ "$output" = '#end' ]
	advance $((4 * 3600000))
	snapshot BTC 1h "$T0" $((T0 + 4 * 3600000 - 1)) |
	    jq -e 'length == 4 and all(.n > 0)'
	fault kind=outage,for=1h,how=html
	run curl -s -o "$LAB/body" -w '%{http_code}' -d '{"type":"meta"}' "$SIM/info"
	[ "$output" = 502 ]
	run -0 wscat "$PORT" </dev/null
	[ "$output" = '#status 502' ]
}

@test "nothing trades in a halt" {
	still_market
	fault kind=halt,for=10m
	advance 600000
	snapshot BTC 1m "$T0" $((T0 + 599999)) |
	    jq -e 'length == 10 and all(.n == 0)'
	advance 60000
	snapshot BTC 1m $((T0 + 600000)) | jq -e '.[0].n > 0'
}

# --- limits -----------------------------------------------------------------

@test "weights are counted, and enforced with --limits" {
	still_market
	snapshot BTC 1m $((T0 - 59 * 60000)) >"$LAB/r" # 60 rows: 20 + 1
	info '{"type":"allMids"}' >"$LAB/r"
	curl -s "$SIM/sim/stats" | jq -e '.weight == 23 and .weight_minute == 23'
	lab_end
	still_market --limits
	for _ in $(seq 60); do
		info '{"type":"meta"}' >"$LAB/r"
	done
	run info '{"type":"meta"}'
	[ "$output" = null ]
	curl -s "$SIM/sim/stats" | jq -e '.weight_minute == 1200 and .status_4xx == 1'
}

@test "connections and channels are limited with --limits" {
	still_market --limits --coins 1001
	for i in $(seq 1001); do
		sub "T$(printf %04d "$i")"
		echo
	done >"$LAB/subs"
	run -0 wscat -n 1001 "$PORT" <"$LAB/subs"
	[ "$(grep -c subscriptionResponse <<<"$output")" -eq 1000 ]
	[[ ${lines[1000]} == *'Cannot subscribe to more than 1000 channels.'* ]]
	for i in 1 2 3 4 5 6 7 8 9 10; do
		lab_run "ws$i" wscat -t 30 "$PORT"
	done
	curl -sf "$SIM/sim/wait?ws_open=10" >"$LAB/wait"
	run -0 wscat "$PORT" </dev/null
	[ "$output" = '#status 429' ]
}

# --- the exchange's own client ----------------------------------------------

@test "the JavaScript client of the exchange works with it" {
	modules=${PULSE_NODE_MODULES:-$BATS_TEST_DIRNAME/../../build/npm/test/node_modules}
	[ -d "$modules/@nktkas/hyperliquid" ] && [ -d "$modules/ws" ] ||
	    skip "no node_modules with @nktkas/hyperliquid and ws"
	command -v node >/dev/null || skip "node is not installed"
	[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
	    skip "that client needs node 20"
	lab_sim
	cp "$BATS_TEST_DIRNAME/../sdk/hyperliquid.mjs" "$LAB"
	ln -s "$(cd "$modules" && pwd)" "$LAB/node_modules"
	run -0 timeout 40 node "$LAB/hyperliquid.mjs" "${SIM##*:}"
	[ "$(grep -c '^ok' <<<"$output")" -eq 20 ]
}

# --- the program ------------------------------------------------------------

@test "--help names every kind of fault, wrong usage exits 2" {
	run -0 hl-sim --help
	sed -n 's/.*\[FAULT_[A-Z]*\] = {"\([a-z]*\)".*/\1/p' \
	    "$BATS_TEST_DIRNAME/../sim/fault.c" >"$LAB/kinds"
	[ "$(wc -l <"$LAB/kinds")" -gt 30 ]
	while read -r k; do
		grep -q "^  $k " <<<"$output"
	done <"$LAB/kinds"
	run -2 hl-sim --nonsense
	run -2 hl-sim --speed fast
	run -2 hl-sim --coin 'BTC,colour=red'
	run -2 hl-sim --play "$LAB/missing.ndjson"
	run -2 hl-sim --fault kind=outage
}

@test "a value out of range is named with its option and the range" {
	local option value words

	while read -r option value words; do
		run -2 hl-sim "$option" "$value"
		[ "$output" = "hl-sim: $words" ]
	done <<-'END'
		--rate 101 --rate: "101" is not between 0 and 100
		--retain 0 --retain: 0 is out of range (1 to 10000000)
		--start soon --start: "soon" is not a time
		--coin BTC,rate=1000 --coin: coin BTC: rate: "1000" is not between 0 and 100
		--coin BTC,sz=9 --coin: coin BTC: sz: "9" is not between 0 and 8
		--coin BTC,px= --coin: coin BTC: px: "" is not between 1e-07 and 1e+09
		--coin BTC,colour=red --coin: coin BTC: "colour=red" is no property of a coin (px=, rate=, quiet=, vol=, sz=, delisted)
		--fault kind=drop,at=500d --fault: at: 500d is out of range (0 ms to 34560000000 ms)
	END
}

@test "it speaks TLS, listens on loopback addresses alone, logs its frames" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout "$LAB/key" -out "$LAB/cert" -days 2 \
	    -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>"$LAB/openssl"
	lab_sim --tls-cert "$LAB/cert" --tls-key "$LAB/key"
	run -0 curl -s --cacert "$LAB/cert" -d '{"type":"allMids"}' "https${SIM#http}/info"
	jq -e .BTC <<<"$output"
	lab_end
	still_market --frames-log "$LAB/frames" --listen 127.0.0.1
	client ws 1 "$(sub)"
	advance 60000
	curl -sf "$SIM/sim/stats" >"$LAB/stats"
	logged() { [ "$(wc -l <"$LAB/frames")" -eq "$(jq .frames "$LAB/stats")" ]; }
	until_true 10 logged
	jq -se 'all(.[]; .s == "BTC" and .i == "1m" and .n > 0 and .us > 1e15)' "$LAB/frames"
	run -2 hl-sim --listen 0.0.0.0
	run -2 sink --listen 192.168.0.1
	run -2 hl-sim --tls-key "$LAB/key"
}

@test "a thousand series at five updates a second are no trouble" {
	lab_sim --coins 1000 --rate 5 --hold 1000
	PORT=${SIM##*:}
	for i in $(seq 1000); do
		sub "T$(printf %04d "$i")"
		echo
	done >"$LAB/subs"
	wscat -t 60 "$PORT" <"$LAB/subs" >"$LAB/ws.out" 3>&- &
	echo $! >>"$LAB/pids"
	curl -sf "$SIM/sim/wait?subs=1000&timeout=30" >"$LAB/wait"
	cpu() { awk '{ print $14 + $15 }' "/proc/$SIM_PID/stat"; }
	a=$(cpu)
	curl -sf "$SIM/sim/wait?frames=10000&timeout=30" >"$LAB/wait"
	b=$(cpu)
	echo "# $(((b - a) * 10)) ms of processor time for 10000 frames" >&3
	everyone() { [ "$(frames ws | jq -r .s | sort -u | wc -l)" -eq 1000 ]; }
	until_true 20 everyone
}

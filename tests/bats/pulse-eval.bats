# pulse-eval: candles in, alerts out. What is said of it: nothing is printed
# that is not stored, nothing fires twice, bad lines are named and skipped, and
# the same input gives the same alerts, whatever happens in between.

# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031,SC2016

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
	cd "$LAB" || return 1
	MARKET=$BATS_TEST_DIRNAME/../market.awk
	six_rules >rules.json
	exec 7>/dev/null
}

teardown() {
	exec 7>&-
	lab_end
}

# One rule of each type, as an array.
six_rules() {
	cat <<-'END'
	[{"id":"00000000-0000-4000-8000-000000000001","name":"above","symbol":"BTC","interval":"15m","rule_type":"price_threshold","config":{"threshold":"52000","operator":">="},"cooldown_seconds":7200},
	 {"id":"00000000-0000-4000-8000-000000000002","name":"move","symbol":"BTC","interval":"15m","rule_type":"percent_move","config":{"percent_threshold":1.5,"window_seconds":3600}},
	 {"id":"00000000-0000-4000-8000-000000000003","name":"close","symbol":"*","interval":"15m","rule_type":"candle_close","config":{"value":"50000","operator":"cross"}},
	 {"id":"00000000-0000-4000-8000-000000000004","name":"macd","symbol":"BTC","interval":"15m","rule_type":"macd_cross","config":{"fast_period":12,"slow_period":26,"signal_period":9,"crossover_type":"bullish"}},
	 {"id":"00000000-0000-4000-8000-000000000005","name":"rsi","symbol":"BTC","interval":"15m","rule_type":"rsi","config":{"direction":"overbought"}},
	 {"id":"00000000-0000-4000-8000-000000000006","name":"bands","symbol":"BTC","interval":"15m","rule_type":"bollinger_bands","config":{"band":"upper","event":"break"}}]
	END
}

# n closed bars of an invented market, with x.
bars() { # N [AWK OPTION...]
	local n=$1
	shift
	awk -f "$MARKET" -v "n=$n" "$@" | sed 's/}$/,"x":true}/'
}

# A bar of BTC 1m: minute K, prices, then members to add.
bar() { # K O H L C [MEMBERS]
	local t=$((1788936600000 + $1 * 60000))
	printf '{"t":%s,"T":%s,"s":"BTC","i":"1m","o":"%s","c":"%s","h":"%s","l":"%s","v":"1","n":1%s}\n' \
	    "$t" $((t + 59999)) "$2" "$5" "$3" "$4" "${6:-}"
}

rule() { # TYPE CONFIG [MEMBERS]
	printf '{"name":"r","symbol":"BTC","interval":"1m","rule_type":"%s","config":%s%s}\n' \
	    "$1" "$2" "${3:-}"
}

add_rules() {
	pulse-ctl rule import rules.json >/dev/null
}

# Ids of the alerts in the store.
stored() {
	pulse-ctl alert list --json --limit 100000 2>/dev/null | jq -r .id | sort
}

# ---- a filter -------------------------------------------------------------------

@test "-r judges all six rule types and touches no store" {
	bars 1200 | pulse-eval -r rules.json >out
	run -0 jq -r .rule_type out
	[ "$(sort -u <<<"$output" | wc -l)" -eq 6 ]
	[ ! -e "$PULSE_DB" ]
}

@test "the same input gives the same bytes, with rules in any order and form" {
	bars 1200 >in
	pulse-eval -r rules.json <in >a
	jq -c '.[]' rules.json >rules.ndjson
	pulse-eval -r rules.ndjson <in >b
	jq 'reverse' rules.json >back.json
	pulse-eval -r back.json <in >c
	[ -s a ]
	cmp a b
	cmp a c
}

@test "rows without x, as REST gives them, bring the same alerts as with x" {
	awk -f "$MARKET" -v n=1200 | pulse-eval -r rules.json >a
	bars 1200 | pulse-eval -r rules.json >b
	[ -s a ]
	cmp a b
}

@test "an alert's id is the UUIDv5 that anyone can recompute" {
	bars 600 | pulse-eval -r rules.json | head -n 1 >out
	command -v python3 >/dev/null || skip "no python3"
	run -0 python3 - <<-'END'
	import json, uuid, datetime
	a = json.load(open("out"))
	ms = lambda t: int(datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp() * 1000)
	name = "|".join([a["symbol"], a["interval"], str(ms(a["window_start"])), str(ms(a["window_end"])), a["state"]])
	print(a["id"] == str(uuid.uuid5(uuid.UUID(a["rule_id"]), name)))
	END
	[ "$output" = True ]
}

@test "a bad rule in the file is named with its line and member, and nothing runs" {
	printf '%s\n{"name":"x","symbol":"BTC","rule_type":"rsi","config":{"period":0,"direction":"up"}}\n' \
	    "$(rule candle_close '{"value":1,"operator":">"}')" >bad.json
	run -1 --separate-stderr pulse-eval -r bad.json </dev/null
	[ -z "$output" ]
	[[ $stderr == *"line 2: config.period"* ]]
	[[ $stderr == *"config.direction"* ]]
	run -1 --separate-stderr pulse-eval -r absent.json </dev/null
	[[ $stderr == *"absent.json"* ]]
	# Not at fault, but hardly meant.
	echo '[]' >none.json
	run -0 pulse-eval -r none.json </dev/null
	[[ $output == *"none.json: there are no rules in it"* ]]
	jq '.[:2][].id = "00000000-0000-4000-8000-000000000001"' rules.json >twice.json
	run -0 pulse-eval -r twice.json </dev/null
	[ "$output" = "pulse-eval: rule '$(jq -r '.[1].name' rules.json)': another rule of the file has the same id; this one counts" ]
}

# ---- ticks and levels -----------------------------------------------------------

@test "a level fires once a window and again after its cooldown, on event time" {
	rule price_threshold '{"threshold":100,"operator":">="}' \
	    ',"cooldown_seconds":150' >r.json
	{
		bar 0 99 99 99 99 ',"x":false,"E":1788936601000'
		bar 0 99 101 99 101 ',"x":false,"E":1788936602000'
		bar 0 99 102 99 102 ',"x":false,"E":1788936603000'
		bar 1 102 103 99 99 ',"x":false,"E":1788936661000'
		bar 2 102 103 99 103 ',"x":false,"E":1788936751999'
		bar 2 102 103 99 103 ',"x":false,"E":1788936752000'
		bar 2 102 104 99 104 ',"x":false,"E":1788936759000'
	} | pulse-eval -r r.json >out
	run -0 jq -r .triggered_at out
	[ "$output" = "$(printf '%s\n' 2026-09-09T06:50:02.000Z 2026-09-09T06:52:32.000Z)" ]
}

@test "a clock that was ahead for a while does not silence a rule" {
	rule price_threshold '{"threshold":100,"operator":">="}' \
	    ',"cooldown_seconds":150' >r.json
	{
		# Two hours ahead, then set right: the cooldown counts by bars.
		bar 0 99 101 99 101 ',"x":false,"E":1788943801000'
		bar 0 99 101 99 101 ',"x":true,"E":1788943860000'
		bar 1 101 101 101 101 ',"x":false,"E":1788943900000'
		bar 2 101 101 101 101 ',"x":false,"E":1788936721000'
		bar 2 101 101 101 101 ',"x":true,"E":1788936780000'
		bar 3 101 101 101 101 ',"x":false,"E":1788936781000'
		bar 3 101 102 101 102 ',"x":false,"E":1788936782000'
		bar 4 101 101 101 101 ',"x":false,"E":1788936841000'
	} >in
	pulse-eval -r r.json <in >out
	run -0 jq -r .triggered_at out
	[ "$output" = "$(printf '%s\n' 2026-09-09T08:50:01.000Z 2026-09-09T06:53:01.000Z)" ]
	pulse-eval -r r.json --explain <in | jq -r 'select(.outcome=="fired").time' |
	    diff - <(jq -r .triggered_at out)
}

@test "a crossing is seen between two updates, and once" {
	rule price_threshold '{"threshold":100,"operator":"cross_up"}' >r.json
	{
		bar 0 99 99 99 99 ',"x":false,"E":1788936601000'
		bar 0 99 101 99 101 ',"x":false,"E":1788936602000'
		bar 0 99 102 99 102 ',"x":false,"E":1788936603000'
		bar 1 102 103 101 101 ',"x":false,"E":1788936661000'
		bar 2 101 103 99 99 ',"x":false,"E":1788936721000'
		bar 2 101 103 99 102 ',"x":false,"E":1788936722000'
	} | pulse-eval -r r.json >out
	run -0 jq -r .triggered_at out
	[ "$output" = "$(printf '%s\n' 2026-09-09T06:50:02.000Z 2026-09-09T06:52:02.000Z)" ]
}

@test "a bar that nobody watched is judged by its high and low, a watched one is not" {
	rule price_threshold '{"threshold":100,"operator":">="}' >r.json
	bar 0 99 101 98 99 ',"x":true' | pulse-eval -r r.json >out
	[ "$(jq -r .trigger_value out)" = 101 ]
	{
		bar 0 99 99 98 99 ',"x":false,"E":1788936601000'
		bar 0 99 101 98 99 ',"x":true,"E":1788936660500'
	} | pulse-eval -r r.json >out
	[ ! -s out ]
	# A hole: the updates had times, the closed bar came from history.
	{
		bar 0 99 99 98 99 ',"x":false,"E":1788936601000'
		bar 0 99 101 98 99 ',"x":true'
	} | pulse-eval -r r.json >out
	[ "$(wc -l <out)" -eq 1 ]
	# And when hl-ingest says so.
	{
		bar 0 99 99 98 99 ',"x":false,"E":1788936601000'
		echo '{"event":"stale","s":"BTC","i":"1m","since":1788936602000}'
		bar 0 99 101 98 99 ',"x":true,"E":1788936660500'
	} | pulse-eval -r r.json >out
	[ "$(wc -l <out)" -eq 1 ]
}

@test "percent_move measures from the lowest price inside its window" {
	rule percent_move '{"percent_threshold":10,"window_seconds":120,"direction":"up"}' >r.json
	{
		bar 0 100 100 90 100 ',"x":true'
		bar 1 100 100 100 100 ',"x":true'
		bar 2 100 100 100 100 ',"x":true'
		# 90 is three bars ago: too old.
		bar 3 100 100 100 100 ',"x":true'
		bar 4 100 109 100 109 ',"x":true'
		bar 5 109 110 109 110 ',"x":true'
	} | pulse-eval -r r.json >out
	[ "$(jq -r .window_start out)" = "$(printf '%s\n' 2026-09-09T06:50:00.000Z 2026-09-09T06:51:00.000Z 2026-09-09T06:55:00.000Z)" ]
}

# ---- records --------------------------------------------------------------------

@test "bad lines are named with their number, counted, skipped, and exit 1" {
	bars 600 >in
	pulse-eval -r rules.json <in >want
	{
		head -n 100 in
		printf 'not json\n{"t":1}\n[]\n'
		printf '{"t":1788936600000,"T":1788936659999,"s":"BTC","i":"1m","o":"-1","c":"1","h":"1","l":"1","v":"1","n":1}\n'
		printf '{"t":1788936600000,"T":1788936659998,"s":"BTC","i":"1m","o":"1","c":"1","h":"1","l":"1","v":"1","n":1}\n'
		printf '{"t":1788936600000,"T":1788936659999,"s":"BTC","i":"7m","o":"1","c":"1","h":"1","l":"1","v":"1","n":1}\n'
		head -c 1000000 /dev/zero | tr '\0' 'a'
		echo
		tail -n +101 in
		printf '{"t":1788936600000,"T":178893'
	} >bad
	run -1 --separate-stderr pulse-eval -r rules.json <bad
	[ "$output" = "$(cat want)" ]
	[[ $stderr == *"pulse-eval: stdin:101: "* ]]
	[[ $stderr == *"stdin:102: member "* ]]
	[[ $stderr == *"stdin:106: member i: no interval '7m'"* ]]
	[[ $stderr == *"stdin:107: a line of 1000000 bytes is too long"* ]]
	[[ $stderr == *"stdin:608: "* ]]
	[[ $stderr == *"8 bad lines skipped"* ]]
}

@test "many bad lines are counted, not all said" {
	yes nonsense | head -n 100000 >in
	run -1 --separate-stderr pulse-eval -r rules.json <in
	[ "$(grep -c 'stdin:[0-9]' <<<"$stderr")" -lt 200 ]
	[[ $stderr == *"100000 bad lines skipped"* ]]
}

@test "a closed bar that comes again is ignored; with other values it is said once" {
	bars 600 >in
	pulse-eval -r rules.json <in >want
	{
		head -n 300 in
		sed -n 300p in
		sed -n 300p in | sed 's/"v":"[0-9.]*"/"v":"1.5"/'
		sed -n 300p in | sed 's/"v":"[0-9.]*"/"v":"2.5"/'
		sed -n 290,300p in
		tail -n +301 in
	} >twice
	run -0 --separate-stderr pulse-eval -r rules.json <twice
	[ "$output" = "$(cat want)" ]
	[ "$(grep -c 'came again with other values: ' <<<"$stderr")" -eq 1 ]
}

@test "a bar out of order is refused with one clear line, and exit 1" {
	{
		bar 5 1 1 1 1 ',"x":true'
		bar 3 1 1 1 1 ',"x":true'
		bar 6 1 1 1 1 ',"x":true'
	} >in
	run -1 --separate-stderr pulse-eval -r rules.json <in
	[[ $stderr == *"stdin:2: BTC 1m: bar 2026-09-09T06:53:00.000Z is out of order, after 2026-09-09T06:55:00.000Z"* ]]
}

@test "control records are consumed, a gap is noted, unknown ones do no harm" {
	bars 600 >in
	pulse-eval -r rules.json <in >want
	{
		echo '{"event":"heartbeat","from":"hl-ingest","time":1788936600000,"frames":5}'
		head -n 300 in
		echo '{"event":"gap","s":"BTC","i":"15m","from":1,"to":2,"reason":"the exchange has them no more"}'
		echo '{"event":"ctx","s":"BTC","time":1,"markPx":"1"}'
		echo '{"event":"something new","s":7}'
		tail -n +301 in
	} >mixed
	run -0 --separate-stderr pulse-eval -r rules.json <mixed
	[ "$output" = "$(cat want)" ]
	[[ $stderr == *"BTC 15m: bars are missing: the exchange has them no more"* ]]
}

@test "more series than it will hold are refused, in bounded memory" {
	[ -z "${PULSE_SANITIZED:-}" ] || skip "a sanitizer's memory is not ours"
	awk 'BEGIN { for (k = 0; k < 150000; k++) printf "{\"t\":1788936600000,\"T\":1788936659999,\"s\":\"C%d\",\"i\":\"1m\",\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\",\"n\":1,\"x\":true}\n", k }' >in
	run -1 --separate-stderr bash -c 'ulimit -v 1500000; pulse-eval -r rules.json <in'
	[[ $stderr == *"one series too many: 100000 are judged at most"* ]]
	[[ $stderr == *"50001 bad lines skipped"* ]]
}

@test "more series than it will hold in the store: it starts, and says which has no place" {
	[ -z "${PULSE_SANITIZED:-}" ] || skip "a sanitizer's memory is not ours"
	bar 0 1 1 1 1 ',"x":true' | pulse-eval --replay -q
	awk 'BEGIN { for (k = 0; k < 100000; k++) printf "{\"name\":\"r\",\"symbol\":\"C%d\",\"rule_type\":\"price_threshold\",\"config\":{\"threshold\":\"1\",\"operator\":\">=\"}}\n", k }' |
	    pulse-ctl rule import -q >ids
	{
		bar 1 1 1 1 1 ',"x":true'
		bar 1 1 1 1 1 ',"x":true' | sed 's/BTC/C7/'
	} >in
	run -1 --separate-stderr pulse-eval --replay <in
	[ "$(jq -r .symbol <<<"$output")" = C7 ]
	[[ $stderr == *"BTC 1m is one series too many: 100000 are judged at most"*"stdin:1: BTC 1m is one series"* ]]
}

@test "a rule on any symbol meets as many series as there may be, in seconds" {
	[ -z "${PULSE_SANITIZED:-}" ] || skip "a sanitizer's memory is not ours"
	awk 'BEGIN { for (k = 0; k < 100000; k++) printf "{\"t\":1788936600000,\"T\":1788936659999,\"s\":\"C%d\",\"i\":\"1m\",\"o\":\"1\",\"c\":\"2\",\"h\":\"2\",\"l\":\"1\",\"v\":\"1\",\"n\":1,\"x\":true}\n", k }' >in
	cat >any.json <<-'EOF'
	{"name":"rsi","symbol":"*","rule_type":"rsi","config":{"direction":"overbought"}}
	{"name":"p","symbol":"*","rule_type":"price_threshold","config":{"threshold":2,"operator":">="}}
	EOF
	# A second or two; six minutes when each new series looked at all others.
	timeout 60 bash -c 'ulimit -v 1500000; pulse-eval -r any.json <in >out'
	[ "$(wc -l <out)" -eq 100000 ]
}

@test "the reader of alerts may go: no word, no harm" {
	bars 1200 >in
	run -0 bash -c 'for i in 1 2 3 4 5 6 7 8; do cat in; done | pulse-eval -q -r rules.json 2>err | head -n 1 | wc -l'
	[ "$output" -eq 1 ]
	run ! grep -v 'out of order' err
}

# ---- values, explain, summary ---------------------------------------------------

@test "--values adds each indicator under the name it was asked by" {
	bars 60 | pulse-eval --values rsi:14,macd:12:26:9,bb:20:2,sma:3 >out
	[ "$(wc -l <out)" -eq 60 ]
	run -0 jq -c 'select(.values["rsi:14"] == null) | 1' out
	[ "${#lines[@]}" -eq 14 ]
	run -0 jq -c '[.x, (.values | keys), (.values["macd:12:26:9"] | keys), (.values["bb:20:2"] | keys)]' out
	[ "$(sort -u <<<"$output")" = '[true,["bb:20:2","macd:12:26:9","rsi:14","sma:3"],["hist","macd","signal"],["basis","lower","upper"]]' ]
	# sma:3 recomputed from the closes.
	run -0 jq -s '[range(2; length) as $k | ((.[$k-2:$k+1] | map(.c|tonumber) | add) / 3 - .[$k].values["sma:3"]) | fabs] | max < 1e-6' out
	[ "$output" = true ]
	run -2 pulse-eval --values nonsense:14 </dev/null
	run -2 pulse-eval --values rsi:14,sma:2,rsi:14 </dev/null
	[[ $output == *"rsi:14 is named twice"* ]]
}

@test "--explain names operands and the first condition that failed, and agrees with the alerts" {
	bars 1200 >in
	pulse-eval -r rules.json --explain <in >explained
	pulse-eval -r rules.json <in >alerts
	[ "$(wc -l <explained)" -eq 7200 ]
	diff <(jq -r 'select(.outcome=="fired")|"\(.rule_id) \(.window_start)"' explained | sort) \
	    <(jq -r '"\(.rule_id) \(.window_start)"' alerts | sort)
	run -0 jq -r 'select(.rule_name=="rsi" and .outcome=="not true").failed' explained
	[[ $output == *"the indicator is not warm yet"* ]]
	[[ $output == *"the index is not above the threshold"* ]]
	run -0 jq -r 'select(.outcome=="cooldown")|.rule_name' explained
	[ "$(sort -u <<<"$output")" = above ]
}

@test "--summary counts what each rule did; a terminal gets columns and a picture" {
	bars 1200 >in
	pulse-eval -r rules.json --summary <in >sums
	[ "$(wc -l <sums)" -eq 6 ]
	diff <(jq -r '"\(.rule_id) \(.fires)"' sums | sort) \
	    <(pulse-eval -r rules.json <in | jq -r .rule_id | sort | uniq -c |
	    awk '{ print $2, $1 }')
	[ "$(jq -r 'select(.rule_name=="above").suppressed_by_cooldown > 0' sums)" = true ]
	run -0 script -qec "LC_ALL=C pulse-eval -r rules.json --summary <in" /dev/null
	[[ $output == *"RULE"*"COOLDOWN"*"price "*"alerts "* ]]
	# A column is a character, not a byte, and none is cut through.
	jq '.[0].name = "Überschreitet die Höchstgrenze" | .[1].name = "é" | .[:2]' rules.json >names.json
	run -0 script -qec "LC_ALL=C pulse-eval -r names.json --summary </dev/null" /dev/null
	[ "${lines[1]:0:31}" = "Überschreitet die Höchst  BTC  " ]
	[ "${lines[2]:0:31}" = "é                         BTC  " ]
	run -69 pulse-eval -d "$PWD/no.db" --summary </dev/null
}

# ---- the store -------------------------------------------------------------------

@test "with the store: candles, alerts and pending deliveries are kept, and nothing twice" {
	jq '.[0].generic_webhook_url = "http://127.0.0.1:1/hook" | .[0].discord_webhook_url = "http://127.0.0.1:1/d"' \
	    rules.json >r && mv r rules.json
	add_rules
	bars 1200 >in
	pulse-eval --replay -q <in >first
	pulse-eval -r rules.json <in >want
	cmp first want
	[ "$(stored)" = "$(jq -r .id want | sort)" ]
	pulse-eval --replay -q <in >second
	[ ! -s second ]
	[ "$(stored)" = "$(jq -r .id want | sort)" ]
	[ "$(pulse-ctl candle list BTC:15m --json --limit 100000 | wc -l)" -eq 1200 ]
	n=$(jq -r 'select(.rule_name=="above").id' want | wc -l)
	[ "$(pulse-ctl delivery list --json --limit 100000 | wc -l)" -eq $((2 * n)) ]
}

@test "cut anywhere and started again, the alerts are those of one run" {
	add_rules
	bars 1200 >in
	pulse-eval -r rules.json <in >want
	at=1
	for to in 7 333 334 800 1200; do
		sed -n "${at},${to}p" in | pulse-eval --replay -q >>parts
		at=$((to + 1))
	done
	cmp parts want
}

@test "a hole in the forming bar is remembered over a restart" {
	echo '{"name":"p","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":150,"operator":">="}}' |
	    pulse-ctl rule add
	bar='"t":1788936660000,"T":1788936719999,"s":"BTC","i":"1m","o":"100"'
	echo "{$bar,\"c\":\"100\",\"h\":\"100\",\"l\":\"100\",\"v\":\"1\",\"n\":1,\"x\":false,\"E\":1788936670000}" |
	    pulse-eval --replay -q >out
	echo '{"event":"stale","s":"BTC","i":"1m","since":1788936675000}' | pulse-eval --replay -q >>out
	[ ! -s out ]
	# Nobody saw 200: it counts because of the hole, and only then.
	echo "{$bar,\"c\":\"100\",\"h\":\"200\",\"l\":\"100\",\"v\":\"1\",\"n\":1,\"x\":true,\"E\":1788936720200}" |
	    pulse-eval --replay -q >>out
	[ "$(jq -r .trigger_value out)" = 200 ]
}

@test "killed at any moment and fed again, the stored alerts are those of one run" {
	add_rules
	bars 1200 >in
	pulse-eval -r rules.json <in | jq -r .id | sort >want
	# Slowly, so that each kill falls somewhere into the middle.
	for k in 1 2 3 4 5; do
		mkfifo "fifo$k"
		awk '{ print; if (NR % 20 == 0) { fflush(); system("sleep 0.01") } }' \
		    in >"fifo$k" 2>/dev/null 3>&- 7>&- &
		feeder=$!
		pulse-eval --replay -q <"fifo$k" >"out$k" 2>/dev/null 3>&- 7>&- &
		pid=$!
		until_true 20 test -s "out$k" || true
		kill -9 "$pid"
		wait "$pid" "$feeder" 2>/dev/null || true
	done
	pulse-eval --replay -q <in >last
	diff want <(stored)
}

@test "rules made, changed and deleted while it runs count within a second or so" {
	mkfifo pipe
	pulse-eval --replay -q <pipe >out 2>err 3>&- 7>&- &
	echo $! >>pids
	exec 8>pipe
	bar 0 99 99 99 99 ',"x":true' >&8
	until_true 10 test -e "$PULSE_DB"
	id=$(pulse-ctl rule add BTC 'price >= 100' --interval 1m | jq -r .id)
	k=1
	fires() {
		k=$((k + 1))
		bar $k 100 101 100 101 ',"x":true' >&8
		test -s out
	}
	until_true 10 fires
	pulse-ctl rule edit "$id" --set 'config={"threshold":200,"operator":">="}' ||
	    pulse-ctl rule rm "$id"
	quiet() {
		local before
		before=$(wc -l <out)
		for _ in 1 2 3; do
			k=$((k + 1))
			bar $k 100 101 100 101 ',"x":true' >&8
			sleep 0.3
		done
		[ "$(wc -l <out)" -eq "$before" ]
	}
	until_true 10 quiet
	exec 8>&-
}

@test "a store without a rule is said, for the path may be mistyped; one with a rule is not" {
	pulse-eval -d other.db </dev/null 2>said
	grep -q 'no rules in the store .*other.db: .*pulse-ctl rule add' said
	pulse-ctl --db=other.db rule add BTC 'price > 1' >made
	pulse-eval -q -d other.db </dev/null 2>silence
	[ ! -s silence ]
}

@test "a rule edited keeps what its edit does not touch: crossing, window, cooldown" {
	rule price_threshold '{"threshold":100,"operator":"cross_up"}' \
	    ',"cooldown_seconds":150' >rules.json
	add_rules
	mkfifo pipe
	pulse-eval --replay -vv --log text <pipe >out 2>err 3>&- 7>&- &
	pid=$!
	lab_note "$pid"
	exec 8>pipe
	# Its name changes, and pulse-eval has seen that.
	edited() {
		local was=$name
		name=$1
		pulse-ctl rule edit "$was" --name "$name" >/dev/null
		until_true 10 grep -q "rule '$name' changed" err
	}
	name=r
	bar 0 99 99 99 99 ',"x":false,"E":1788936601000' >&8
	until_true 10 grep -q '1 rules, store' err
	edited one
	# The price before the edit counts: it crosses.
	bar 0 99 101 99 101 ',"x":false,"E":1788936602000' >&8
	until_true 10 test -s out
	[ "$(jq -r .rule_name out)" = one ]
	edited two
	# Not again in its window, nor, in the next ones, within the cooldown.
	bar 0 99 101 99 99 ',"x":false,"E":1788936603000' >&8
	bar 0 99 101 99 101 ',"x":false,"E":1788936604000' >&8
	bar 1 99 101 99 99 ',"x":false,"E":1788936661000' >&8
	edited three
	bar 1 99 101 99 101 ',"x":false,"E":1788936662000' >&8
	bar 2 99 101 99 99 ',"x":false,"E":1788936722000' >&8
	edited four
	# After it, and below before: it fires.
	bar 2 99 101 99 101 ',"x":false,"E":1788936752000' >&8
	exec 8>&-
	wait "$pid"
	run -0 jq -r '"\(.rule_name) \(.triggered_at)"' out
	[ "$output" = "$(printf '%s\n' 'one 2026-09-09T06:50:02.000Z' 'four 2026-09-09T06:52:32.000Z')" ]
}

@test "old news is not news: bars from before a rule only warm it up" {
	add_rules
	bars 1200 >in
	pulse-eval -q <in >out
	[ ! -s out ]
	[ "$(pulse-ctl candle list BTC:15m --json --limit 100000 | wc -l)" -eq 1200 ]
}

@test "an alert older than --max-age is kept, marked late, and not delivered" {
	now=$(date +%s)
	t=$(((now / 60 - 5) * 60))
	rule price_threshold '{"threshold":100,"operator":">="}' \
	    ',"generic_webhook_url":"http://127.0.0.1:1/hook"' >rules.json
	# Made an hour before the first bar.
	PULSE_NOW=$(((t - 3600) * 1000)) add_rules
	for k in 0 1; do
		printf '{"t":%s000,"T":%s999,"s":"BTC","i":"1m","o":"101","c":"101","h":"101","l":"101","v":"1","n":1,"x":true}\n' \
		    $((t + 60 * k)) $((t + 60 * k + 59))
	done >in
	head -n 1 in | pulse-eval -q --max-age 1m >out
	[ "$(jq -r .late out)" = true ]
	[ "$(pulse-ctl delivery list --json | wc -l)" -eq 0 ]
	tail -n 1 in | pulse-eval -q --max-age 1h >out
	[ "$(jq -r .late out)" = null ]
	[ "$(pulse-ctl delivery list --json | wc -l)" -eq 1 ]
}

@test "SIGTERM: what was read is stored and printed, exit 0" {
	add_rules
	bars 600 >in
	mkfifo pipe
	pulse-eval --replay -q <pipe >out 2>err 3>&- 7>&- &
	pid=$!
	echo $pid >>pids
	exec 8>pipe
	cat in >&8
	# Read, all of it: then nothing waits in the pipe.
	all_stored() {
		[ "$(pulse-ctl candle list BTC:15m --json --limit 0 2>/dev/null | wc -l)" -eq 600 ]
	}
	until_true 20 all_stored
	kill -TERM $pid
	wait $pid
	exec 8>&-
	pulse-eval -r rules.json <in | jq -r .id | sort >want
	diff want <(stored)
}

@test "--dry-run prints the alerts and changes nothing" {
	add_rules
	bars 600 >in
	pulse-eval -r rules.json <in >want
	pulse-eval --replay -q -n <in >out
	cmp out want
	[ -z "$(stored)" ]
}

@test "a heartbeat with counters is in the store" {
	add_rules
	bars 600 | pulse-eval --replay -q >/dev/null
	run pulse-ctl status --json
	[[ $output == *'"tool":"pulse-eval"'*'"lines_total":600,'*'"ended":true'* ]]
}

@test "the examples of the manual run" {
	awk -f "$MARKET" -v n=300 >candles.ndjson
	mkdir examples
	awk -f "$BATS_TEST_DIRNAME/../examples.awk" -v dir=examples \
	    "$BATS_TEST_DIRNAME/../../man/pulse-eval.1"
	n=0
	for f in examples/*.sh; do
		grep -q hl-ingest "$f" && continue
		sh -e "$f" >said
		[ -s said ]
		n=$((n + 1))
	done
	[ "$n" -ge 3 ]
}

# ---- rules under test -------------------------------------------------------------

@test "rule test FILE holds cases against what is expected, with a readable diff" {
	bars 600 >bars.ndjson
	jq -c 'select(.rule_name=="rsi")|{rule:"rsi",t:.window_start,message}' \
	    <(pulse-eval -r rules.json <bars.ndjson) | jq -s . >want.json
	[ "$(jq length want.json)" -gt 2 ]
	jq '[.[]|select(.name=="rsi")]' rules.json >rsi.json
	jq -n --slurpfile w want.json --slurpfile k bars.ndjson '{rules_file:"rsi.json",tests:[
	    {name:"by file",candles_file:"bars.ndjson",alerts:$w[0]},
	    {name:"inline",candles:$k,alerts:($w[0]|map({t}))}]}' >cases.json
	run -0 pulse-ctl rule test cases.json
	[ "$(grep -c '^ok ' <<<"$output")" -eq 2 ]
	[[ $output == *"1..2"* ]]
	jq '.tests[0].alerts |= (.[1:] + [{rule:"rsi",t:"2026-01-01T00:00:00Z"}])' cases.json >wrong.json
	run -1 pulse-ctl rule test wrong.json
	[[ $output == *"not ok 1 - by file"* ]]
	[[ $output == *"  - 2026-01-01T00:00:00.000Z rsi"* ]]
	[[ $output == *"  + "*" rsi: BTC 15m: RSI(14) "* ]]
	[[ $output == *"ok 2 - inline"* ]]
	echo '{"rules":[],"tests":[{"candles":[{"t":1}]}]}' >bad.json
	run -1 pulse-ctl rule test bad.json
	[[ $output == *"bad.json: test 1: candle 1: member "* ]]
}

@test "rule test FILE: what an expected alert says must agree, in whatever order" {
	cat >cases.json <<-'END'
	{"rules":[{"name":"a","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":"100","operator":">="}},
	  {"name":"b","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":"101","operator":">="}}],
	 "tests":[{"name":"bar","candles":[{"t":1788936660000,"T":1788936719999,"s":"BTC","i":"1m",
	    "o":"101.0","c":"101.0","h":"101.0","l":"101.0","v":"0"}],"alerts":[]}]}
	END
	expect() { jq ".tests[0].alerts=$1" cases.json >with.json; }
	for good in '[{},{rule:"a"}]' '[{},{rule:"b"}]' '[{rule:"b"},{}]' \
	    '[{trigger_value:"101"},{trigger_value:101}]' \
	    '[{symbol:"BTC"},{message:"BTC 1m: price 101.0 >= 100"}]'; do
		expect "($good | map(.t=1788936660000))"
		run -0 pulse-ctl rule test with.json
	done
	for wrong in '[{},{rule:"c"}]' '[{rule:"a"},{rule:"a"}]' '[{},{},{}]' '[{}]' \
	    '[{},{trigger_value:"102"}]' '[{},{trigger_value:5}]'; do
		expect "($wrong | map(.t=1788936660000))"
		run -1 pulse-ctl rule test with.json
		[[ $output == *"not ok 1 - bar"* ]]
	done
	# What nobody would look at is refused: it could not fail.
	expect '[{t:1,rule_name:"a"}]'
	run -1 pulse-ctl rule test with.json
	[[ $output == *'test 1: alert 1: unknown member "rule_name"'* ]]
	expect '[{t:1,message:7}]'
	run -1 pulse-ctl rule test with.json
	[[ $output == *"test 1: alert 1: message must be a string"* ]]
	expect '[{t:1,trigger_value:"much"}]'
	run -1 pulse-ctl rule test with.json
	[[ $output == *"alert 1: trigger_value must be a decimal"* ]]
	jq '.tests[0] |= (del(.alerts) | .alert=[])' cases.json >with.json
	run -1 pulse-ctl rule test with.json
	[[ $output == *'test 1: unknown member "alert"'* ]]
	jq '.test=[]' cases.json >with.json
	run -1 pulse-ctl rule test with.json
	[[ $output == *'with.json: unknown member "test"'* ]]
	# A file of rules is no file of cases, however it is written.
	for rules in .rules .rules[0]; do
		jq "$rules" cases.json >with.json
		run -1 pulse-ctl rule test with.json
		[[ $output == *"with.json: tests: an array of cases is missing" ]]
	done
}

@test "rule diff OLD NEW shows what a change of rules adds and removes" {
	bars 1200 >bars.ndjson
	jq '(.[]|select(.name=="rsi").config.threshold) = 75' rules.json >new.json
	pulse-ctl rule diff rules.json new.json <bars.ndjson >diff.out 2>said
	jq -r 'select(.only=="old").alert.id' diff.out | sort >gone
	pulse-eval -r rules.json <bars.ndjson | jq -r '"\(.rule_name) \(.window_start) \(.id)"' | sort >a
	pulse-eval -r new.json <bars.ndjson | jq -r '"\(.rule_name) \(.window_start) \(.id)"' | sort >b
	[ -s gone ]
	diff gone <(comm -23 a b | awk '{ print $3 }' | sort)
	diff <(jq -r 'select(.only=="new").alert.id' diff.out | sort) \
	    <(comm -13 a b | awk '{ print $3 }' | sort)
	[[ $(cat said) == *"alerts in both"* ]]
}

@test "rule diff and rule test know a bar that nobody watched as pulse-eval does" {
	local t=1788936660000 bar
	bar='"t":1788936660000,"T":1788936719999,"s":"BTC","i":"1m","o":"99","c":"99","l":"98","v":"0"'
	cat >r.json <<-'END'
	{"name":"up","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":"100","operator":">="}}
	END
	echo '[]' >none.json
	cat >stale.ndjson <<-END
	{$bar,"h":"99","x":false,"E":$((t + 100))}
	{"event":"stale","s":"BTC","i":"1m","since":$t}
	{$bar,"h":"101","x":true,"E":$((t + 60100))}
	END
	[ "$(pulse-eval -r r.json <stale.ndjson | wc -l)" -eq 1 ]
	run -0 --separate-stderr pulse-ctl rule diff none.json r.json <stale.ndjson
	[ "$(jq -r .alert.message <<<"$output")" = "BTC 1m: price 101 >= 100" ]
	jq -n --slurpfile k stale.ndjson '{rules_file:"r.json",tests:[
	    {candles_file:"stale.ndjson",alerts:[{t:$k[0].t}]},
	    {candles:$k,alerts:[{t:$k[0].t}]}]}' >cases.json
	run -0 pulse-ctl rule test cases.json
}

# ---- recorded markets -------------------------------------------------------------

@test "recorded BTC candles bring the alerts that a second computation finds" {
	[ -n "${PULSE_REAL_DATA:-}" ] || skip "PULSE_REAL_DATA is not set"
	command -v python3 >/dev/null || skip "no python3"
	sed 's/"52000"/"100000"/; s/"50000"/"100000"/; s/"percent_threshold":1.5/"percent_threshold":2/' \
	    rules.json >real.json
	in=$PULSE_REAL_DATA/data/candles/hl_BTC_15m_simsim.ndjson
	pulse-eval -r real.json <"$in" | jq -r '"\(.rule_name) \(.candle.t)"' | sort >got
	python3 "$BATS_TEST_DIRNAME/../reference.py" <"$in" | sort >want
	[ -s want ]
	[ "$(cut -d' ' -f1 want | sort -u | wc -l)" -eq 6 ]
	diff got want
}

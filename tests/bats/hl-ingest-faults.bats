# hl-ingest: whatever the exchange does, the closed bars printed are those that
# its REST lists, each once, in order, with REST's values. Every misbehaviour
# of the simulator is met twice at the same time: over the WebSocket and with
# --poll; the output is compared byte for byte with the simulator's truth.
# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
	SPEED=200 SKEW=0 BARS=5 INTERVAL=1m SIM_OPTIONS="--history 30m"
	COINS="BTC AAVE"
}

teardown() {
	lab_end
}

# hl-ingest on the coins, in the background, its clock SKEW ms off.
ingest() { # NAME OPTION...
	local name=$1 now coin series=()
	shift

	for coin in $COINS; do
		series+=("$coin:$INTERVAL")
	done
	now=$(curl -s "$SIM/sim/clock" | jq .time)
	PULSE_NOW=$((now + SKEW)) PULSE_SPEED=$SPEED PULSE_DB=$LAB/none.db \
	    lab_run "$name" hl-ingest -v --log text --confirm-wait 24h "$@" \
	    "${series[@]}"
}

closed() { # NAME COIN
	jq -c --arg s "$2" 'select(.x and .s == $s) | del(.E)' \
	    "$LAB/$1.out" 2>/dev/null
}

has_bars() { # NAME
	local coin

	for coin in $COINS; do
		[ "$(grep -c "\"s\":\"$coin\".*\"x\":true" "$LAB/$1.out")" \
		    -ge "$BARS" ] || return 1
	done
}

# What the exchange lists of the coin between two opening times.
truth() { # COIN FROM TO
	curl -s "$SIM/sim/closed?coin=$1&interval=$INTERVAL&x=1" |
	    jq -c --argjson a "$2" --argjson b "$3" \
		'select(.t >= $a and .t <= $b)'
}

same_as_truth() { # NAME
	local coin

	for coin in $COINS; do
		closed "$1" "$coin" >"$LAB/got"
		truth "$coin" "$(head -n 1 "$LAB/got" | jq .t)" \
		    "$(tail -n 1 "$LAB/got" | jq .t)" >"$LAB/want"
		diff "$LAB/want" "$LAB/got" >"$LAB/diff" || {
			head -n 4 "$LAB/diff"
			echo "$1 differs in $coin"
			tail -n 5 "$LAB/$1.err"
			return 1
		}
	done
}

events() { # NAME EVENT
	jq -c --arg e "$2" 'select(.event == $e)' "$LAB/$1.out"
}

# The last heartbeat's counter.
count() { # NAME COUNTER
	events "$1" heartbeat | tail -n 1 | jq ".$2"
}

# A sanitized build is slow: give it more time.
settle_speed() {
	[ -z "${PULSE_SANITIZED:-}" ] || SPEED=$((SPEED / 4))
}

beats() { # NAME
	grep -q '"event":"heartbeat"' "$LAB/$1.out"
}

# A market whose clock stands until both are there, so that every fault finds
# them; then until both have their bars.
meet() { # OPTION...
	lab_sim --speed "$SPEED" --hold "${HOLD:-$(wc -w <<<"$COINS")}" "$@"
	ingest poll --closed --poll
	until_true 40 beats poll
	ingest ws --closed
	until_true 80 has_bars ws
	until_true 80 has_bars poll
}

# The market with these faults, met by both; then the comparison.
disturbed() { # FAULT...
	local fault faults=()

	settle_speed
	for fault; do
		faults+=(--fault "$fault")
	done
	# shellcheck disable=SC2086
	meet $SIM_OPTIONS "${faults[@]}"
	same_as_truth ws
	same_as_truth poll
	[ -z "$(events ws gap)$(events poll gap)" ]
}

@test "undisturbed, both say what the exchange lists" {
	# Not that nothing was reconnected: on a fast clock a busy machine may
	# miss a pong.
	disturbed
}

@test "a connection dropped in the middle of a frame, then reset" {
	disturbed kind=drop,how=mid,at=100s kind=drop,how=rst,at=200s
	grep -q 'connection lost' "$LAB/ws.err"
	[ "$(count ws reconnects_total)" -ge 2 ]
}

@test "a half-open connection" {
	disturbed kind=halfopen,at=100s
	grep -q 'silence after a ping\|subscription is dead' "$LAB/ws.err"
}

@test "a server that accepts and drops" {
	disturbed kind=acceptdrop,at=60s,for=100s kind=drop,at=61s
	grep -q 'connection lost' "$LAB/ws.err"
}

@test "handshakes refused and the name of a close: Expired" {
	disturbed kind=refuse,at=50s,for=60s kind=drop,at=51s kind=close,code=1000,text=Expired,at=150s
	grep -q 'no connection' "$LAB/ws.err"
}

@test "acknowledgements lost, late and out of order" {
	disturbed kind=acklost,n=1 kind=acklost,how=not,n=1 \
	    kind=ackdelay,ms=30 kind=drop,at=150s kind=ackreorder
}

@test "one dead subscription, healed by subscribing or connecting anew" {
	BARS=7 disturbed kind=dead,coin=BTC,at=80s \
	    kind=dead,coin=AAVE,how=conn,at=200s
	[ -n "$(events ws stale)" ]
	grep -q 'subscribing anew' "$LAB/ws.err"
}

@test "error frames, and garbage of all kinds" {
	disturbed kind=error,at=60s,text=odd kind=garbage,how=text,at=80s \
	    kind=garbage,how=json,at=100s kind=garbage,how=types,at=120s \
	    kind=garbage,how=binary,at=130s kind=garbage,how=utf8,at=150s \
	    kind=garbage,how=empty,at=170s kind=garbage,how=opcode,at=190s
	grep -q 'the exchange says: odd' "$LAB/ws.err"
	grep -q 'bad frame' "$LAB/ws.err"
}

@test "fragmented frames with pings between, and a frame of 200 kB" {
	disturbed kind=fragment,size=7,how=ping kind=big,at=60s \
	    kind=wsping,at=100s
	[ "$(count ws bad_frames_total)" -eq 0 ]
}

@test "frames lost, doubled, out of order and stale" {
	disturbed kind=lose,p=0.3 kind=duplicate,p=0.3 kind=reorder,p=0.2 \
	    kind=stale,p=0.2
}

@test "a feed that stalls and delivers later, or never" {
	BARS=6 disturbed kind=stall,how=keep,at=80s,for=50s \
	    kind=stall,how=lose,at=180s,for=50s
}

@test "pings that nobody answers" {
	disturbed kind=nopong
}

@test "a storm of 429" {
	BARS=6 disturbed kind=status,code=429,at=80s,for=100s
	grep -q 'limits REST' "$LAB/ws.err"
	grep -q 'limits REST' "$LAB/poll.err"
}

@test "500 with null" {
	BARS=6 disturbed kind=status,code=500,at=80s,for=100s
	[ "$(count poll rest_failures_total)" -gt 0 ]
}

@test "a content delivery network's HTML, with 503 and with 200" {
	BARS=6 disturbed kind=status,code=503,how=html,at=80s,for=60s \
	    kind=status,code=200,how=html,at=160s,for=60s
	[ "$(count ws rest_failures_total)" -gt 0 ]
}

@test "REST that is slow, drips, and does not answer" {
	BARS=6 disturbed kind=slow,ms=150,at=60s,for=60s \
	    kind=slow,how=drip,ms=50,at=130s,for=60s kind=hang,at=200s,n=3
}

@test "REST answers reset, cut short, chunked, on closed connections" {
	disturbed kind=reset,at=60s,n=3 kind=truncate,at=100s,n=3 \
	    kind=chunked kind=closeidle
}

@test "rows of quiet minutes that appear late, and REST that lags" {
	BARS=6 disturbed kind=late,ms=50000 kind=lag,ms=3000
}

@test "rows missing for a while, and null for a coin that exists" {
	BARS=6 disturbed kind=hole,size=1,at=80s,for=100s \
	    kind=nullcoin,coin=BTC,at=200s,for=60s
}

@test "the exchange's clock two minutes ahead" {
	# Not while the market's clock stands: ours would run ahead of it as
	# well, and of two clocks that are wrong none can be believed.
	HOLD=0 disturbed kind=skew,ms=120000
}

@test "the exchange's clock two minutes behind" {
	disturbed kind=skew,ms=-120000
}

@test "our clock two minutes ahead" {
	SKEW=120000 disturbed
}

@test "our clock two minutes behind" {
	SKEW=-120000 disturbed
}

@test "a server restart: forming bars lose what they had" {
	disturbed kind=restart,at=110s kind=regress,how=ws,at=200s
	grep -q 'lost its state' "$LAB/ws.err"
}

@test "nothing trades for some minutes: quiet is not dead" {
	BARS=6 disturbed kind=halt,at=70s,for=200s
	[ -z "$(events ws stale)" ]
}

@test "an outage of four hours leaves nothing out" {
	SPEED=1000 BARS=250 disturbed kind=outage,at=100s,for=4h
}

# Lines of $LAB/want without those that a gap in $LAB/gaps covers.
without_gaps() {
	jq -c --slurpfile g "$LAB/gaps" '. as $c |
	    select(all($g[]; $c.t < .from or $c.t > .to))' "$LAB/want"
}

@test "what the exchange no longer keeps is a gap, of the exact range" {
	local name coin

	SPEED=1000 BARS=40
	settle_speed
	meet --retain 100 --history 30m --fault kind=outage,at=10m,for=4h
	for name in ws poll; do
		for coin in $COINS; do
			closed "$name" "$coin" >"$LAB/got"
			events "$name" gap | jq -c --arg s "$coin" \
			    'select(.s == $s)' >"$LAB/gaps"
			truth "$coin" "$(head -n 1 "$LAB/got" | jq .t)" \
			    "$(tail -n 1 "$LAB/got" | jq .t)" >"$LAB/want"
			# The outage less what is kept: 4 hours less 100 bars.
			jq -se 'any(.to - .from > 7200000)' "$LAB/gaps"
			without_gaps | diff - "$LAB/got"
		done
	done
}

@test "a name that is not resolved: it waits, and goes on when it is" {
	local port

	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	settle_speed
	lab_sim --speed "$SPEED" --history 30m
	port=${SIM##*:}
	printf '127.0.0.1 localhost\n' >"$LAB/hosts"
	: >"$LAB/resolv.conf"
	cat >"$LAB/apart" <<-END
		mount --bind "$LAB/hosts" /etc/hosts &&
		mount --bind "$LAB/resolv.conf" /etc/resolv.conf &&
		exec hl-ingest -v --log text --closed BTC:1m AAVE:1m
	END
	HL_API_URL=http://exchange.test:$port PULSE_SPEED=$SPEED \
	    PULSE_DB=$LAB/none.db lab_run ws unshare -m sh "$LAB/apart"
	until_true 20 grep -q 'exchange.test has no address' "$LAB/ws.err"
	printf '127.0.0.1 localhost exchange.test\n' >"$LAB/hosts"
	until_true 40 has_bars ws
	same_as_truth ws
}

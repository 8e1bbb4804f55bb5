#!/usr/bin/env bash
# make soak: the service for SOAK_SECONDS (default 3600) on a simulated
# exchange that lives 20 times faster and misbehaves now and then. A line of
# figures every SOAK_STEP seconds; at the end what must hold:
#
#	no program grew or leaked descriptors after its first quarter,
#	the store has every bar that the exchange closed, and no other,
#	every alert was delivered, and none twice (but for a kill).
#
# CHAOS=1 kills a program (SIGKILL), now this, now that, every CHAOS_STEP
# seconds, and starts the service again.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
SOAK_SECONDS=${SOAK_SECONDS:-3600}
SOAK_STEP=${SOAK_STEP:-30}
CHAOS=${CHAOS:-0}
CHAOS_STEP=${CHAOS_STEP:-20}
SPEED=${SPEED:-20}
export PULSE_BIN=$PWD/$BUILD/bin PULSE_TESTBIN=$PWD/$BUILD/tests
# shellcheck source=tests/lab.bash
. tests/lab.bash
lab_begin "$(mktemp -d "${TMPDIR:-/tmp}/pulse-soak.XXXXXX")"
# shellcheck disable=SC2317 # by the trap
finish() {
	lab_end
	[ -n "${SOAK_KEEP:-}" ] || rm -rf "$LAB"
}
trap finish EXIT
stop=
trap 'stop=1' INT TERM

cat >"$LAB/faults" <<-'END'
	kind=garbage,how=json,p=0.001
	kind=duplicate,p=0.01
	kind=lose,p=0.01
	kind=drop,at=20m
	kind=drop,at=90m,how=rst
	kind=stall,at=2h,for=30m,how=lose
	kind=status,code=429,at=3h,for=5m
	kind=status,code=500,at=4h,for=5m
	kind=outage,at=5h,for=20m
END
lab_sim --speed "$SPEED" --seed "${SEED:-11}" --scenario "$LAB/faults" \
    --coins 20 --retain 100000 || exit 1
# shellcheck disable=SC2119
lab_sink || exit 1
echo "$SINK/hook" >"$LAB/hook.txt"
export PULSE_SPEED=$SPEED
series=()
for n in $(seq -w 1 20); do
	coin=T00$n
	series+=("$coin:1m")
	for condition in 'move 0.3% in 5m' 'rsi > 65' 'macd bullish' \
	    'bollinger break upper'; do
		pulse-ctl rule add "$coin:1m" "$condition" --name "$coin $condition" \
		    --cooldown 10m --webhook-file "$LAB/hook.txt" >/dev/null || exit 1
	done
done

start() {
	rm -f "$LAB/candles" "$LAB/alerts"
	mkfifo "$LAB/candles" "$LAB/alerts"
	hl-ingest --rules >"$LAB/candles" 2>>"$LAB/ingest.err" </dev/null &
	INGEST=$!
	pulse-eval <"$LAB/candles" >"$LAB/alerts" 2>>"$LAB/eval.err" &
	EVAL=$!
	pulse-send <"$LAB/alerts" >>"$LAB/sent.ndjson" 2>>"$LAB/send.err" &
	SEND=$!
	lab_note $INGEST $EVAL $SEND
}
gone() {
	! kill -0 "$INGEST" 2>/dev/null && ! kill -0 "$EVAL" 2>/dev/null &&
	    ! kill -0 "$SEND" 2>/dev/null
}
# "rss_kb descriptors" of a process.
size_of() {
	local kb

	kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null)
	echo "${kb:-0} $(find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l)"
}
retries() {
	while sleep 5; do
		pulse-retry 2>>"$LAB/retry.err" |
		    pulse-send >>"$LAB/sent.ndjson" 2>>"$LAB/retry.err"
	done
}

start
retries </dev/null &
lab_note $!
printf '%8s %22s %22s %22s %8s %8s %9s\n' seconds 'ingest KB fds' 'eval KB fds' \
    'send KB fds' alerts hooks 'store KB'
began=$SECONDS kills=0 next_kill=$((SECONDS + CHAOS_STEP)) next=$SECONDS
quarter='' growth=0
while [ -z "$stop" ] && [ $((SECONDS - began)) -lt "$SOAK_SECONDS" ]; do
	if [ "$CHAOS" = 1 ] && [ "$SECONDS" -ge "$next_kill" ]; then
		victims=("$INGEST" "$EVAL" "$SEND")
		kill -9 "${victims[$((kills % 3))]}"
		kills=$((kills + 1))
		until_true 60 gone || growth=1
		start
		next_kill=$((SECONDS + CHAOS_STEP))
	fi
	if [ "$CHAOS" != 1 ] && gone; then
		echo 'soak: the service ended by itself'
		tail -n 5 "$LAB"/*.err
		exit 1
	fi
	if [ "$SECONDS" -ge "$next" ]; then
		read -r ik if_ <<<"$(size_of "$INGEST")"
		read -r ek ef <<<"$(size_of "$EVAL")"
		read -r sk sf <<<"$(size_of "$SEND")"
		printf '%8d %16d %5d %16d %5d %16d %5d %8d %8d %9d\n' \
		    $((SECONDS - began)) "$ik" "$if_" "$ek" "$ef" "$sk" "$sf" \
		    "$(pulse-ctl alert list --limit 0 | wc -l)" \
		    "$(wc -l <"$LAB/sink.ndjson")" \
		    "$(du -sk "$LAB/pulse.db" | cut -f1)"
		if [ -z "$quarter" ] &&
		    [ $((SECONDS - began)) -ge $((SOAK_SECONDS / 4)) ]; then
			quarter="$ik $if_ $ek $ef $sk $sf"
		fi
		next=$((SECONDS + SOAK_STEP))
	fi
	sleep 0.5
done

bad=$growth
check() {
	if [ "$1" -eq "$2" ]; then
		echo "ok: $3"
	else
		echo "NOT OK: $3 ($1, want $2)"
		bad=1
	fi
}
if [ -n "$quarter" ] && [ "$CHAOS" != 1 ]; then
	read -r ik0 if0 ek0 ef0 sk0 sf0 <<<"$quarter"
	# A quarter and 4 MB above what it was: caches that fill, no leak.
	check $((ik > ik0 * 5 / 4 + 4096)) 0 'hl-ingest did not grow'
	check $((ek > ek0 * 5 / 4 + 4096)) 0 'pulse-eval did not grow'
	check $((sk > sk0 * 5 / 4 + 4096)) 0 'pulse-send did not grow'
	check $((if_ > if0 + 8 || ef > ef0 + 8 || sf > sf0 + 64)) 0 \
	    'no descriptor leaked'
fi

# The exchange stands still; what it closed arrives, then the service ends.
curl -sf -X POST "$SIM/sim/hold" >/dev/null
now=$(curl -sf "$SIM/sim/clock" | jq .time)
# A bar that ended some minutes ago is closed whatever happened meanwhile.
until=$((now - now % 60000 - 600000))
truth() {
	curl -sf "$SIM/sim/closed?coin=${1%:*}&interval=1m&from=$first&to=$until" |
	    jq -c '[.t, .o, .h, .l, .c, .v]'
}
stored() {
	pulse-ctl candle list "$1" --limit 0 --asc --json |
	    jq -c --argjson from "$first" --argjson to "$until" \
	    'select(.t >= $from and .t <= $to) | [.t, .o, .h, .l, .c, .v]'
}
whole() {
	first=$(pulse-ctl candle list "$1" --limit 0 --asc --json | head -n 1 |
	    jq .t)
	[ -n "$first" ] && cmp -s <(truth "$1") <(stored "$1")
}
sleep 5
holes=0
for s in "${series[@]}"; do
	whole "$s" || holes=$((holes + 1))
done
check "$holes" 0 'every bar that the exchange closed is in the store, and no other'
kill "$INGEST" 2>/dev/null
until_true 60 gone || bad=1
later=$(($(date +%s%3N) + 3600000))
unset PULSE_SPEED
PULSE_NOW=$later pulse-retry 2>>"$LAB/retry.err" |
    PULSE_NOW=$later pulse-send >>"$LAB/sent.ndjson" 2>>"$LAB/retry.err"
alerts=$(pulse-ctl alert list --limit 0 --json | jq -s \
    'map(select(.late != true)) | length')
check "$(pulse-ctl delivery list --status delivered --limit 0 | wc -l)" "$alerts" \
    "all $alerts alerts were delivered"
twice=$(jq -r '.headers["webhook-id"]' "$LAB/sink.ndjson" | sort | uniq -d | wc -l)
if [ "$CHAOS" = 1 ]; then
	echo "kills: $kills; deliveries that came twice: $twice"
else
	check "$twice" 0 'none was delivered twice'
fi
[ "$bad" -eq 0 ] || tail -n 5 "$LAB"/*.err
exit "$bad"

#!/usr/bin/env bash
# make soak-feed: hl-ingest for SOAK_SECONDS (default 1800) at SPEED (60) times
# the speed of time, over the WebSocket and by polling, while the simulated
# exchange misbehaves at random (SEED). At the end the closed bars of both must
# be, byte for byte, those that the exchange lists, less the announced gaps.
# Every kind of fault comes before any comes again, and that they were felt is
# asked of the exchange and of hl-ingest. The last line is the verdict; it takes
# SOAK_SECONDS and three minutes at most.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
SOAK_SECONDS=${SOAK_SECONDS:-1800}
SPEED=${SPEED:-60}
RANDOM=${SEED:-7}
if ! [ "$SOAK_SECONDS" -ge 90 ] || [ "$SOAK_SECONDS" -gt 86400 ]; then
	echo "SOAK_SECONDS is 90 to 86400" >&2
	exit 2
fi
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

COINS='BTC ETH AAVE kPEPE xyz:NVDA'
lab_sim --speed "$SPEED" --seed "$RANDOM" --history 1h --retain 100000 || exit 1
series=()
for coin in $COINS; do
	series+=("$coin:1m")
done
for how in ws poll; do
	mode=()
	[ $how = ws ] || mode=(--poll)
	PULSE_SPEED=$SPEED PULSE_DB=$LAB/none.db lab_run $how hl-ingest \
	    --log text --closed --confirm hold --confirm-wait 24h "${mode[@]}" \
	    "${series[@]}"
	declare "pid_$how=$LAB_PID"
done

mapfile -t FAULTS <<-'END'
	kind=drop
	kind=drop,how=mid
	kind=drop,how=rst
	kind=close,code=1000,text=Expired
	kind=halfopen,for=3m
	kind=acceptdrop,for=2m
	kind=refuse,for=2m
	kind=acklost,n=2
	kind=acklost,how=not,n=2
	kind=ackreorder,for=5m
	kind=dead,coin=BTC
	kind=dead,coin=ETH,how=conn
	kind=error,text=odd
	kind=garbage,how=json
	kind=garbage,how=types
	kind=garbage,how=utf8
	kind=garbage,how=opcode
	kind=big
	kind=fragment,size=9,for=5m
	kind=lose,p=0.2,for=10m
	kind=duplicate,p=0.3,for=5m
	kind=reorder,p=0.2,for=5m
	kind=stale,p=0.2,for=5m
	kind=stall,how=keep,for=2m
	kind=stall,how=lose,for=2m
	kind=nopong,for=3m
	kind=status,code=429,for=2m
	kind=status,code=500,for=2m
	kind=status,code=503,how=html,for=2m
	kind=slow,ms=100,for=3m
	kind=hang,n=1
	kind=reset,n=3
	kind=truncate,n=2
	kind=chunked,for=5m
	kind=late,ms=40000,for=10m
	kind=hole,size=1,for=2m
	kind=nullcoin,coin=BTC,for=1m
	kind=lag,ms=3000,for=10m
	kind=regress,how=ws
	kind=skew,ms=120000,for=5m
	kind=skew,ms=-120000,for=5m
	kind=halt,for=5m
	kind=outage,for=20m
END

verdict() { # WORDS: the end
	local word=failed

	[ "$failed" -eq 0 ] && word=passed
	printf 'soak-feed %s: %s; %d faults in %d s, seed %s\n' "$word" "$*" \
	    "$made" $((SECONDS - began)) "${SEED:-7}"
	exit "$failed"
}

# The next of the deck; shuffled anew when all were dealt.
deal() {
	local i j swap

	if [ $((made % ${#FAULTS[@]})) -eq 0 ]; then
		for ((i = ${#FAULTS[@]} - 1; i > 0; i--)); do
			j=$((RANDOM % (i + 1)))
			swap=${FAULTS[i]}
			FAULTS[i]=${FAULTS[j]}
			FAULTS[j]=$swap
		done
	fi
	fault=${FAULTS[made % ${#FAULTS[@]}]}
	made=$((made + 1))
}

began=$SECONDS made=0 next=$SECONDS failed=0
while [ -z "$stop" ] && [ $((SECONDS - began)) -lt "$SOAK_SECONDS" ]; do
	deal
	curl -sf -m 10 -d "$fault" "$SIM/sim/fault" >/dev/null || {
		failed=1
		verdict "the simulator does not answer"
	}
	for how in ws poll; do
		pid=pid_$how
		kill -0 "${!pid}" 2>/dev/null && continue
		tail -n 3 "$LAB/$how.err"
		failed=1
		verdict "hl-ingest ($how) ended"
	done
	if [ "$SECONDS" -ge "$next" ]; then
		printf '%6d s %5d faults %8d bars %8d KB\n' \
		    $((SECONDS - began)) "$made" \
		    "$(grep -c '"x":true' "$LAB/ws.out")" \
		    "$(awk '/^VmRSS/ { print $2 }' \
			"/proc/${pid_ws:-0}/status")"
		next=$((SECONDS + 30))
	fi
	sleep 1
done

lasted=$((SECONDS - began))

# Let it catch up with what is over now, undisturbed.
curl -sf -X POST "$SIM/sim/clear" >/dev/null
goal=$(($(curl -s "$SIM/sim/clock" | jq .time) + 120000))
# shellcheck disable=SC2317 # by until_true
caught_up() {
	local how coin

	for how in ws poll; do
		for coin in $COINS; do
			[ "$(grep "\"s\":\"$coin\".*\"x\":true" "$LAB/$how.out" |
			    tail -n 1 | jq .T)" -ge "$goal" ] || return 1
		done
	done
}
if ! until_true 120 caught_up; then
	failed=1
	verdict "after the last fault the bars did not come"
fi
bars=0 gaps=0
for how in ws poll; do
	for coin in $COINS; do
		jq -c --arg s "$coin" 'select(.x and .s == $s) | del(.E)' \
		    "$LAB/$how.out" >"$LAB/got"
		jq -c --arg s "$coin" 'select(.event == "gap" and .s == $s)' \
		    "$LAB/$how.out" >"$LAB/gaps"
		curl -s -G "$SIM/sim/closed" --data-urlencode "coin=$coin" \
		    -d "interval=1m&x=1&from=$(head -n 1 "$LAB/got" | jq .t)" \
		    -d "to=$(tail -n 1 "$LAB/got" | jq .t)" |
		    jq -c --slurpfile g "$LAB/gaps" '. as $c |
			select(all($g[]; $c.t < .from or $c.t > .to))' \
			>"$LAB/want"
		if cmp -s "$LAB/want" "$LAB/got"; then
			n=$(wc -l <"$LAB/got")
			bars=$((bars + n))
			gaps=$((gaps + $(wc -l <"$LAB/gaps")))
			printf '%-5s %-9s %6d bars, no difference, %d gaps\n' \
			    $how "$coin" "$n" "$(wc -l <"$LAB/gaps")"
			[ "$n" -ge $((lasted * SPEED / 60 / 2)) ] || {
				echo "fewer bars than half of the minutes"
				failed=1
			}
		else
			printf '%-5s %-9s DIFFERS\n' $how "$coin"
			diff "$LAB/want" "$LAB/got" | head -n 6
			failed=1
		fi
	done
done
# Whether the faults were felt: each counter is above nothing.
felt() { # WHO COUNTER... <<<JSON
	local who=$1 json name
	shift

	json=$(cat)
	for name; do
		printf '%-5s %s %s\n' "$who" "$name" "$(jq ".$name" <<<"$json")"
		jq -e ".$name > 0" <<<"$json" >/dev/null || failed=1
	done
}
beat() { # NAME
	grep '"event":"heartbeat"' "$LAB/$1.out" | tail -n 1
}
felt sim drops status_4xx status_5xx applied \
    <<<"$(curl -s -m 10 "$SIM/sim/stats")"
felt ws reconnects_total bad_frames_total duplicates_total \
    rest_failures_total rest_limited_total backfilled_total <<<"$(beat ws)"
felt poll rest_failures_total rest_limited_total <<<"$(beat poll)"
[ "$failed" -eq 0 ] || verdict "bars differ, or faults were not felt"
verdict "$bars bars, no difference, $gaps gaps announced"

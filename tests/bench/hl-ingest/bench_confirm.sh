#!/usr/bin/env bash
# What --confirm costs: from the end of a bar to its line with x:true, in
# seconds of the exchange's clock, of what hl-ingest says itself (E less T).
# SERIES (20) of 1m, each RATE (1) trades a second, of which three bars of ten lack their
# last trade in the frames; hold, after and off on the same market, MINUTES
# (24) of it at SPEED (10) times time. wrong: bars that differ from what the
# exchange lists, as printed; and those less the corrected records.
set -eu
cd "$(dirname "$0")/../../.."
MINUTES=${MINUTES:-24} SPEED=${SPEED:-10} SERIES=${SERIES:-20} RATE=${RATE:-1}
# shellcheck source=tests/lab.bash
. tests/lab.bash
lab_begin "$(mktemp -d "${TMPDIR:-/tmp}/pulse-bench.XXXXXX")"
trap 'lab_end; rm -rf "$LAB"' EXIT

lab_sim --coins "$SERIES" --rate "$RATE" --tail 0.3 --speed "$SPEED" --history 5m
mapfile -t series < <(seq -f 'T%04g:1m' 1 "$SERIES")
pids=()
for how in hold after off; do
	PULSE_SPEED=$SPEED PULSE_DB=$LAB/none.db lab_run $how hl-ingest \
	    --log text --closed --confirm $how "${series[@]}"
	pids+=("$LAB_PID")
done
end=$(($(curl -s "$SIM/sim/clock" | jq .time) + MINUTES * 60000))
curl -sf "$SIM/sim/wait?time=$end&timeout=$((MINUTES * 60 / SPEED + 60))" \
    >/dev/null
kill "${pids[@]}"
wait "${pids[@]}"
for coin in "${series[@]%:1m}"; do
	curl -s "$SIM/sim/closed?coin=$coin&interval=1m"
done | jq -c 'del(.x)' >"$LAB/truth"

# Bars whose values are among the truth's no more.
wrong() { # JQ FILTER that picks a record's bar
	jq -c "$1 | del(.x, .E)" | grep -vcxFf "$LAB/truth"
}
printf '%-6s %6s %8s %8s %8s %8s %8s\n' confirm bars p50 p99 max wrong after
for how in hold after off; do
	printed=$(wrong 'select(.x)' <"$LAB/$how.out") || true
	told=$(grep -c '"event":"corrected"' "$LAB/$how.out") || true
	jq -r 'select(.x and .E) | .E - .T - 1' "$LAB/$how.out" | sort -n |
	    awk -v how=$how -v wrong="$printed" -v told="$told" '
		{ ms[NR] = $1 }
		END { printf "%-6s %6d %6.2f s %6.2f s %6.2f s %8d %8d\n", how,
		    NR, ms[int(NR * 0.5 + 0.5)] / 1000,
		    ms[int(NR * 0.99 + 0.5)] / 1000, ms[NR] / 1000, wrong,
		    wrong - told }'
done

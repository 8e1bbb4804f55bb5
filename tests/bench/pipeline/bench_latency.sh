#!/usr/bin/env bash
# From the frame on the exchange's socket to the request at the receiver, the
# whole pipeline: hl-sim | hl-ingest | pulse-eval | pulse-send | sink, every
# stage with its durable commits. Each of many quiet markets fires its rule (or
# its hundred rules) with its first trade. The simulator stamps a frame when it
# is written, the sink a request when it is complete, by the same clock. Beside
# it what one bare fdatasync of the same disk costs, before and after.
#
#	ALERTS=300 BURSTS=30 RATE=0.1 tests/bench/pipeline/bench_latency.sh
# shellcheck disable=SC2016,SC2119 # $LAB is expanded by the inner shell
set -eu
cd "$(dirname "$0")/../../.."
BUILD=${BUILD:-build}
PULSE_BIN=$PWD/$BUILD/bin PULSE_TESTBIN=$PWD/$BUILD/tests
ALERTS=${ALERTS:-300}
BURSTS=${BURSTS:-30}
RATE=${RATE:-0.1}
fdatasync=$PWD/$BUILD/bench/pipeline/bench_fdatasync
# shellcheck source=tests/lab.bash
. tests/lab.bash
# shellcheck source=tests/delivery.bash
. tests/delivery.bash
work=$(mktemp -d)
trap 'lab_end; rm -rf "$work"' EXIT

# R rules for each of N markets: the first frame fires them.
rules() {
	awk -v n="$1" -v r="$2" -v sink="$SINK" 'BEGIN { for (k = 1; k <= n; k++) for (i = 1; i <= r; i++)
		printf "{\"name\":\"rule %d\",\"symbol\":\"T%04d\",\"interval\":\"1h\",\"rule_type\":\"price_threshold\",\"config\":{\"operator\":\">=\",\"threshold\":\"0.000001\",\"on\":\"tick\"},\"generic_webhook_url\":\"%s/hook/%d\"}\n",
		    i, k, sink, i }'
}

came() {
	[ "$(wc -l <"$LAB/sink.ndjson")" -ge "$1" ]
}

percentiles() {
	sort -n | awk -v what="$1" '{ v[NR] = $1 } END {
		printf "%s: n %d, p50 %.0f us, p99 %.0f us, max %.0f us\n", what,
		    NR, v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.5)], v[NR] }'
}

# N markets with R rules each: for each market the time from its first frame to
# the last request that this brought, in us.
run() {
	rm -rf "$work/lab"
	lab_begin "$work/lab"
	export LAB
	lab_sink
	lab_sim --coins "$1" --rate "$RATE" --history 3h --hold "$1" \
	    --frames-log "$LAB/frames"
	rules "$1" "$2" | pulse-ctl rule import >/dev/null 2>&1
	lab_run pipeline bash -c 'hl-ingest --rules 2>"$LAB/ingest.err" |
	    pulse-eval 2>"$LAB/eval.err" | pulse-send 2>"$LAB/send.err"'
	until_true 100 came $(($1 * $2)) || tail "$LAB"/*.err >&2
	lab_end
	jq -r '[.s, .t, .n, .us] | @tsv' "$LAB/frames" >"$LAB/times"
	jq -r '[(.body | fromjson | .candle | .s, .t, .n), .us] | @tsv' "$LAB/sink.ndjson" |
	    awk '{ k = $1 " " $2 " " $3 } NR == FNR { at[k] = $4; next }
		$4 > last[k] { last[k] = $4 }
		END { for (k in last) print last[k] - at[k] }' "$LAB/times" -
}

mkdir -p "$work"
"$fdatasync" "$work"
run "$ALERTS" 1 | percentiles 'one rule, frame to request'
run "$BURSTS" 100 | percentiles '100 rules at once, frame to last request'
"$fdatasync" "$work"

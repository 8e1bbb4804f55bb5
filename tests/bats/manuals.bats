#!/usr/bin/env bats
# The EXAMPLES of every manual page are run as they stand (tests/examples.awk
# takes them out), each in a directory of its own with a simulated exchange, a
# webhook receiver, a store with some history, and the files that the pages
# speak of.
# shellcheck disable=SC2119 # functions of the lab
bats_require_minimum_version 1.5.0

setup_file() {
	# shellcheck source=tests/lab.bash
	. "$BATS_TEST_DIRNAME/../lab.bash"
	TOP=$BATS_TEST_DIRNAME/../..
	export TOP
	lab_begin "$BATS_FILE_TMPDIR/lab"
	lab_sim --history 2d --coin BTC,px=95000,rate=5 --coin ETH,px=3200,rate=5
	lab_sink
	export LAB
	furnish "$LAB/room"
}

teardown_file() {
	# shellcheck source=tests/lab.bash
	. "$BATS_TEST_DIRNAME/../lab.bash"
	lab_end
}

# What the examples find in their directory.
furnish() {
	mkdir -p "$1"
	cd "$1" || return 1
	awk -f "$TOP/tests/market.awk" -v n=300 >candles.ndjson
	jq -cs . candles.ndjson >answer.json
	gzip -c candles.ndjson >candles.ndjson.gz
	echo "$SINK/hook" >url.txt
	echo "$SINK/api/v10/webhooks/1/token" >discord.txt
	PULSE_DB=$1/pulse.db
	pulse-ctl rule add BTC:15m 'close crosses above 50000' \
	    --name 'BTC breakout' --webhook-file url.txt >rule.json
	pulse-ctl rule export >rules.json
	pulse-eval --replay <candles.ndjson >alert.ndjson
	[ -s alert.ndjson ]
}

# Run the examples of page $1. One that is still running after some seconds
# runs; what cannot be (usage, no such command) fails.
examples_of() {
	local page=$1 script status n=0 room

	mkdir -p "$BATS_TEST_TMPDIR/scripts"
	awk -f "$TOP/tests/examples.awk" -v dir="$BATS_TEST_TMPDIR/scripts" \
	    "$TOP/man/$page"
	for script in "$BATS_TEST_TMPDIR"/scripts/*.sh; do
		[ -e "$script" ] || skip "$page has no examples"
		n=$((n + 1))
		room=$BATS_TEST_TMPDIR/room$n
		cp -r "$LAB/room" "$room"
		echo "--- $page:"
		cat "$script"
		status=0
		(
			cd "$room" || exit 1
			export HOME=$room PULSE_DB=$room/pulse.db
			timeout -k 5 4 bash -o pipefail "$script" </dev/null
		) >"$room/.out" 2>"$room/.err" 3>&- || status=$?
		head -n 5 "$room/.out" "$room/.err"
		echo "status $status"
		# 0: done; 1: as designed, some work failed; 124: ended by us;
		# 141: the reader had enough.
		case $status in
		0|124|141) ;;
		1)	! grep -qE 'usage|Usage|Try|not found|syntax' "$room/.err" ;;
		*)	return 1 ;;
		esac
	done
}

@test "the examples of hl-ingest(1) run" {
	examples_of hl-ingest.1
}

@test "the examples of pulse-eval(1) run" {
	examples_of pulse-eval.1
}

@test "the examples of pulse-send(1) run" {
	examples_of pulse-send.1
}

@test "the examples of pulse-retry(1) run" {
	examples_of pulse-retry.1
}

@test "the examples of pulse-ctl(1) run" {
	examples_of pulse-ctl.1
}

@test "the examples of the formats run: pulse-candle(5), pulse-alert(5), pulse-rule(5), pulse-schema(5)" {
	local page

	for page in pulse-candle.5 pulse-alert.5 pulse-rule.5 pulse-schema.5; do
		rm -rf "$BATS_TEST_TMPDIR/scripts" "$BATS_TEST_TMPDIR"/room*
		examples_of $page
	done
}

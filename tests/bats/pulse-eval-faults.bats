# pulse-eval beside a store that fails: killed at any write, a disk that takes
# nothing, another program that writes for long, a file put in its place. What
# is printed is stored, and after a start with the same input nothing is
# missing.

# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0
load ../lab.bash

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	lab_begin "$BATS_TEST_TMPDIR/lab"
	cd "$LAB" || return 1
	# strace and the leak detector exclude each other.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	rules | pulse-ctl rule import >/dev/null
	market 240 >in
	pulse-eval -r <(rules) <in | jq -r .id | sort >want
	# The input is worth it: every rule fires, on ticks and on closes.
	[ "$(pulse-eval -r <(rules) <in | jq -r .rule_name | sort -u | wc -l)" -eq 10 ]
}

teardown() {
	exec 4>&- 5>&-
	lab_end
}

# All six types, on ticks and on closes, indicators of several lengths.
rules() {
	local n=0 type config

	while read -r type config; do
		n=$((n + 1))
		printf '{"id":"00000000-0000-4000-8000-%012d","name":"%d","symbol":"BTC","interval":"15m","rule_type":"%s","config":%s,"cooldown_seconds":%d}\n' \
		    "$n" "$n" "$type" "$config" $((n % 3 * 1800))
	done <<-'END'
		price_threshold {"threshold":"50000","operator":"cross"}
		price_threshold {"threshold":"51000","operator":">=","on":"close"}
		percent_move {"percent_threshold":1.5,"window_seconds":3600}
		candle_close {"value":"50000","operator":"cross"}
		macd_cross {"crossover_type":"bullish"}
		macd_cross {"fast_period":3,"slow_period":10,"signal_period":4,"crossover_type":"bearish","on":"tick"}
		rsi {"direction":"overbought","threshold":60,"on":"tick"}
		rsi {"period":5,"direction":"oversold"}
		bollinger_bands {"band":"upper","event":"break"}
		bollinger_bands {"period":10,"band":"lower","event":"touch","on":"tick"}
	END
}

# N bars as they come live: three updates of each, then its close.
market() {
	awk -f "$BATS_TEST_DIRNAME/../market.awk" -v "n=$1" | jq -c '
	    (. + {x: false, E: (.t + 1000), c: .o, h: .o, l: .o}),
	    (. + {x: false, E: (.t + 2000), c: .h, l: .o}),
	    (. + {x: false, E: (.t + 3000), c: .l}),
	    (. + {x: true, E: (.T + 300)})'
}

# Slowly, so that there are many batches.
slowly() {
	awk '{ print; if (NR % 48 == 0) { fflush(); system("sleep 0.02") } }' \
	    "$1" 2>/dev/null
}

stored() {
	sqlite3 -cmd '.timeout 10000' "$PULSE_DB" \
	    'select lower(hex(id)) from alerts' | sort
}

# Ids as the store has them, of the whole lines of files.
ids() {
	cat "$@" | jq -Rr 'fromjson? | .id' | tr -d - | sort
}

printed_is_stored() {
	[ -z "$(comm -23 <(ids "$@") <(stored))" ]
}

# Once more with the whole input: then all is there, and nothing twice.
nothing_is_lost() {
	pulse-eval --replay -q <in >rest 2>>err
	diff <(tr -d - <want) <(stored)
	printed_is_stored "$@" rest
	[ -z "$(ids "$@" rest | uniq -d)" ]
	[ "$(sqlite3 "$PULSE_DB" 'pragma integrity_check')" = ok ]
}

need_strace() {
	strace -qq -o /dev/null true 2>/dev/null || skip "no strace"
}

# pulse-eval with a fault: SYSCALLS WHAT, as strace's inject= takes them.
faulty() {
	strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:$2" \
	    pulse-eval --replay -q
}

@test "killed at any write, and fed again: all alerts, each once, none unstored" {
	need_strace
	cp "$PULSE_DB" empty.db
	slowly in | strace -qq -o calls -e trace=pwrite64,write,fdatasync \
	    pulse-eval --replay -q >whole
	diff want <(jq -r .id whole | sort)
	rm -f "$PULSE_DB"*
	cp empty.db "$PULSE_DB"
	seed=${PULSE_SEED:-$$}
	echo "PULSE_SEED=$seed"
	RANDOM=$seed
	for k in 1 2 3 4 5 6 7 8 9 10 11 12; do
		set -- pwrite64 write fdatasync pwrite64
		shift $((k % 4))
		most=$(grep -c "^$1(" calls)
		at=$((RANDOM % (most / (k % 3 + 1)) + 1))
		echo "killed at $1 $at of $most"
		slowly in | faulty "$1" "signal=KILL:when=$at" >"out$k" 2>>err || true
		printed_is_stored out*
	done
	# It was killed in the middle, not only at the end or never.
	[ "$(cat out* | wc -l)" -gt 0 ]
	nothing_is_lost out*
}

@test "a disk that takes nothing more: 75, said, and nothing is lost" {
	need_strace
	n=0
	for fault in pwrite64:ENOSPC pwrite64:EIO fdatasync:EIO fdatasync:ENOSPC; do
		n=$((n + 1))
		# From that call on, or the one after it: opening writes ten
		# times, and how many there are then is a matter of time.
		[ "${fault%:*}" = pwrite64 ] && at=11 || at=1
		status=0
		slowly in | faulty "${fault%:*}" \
		    "error=${fault#*:}:when=$((at + n % 2))+" >"out$n" 2>"said$n" ||
		    status=$?
		echo "$fault: $status, $(cat "said$n")"
		[ "$status" -eq 75 ]
		case $fault in
		pwrite64:ENOSPC) grep -q 'no space left on the disk' "said$n" ;;
		*) grep -q 'cannot read or write the database' "said$n" ;;
		esac
		[ "$(wc -l <"said$n")" -eq 1 ]
		printed_is_stored out*
	done
	nothing_is_lost out*
}

# Keep the store locked against all writers until unlock_store.
lock_store() {
	mkfifo locker
	sqlite3 -cmd '.timeout 10000' "$PULSE_DB" <locker >locked 3>&- &
	lab_note $!
	exec 4>locker
	echo "begin immediate; select 'locked';" >&4
	until_true 20 grep -q locked locked
}

unlock_store() {
	exec 4>&-
	until_true 20 sqlite3 "$PULSE_DB" 'begin immediate; rollback'
}

# pulse-eval in the background, to be fed through descriptor 5.
fed() {
	mkfifo pipe
	pulse-eval --replay --log text <pipe >out 2>err 3>&- 4>&- &
	pid=$!
	lab_note "$pid"
	exec 5>pipe
}

has_candles() {
	[ "$(sqlite3 "$PULSE_DB" 'select count(*) from candles')" -eq "$1" ]
}

@test "a store that is locked for long holds the input back and loses nothing" {
	fed
	head -n 400 in >&5
	until_true 20 has_candles 100
	lock_store
	before=$(wc -l <out)
	# More than a batch and a pipe hold: the writer stands still.
	(
		tail -n +401 in
		yes '{"event":"heartbeat"}' | head -n 50000
		echo >written
	) >&5 3>&- 4>&- &
	sleep 11
	kill -0 "$pid"
	[ ! -e written ]
	[ "$(wc -l <out)" -eq "$before" ]
	unlock_store
	until_true 20 test -e written
	exec 5>&-
	wait "$pid"
	diff want <(jq -r .id out | sort)
	diff <(ids out) <(stored)
	[ "$(grep -c 'another program keeps it locked' err)" -eq 1 ]
	[ "$(grep -c 'the store works again after' err)" -eq 1 ]
}

@test "SIGTERM while the store stays locked: 75, and the next run finds all" {
	fed
	head -n 400 in >&5
	until_true 20 has_candles 100
	lock_store
	head -n 500 in | tail -n +401 >&5
	until_true 20 grep -q 'another program keeps it locked' err
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 75 ]
	exec 5>&-
	unlock_store
	printed_is_stored out
	nothing_is_lost out
}

@test "SIGTERM while the store is locked for a moment: what was read is stored" {
	fed
	head -n 400 in >&5
	until_true 20 has_candles 100
	lock_store
	# In one write, which is read at once: what is still in the pipe when the
	# signal comes is not read any more.
	head -n 480 in | tail -n +401 | dd bs=64k iflag=fullblock status=none >&5
	until_true 20 grep -q 'another program keeps it locked' err
	kill -TERM "$pid"
	unlock_store
	wait "$pid"
	exec 5>&-
	has_candles 120
	diff <(ids out) <(stored)
	nothing_is_lost out
}

@test "a store file that is replaced or deleted under the program: 75, nothing printed" {
	for how in 'cp pulse.db other && mv other pulse.db' 'rm pulse.db'; do
		cp "$PULSE_DB" first
		fed
		head -n 400 in >&5
		until_true 20 has_candles 100
		before=$(wc -l <out)
		sh -c "$how"
		tail -n +401 in >&5 || true
		exec 5>&-
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq 75 ]
		grep -q 'moved, replaced or deleted while it was open' err
		[ "$(wc -l <out)" -eq "$before" ]
		rm -f pipe pulse.db*
		mv first "$PULSE_DB"
	done
}

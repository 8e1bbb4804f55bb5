# shellcheck shell=bash
# lab: what tests, demo and soak share: an exchange and a receiver on loopback
# ports that the kernel chooses, processes that are always ended, and waiting
# for a condition instead of sleeping. Source it. PULSE_BIN and PULSE_TESTBIN say
# where the programs are (default: build/).
#
#	lab_begin DIR		everything is kept in DIR (made if need be)
#	lab_sim OPTION...	hl-sim: $SIM is its URL, $SIM_PID it
#	lab_sink OPTION...	sink: $SINK, $SINK_PID; requests in $LAB/sink.ndjson
#	lab_run NAME COMMAND...	in the background; $LAB/NAME.out, .err; $LAB_PID
#	until_true SECONDS COMMAND...
#	lab_note PID...		end these, too
#	lab_end			end what still runs

lab_begin() {
	LAB=$1
	local top

	top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	export PULSE_BIN=${PULSE_BIN:-$top/${BUILD:-build}/bin}
	export PULSE_TESTBIN=${PULSE_TESTBIN:-$top/${BUILD:-build}/tests}
	mkdir -p "$LAB"
	: >"$LAB/pids"
	export PATH="$PULSE_BIN:$PULSE_TESTBIN:$PATH"
	export HOME=$LAB PULSE_DB=$LAB/pulse.db PULSE_ALLOW_PRIVATE=1
	export no_proxy='*'
}

# Run the rest of the line until it succeeds, for so many seconds at most on a
# machine of its own: three times as many on any, and eight times in a sanitized
# build, whose programs and markets are slower. Only a test that fails waits so
# long.
until_true() {
	local end=$((SECONDS + $1 * (${PULSE_SANITIZED:-0} ? 8 : 3)))
	shift

	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

lab_run() {
	local name=$1
	shift

	# A session of its own: a pipeline is ended as a whole.
	setsid "$@" </dev/null >"$LAB/$name.out" 2>"$LAB/$name.err" 3>&- &
	LAB_PID=$!
	lab_note "$LAB_PID"
}

lab_sim() {
	rm -f "$LAB/sim.port"
	lab_run sim hl-sim --port-file "$LAB/sim.port" "$@"
	SIM_PID=$LAB_PID
	until_true 20 test -s "$LAB/sim.port" || {
		cat "$LAB/sim.err" >&2
		return 1
	}
	SIM=http://127.0.0.1:$(cat "$LAB/sim.port")
	export SIM SIM_PID HL_API_URL=$SIM
}

lab_sink() {
	rm -f "$LAB/sink.port"
	lab_run sink sink --port-file "$LAB/sink.port" \
	    --record "$LAB/sink.ndjson" "$@"
	SINK_PID=$LAB_PID
	until_true 20 test -s "$LAB/sink.port" || {
		cat "$LAB/sink.err" >&2
		return 1
	}
	SINK=http://127.0.0.1:$(cat "$LAB/sink.port")
	export SINK SINK_PID
}

# When a process was born, in ticks since the machine started; nothing when it
# is no more. Numbers of processes are used again, those together with this not.
lab_born() {
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	stat=${stat##*) }
	[ "${stat%% *}" != Z ] || return 0
	cut -d ' ' -f 20 <<<"$stat"
}

# Remember to end these processes.
lab_note() {
	local pid

	for pid; do
		echo "$pid $(lab_born "$pid")" >>"$LAB/pids"
	done
}

# Send the signal $1 to what still runs of what was noted, and to what it
# started; fails when nothing does.
lab_signal() {
	local pid born any=1

	while read -r pid born; do
		if [ "${born:-x}" != "$(lab_born "$pid")" ]; then
			continue
		fi
		kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" "$pid" 2>/dev/null ||
		    continue
		any=0
	done <"$LAB/pids"
	return $any
}

lab_dead() {
	! lab_signal 0
}

# End what still runs: SIGTERM, and after some seconds SIGKILL.
lab_end() {
	local pid born

	[ -n "${LAB:-}" ] && [ -e "$LAB/pids" ] || return 0
	if lab_signal TERM && ! until_true 10 lab_dead 2>/dev/null; then
		lab_signal KILL || true
	fi
	while read -r pid born; do
		wait "$pid" 2>/dev/null || true
	done <"$LAB/pids"
	: >"$LAB/pids"
}

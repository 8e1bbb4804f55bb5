# shellcheck shell=bash
# lab: what tests, demo and soak share: an exchange and a receiver on loopback
# ports that the kernel chooses, processes that are always ended, and waiting
# for a condition instead of sleeping. Source it; needs PULSE_BIN and
# PULSE_TESTBIN.
#
#	lab_begin DIR		everything is kept in DIR (made if need be)
#	lab_sim OPTION...	hl-sim: $SIM is its URL, $SIM_PID it
#	lab_sink OPTION...	sink: $SINK, $SINK_PID; requests in $LAB/sink.ndjson
#	lab_run NAME COMMAND...	in the background; $LAB/NAME.out, .err; $LAB_PID
#	until_true SECONDS COMMAND...
#	lab_end			end what still runs

lab_begin() {
	LAB=$1
	mkdir -p "$LAB"
	: >"$LAB/pids"
	export PATH="$PULSE_BIN:$PULSE_TESTBIN:$PATH"
	export HOME=$LAB PULSE_DB=$LAB/pulse.db PULSE_ALLOW_PRIVATE=1
	export no_proxy='*'
}

# Run the rest of the line until it succeeds, for so many seconds at most.
until_true() {
	local end=$((SECONDS + $1))
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

	"$@" </dev/null >"$LAB/$name.out" 2>"$LAB/$name.err" 3>&- &
	LAB_PID=$!
	echo "$LAB_PID" >>"$LAB/pids"
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

lab_alive() {
	local pid

	while read -r pid; do
		kill -0 "$pid" 2>/dev/null && return 0
	done <"$LAB/pids"
	return 1
}

lab_dead() {
	! lab_alive
}

# End what still runs: SIGTERM, and after some seconds SIGKILL.
lab_end() {
	local pid

	[ -n "${LAB:-}" ] && [ -e "$LAB/pids" ] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null || true
	done <"$LAB/pids"
	until_true 10 lab_dead 2>/dev/null || while read -r pid; do
		kill -9 "$pid" 2>/dev/null || true
	done <"$LAB/pids"
	while read -r pid; do
		wait "$pid" 2>/dev/null || true
	done <"$LAB/pids"
	: >"$LAB/pids"
}

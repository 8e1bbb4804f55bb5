#!/usr/bin/env bash
# kill-delivery.sh KILLS [DIR]: kill -9 pulse-retry and pulse-send at so many
# random moments of a run that delivers alerts of the store, then let it end,
# and see: nothing is lost; what came twice has the same webhook-id and was
# under way, unrecorded, when its sender was killed. Prints one JSON object;
# exit 1 when a promise is broken.
#
# A lease outlives its sender by a minute. To spend no minutes here, leases
# are ended in the store after each kill, as time would.
set -u
cd "$(dirname "$0")/../.." || exit 1
kills=${1:?}
dir=${2:-$(mktemp -d)}
PULSE_BIN=${PULSE_BIN:-$PWD/${BUILD:-build}/bin}
PULSE_TESTBIN=${PULSE_TESTBIN:-$PWD/${BUILD:-build}/tests}
# shellcheck source=tests/lab.bash
. tests/lab.bash
# shellcheck source=tests/delivery.bash
. tests/delivery.bash
lab_begin "$dir"
[ -n "${2:-}" ] || trap 'lab_end; rm -rf "$dir"' EXIT
lab_sink --answer '{"path":"/hook","delay_ms":3,"status":200}' || exit 1
url g /hook

# As many alerts as the kills leave time for: one rule, many markets.
n=$((kills * 40 + 200))
pulse-ctl rule add '*' 'price >= 100' --webhook-file "$LAB/g" >/dev/null || exit 1
awk -v n="$n" 'BEGIN { for (i = 1; i <= n; i++)
	printf "{\"t\":1788936600000,\"T\":1788936659999,\"s\":\"S%d\",\"i\":\"1m\",\"o\":\"99\",\"c\":\"101\",\"h\":\"102\",\"l\":\"98\",\"v\":\"1\",\"n\":1,\"x\":true}\n", i }' |
    pulse-eval --replay >"$LAB/alerts" || exit 1
total=$(sql 'select count(*) from deliveries')

free() {
	sql 'update deliveries set lease_until_ms = 0, next_attempt_ms = 0 where status < 2'
}
free
RANDOM=${SEED:-4711}
for ((i = 0; i < kills; i++)); do
	mkfifo "$LAB/pipe$i"
	pulse-retry >"$LAB/pipe$i" 2>>"$LAB/err" 3>&- &
	a=$!
	pulse-send -c 8 <"$LAB/pipe$i" >>"$LAB/out" 2>>"$LAB/err" 3>&- &
	b=$!
	sleep "0.0$((RANDOM % 90 + 10))"
	if ((RANDOM % 4 == 0)); then
		kill -9 "$a" 2>/dev/null
		sleep "0.00$((RANDOM % 10))"
	fi
	kill -9 "$b" "$a" 2>/dev/null
	wait "$a" "$b" 2>/dev/null
	rm "$LAB/pipe$i"
	free
done
rounds=0
while [ "$(sql 'select count(*) from deliveries where status < 2')" -gt 0 ] && ((rounds++ < 50)); do
	pulse-retry 2>>"$LAB/err" | pulse-send -c 8 >>"$LAB/out" 2>>"$LAB/err"
	free
done

requests '.headers["webhook-id"]' | sort | uniq -c | awk '{ print $2, $1 }' | tr -d '"' >"$LAB/came"
sql "select lower(hex(d.id)), count(*), sum(a.success) from deliveries d
    join delivery_attempts a on a.alert = d.alert and a.channel = d.channel group by d.id" |
    sed 's/^\(........\)\(....\)\(....\)\(....\)/\1-\2-\3-\4-/; s/|/ /g' | sort >"$LAB/recorded"
# came: id requests; recorded: id attempts successes.
join "$LAB/came" "$LAB/recorded" |
    awk -v kills="$kills" -v total="$total" '
	{ came++; if ($2 > 1) { twice++; again += $2 - 1 }
	  unrecorded += $2 - $3
	  if ($4 != 1 || $2 < $3) broken++ }
	END { lost = total - came
	  printf "{\"kills\":%d,\"deliveries\":%d,\"lost\":%d,\"sent_twice\":%d,\"requests_more\":%d,\"unrecorded_requests\":%d,\"broken\":%d}\n",
	    kills, total, lost, twice, again, unrecorded, broken
	  exit lost != 0 || broken != 0 || again != unrecorded }'
status=$?
lab_end
exit $status

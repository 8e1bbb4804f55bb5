#!/usr/bin/env bash
# serve beside nginx, by wrk at 1, 8 and 64 connections: GET /health, the list
# of 50 rules out of RULES (default 1,000,000), asked again and as 64 lists in
# turn that each have to be made, and POST of a rule, durable.
# nginx serves a static file of the same size as /health's answer, from the
# same machine in the same run. One process each; wrk shares the machine.
#
#	RULES=100000 SECONDS_EACH=3 tests/bench/pulse-ctl/bench_serve.sh
#
# To repeat it without making the store again: KEEP=file keeps a copy of the
# store as it was made, STORE=file begins with a copy of that.
set -eu
cd "$(dirname "$0")/../../.."
BUILD=${BUILD:-build}
BIN=$PWD/$BUILD/bin
RULES=${RULES:-1000000}
EACH=${SECONDS_EACH:-3}
for tool in wrk nginx curl; do
	command -v $tool >/dev/null || {
		echo "$tool is not here"
		exit 77
	}
done
work=$(mktemp -d)
pids=
finish() {
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	for pid in $pids; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap finish EXIT
export PULSE_API_KEY=bench-key-0123456789 PULSE_DB=$work/pulse.db

# A port that was free a moment ago.
free_port() {
	"$BIN/pulse-ctl" -d "$work/port.db" serve --listen 127.0.0.1:0 \
	    2>"$work/port.err" >/dev/null &
	local pid=$!
	until grep -q 'listening on' "$work/port.err"; do sleep 0.05; done
	kill $pid
	wait $pid
	sed -n 's/.*listening on http:..127.0.0.1:\([0-9]*\).*/\1/p' "$work/port.err"
}

make_store() {
	echo "storing $RULES rules ..."
	awk -v n="$RULES" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"id\":\"%08x-0000-4000-8000-%012x\",\"name\":\"rule %d\"," \
			    "\"symbol\":\"C%d\",\"rule_type\":\"price_threshold\"," \
			    "\"config\":{\"threshold\":%d,\"operator\":\">=\"}," \
			    "\"created_at\":\"2026-01-%02dT%02d:%02d:%02d.%03dZ\"}\n",
			    i * 2654435761 % 4294967296, i, i, i % 200, i + 1,
			    1 + i % 28, i % 24, i % 60, i % 59, i % 1000
	}' >"$work/rules"
	"$BIN/pulse-ctl" rule import -q "$work/rules" >/dev/null
	rm "$work/rules"
}
if [ -n "${STORE:-}" ]; then
	cp "$STORE" "$PULSE_DB"
	sync "$PULSE_DB"
else
	make_store
	[ -z "${KEEP:-}" ] || cp "$PULSE_DB" "$KEEP"
fi

"$BIN/pulse-ctl" serve --listen 127.0.0.1:0 --admin-rate 60000000 -q \
    -v 2>"$work/serve.err" &
SERVE=$!
pids="$pids $SERVE"
until grep -q 'listening on' "$work/serve.err"; do sleep 0.05; done
url=$(sed -n 's/.*listening on \(http[^" ]*\).*/\1/p' "$work/serve.err")

size=$(curl -s "$url/health" | wc -c)
mkdir "$work/www"
head -c "$size" /dev/zero | tr '\0' x >"$work/www/health"
port=$(free_port)
cat >"$work/nginx.conf" <<-END
	worker_processes 1;
	pid $work/nginx.pid;
	error_log $work/nginx.err;
	events { worker_connections 512; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		keepalive_requests 100000000;
		open_file_cache max=10;
		server { listen 127.0.0.1:$port; root $work/www; }
	}
END
chmod 755 "$work" "$work/www"
nginx -c "$work/nginx.conf" -g 'daemon off;' &
pids="$pids $!"
until curl -s -o /dev/null "http://127.0.0.1:$port/health"; do sleep 0.05; done

cat >"$work/post.lua" <<-END
	wrk.method = "POST"
	wrk.headers["Content-Type"] = "application/json"
	wrk.headers["X-API-Key"] = "$PULSE_API_KEY"
	wrk.body = '{"name":"bench","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":50000,"operator":">="}}'
END
cat >"$work/key.lua" <<-END
	wrk.headers["X-API-Key"] = "$PULSE_API_KEY"
END

# More pages in turn than serve keeps (PAGES_MAX): each is made anew.
cat >"$work/anew.lua" <<-END
	wrk.headers["X-API-Key"] = "$PULSE_API_KEY"
	local n = 0
	request = function()
		n = (n + 1) % 64
		return wrk.format("GET", "/api/v1/rules?limit=50&offset=" .. n)
	end
END

measure() { # URL CONNECTIONS [WRK-OPTION...]
	local where=$1 c=$2
	shift 2
	wrk -t1 -c"$c" -d"$EACH" --latency "$@" "$where" >"$work/wrk"
	grep -q 'Non-2xx' "$work/wrk" && grep 'Non-2xx' "$work/wrk" >&2
	sed -n 's/^Requests.sec: *//p' "$work/wrk"
}

printf '%-34s %10s %10s %10s\n' 'requests a second' 'c=1' 'c=8' 'c=64'
row() { # NAME URL [WRK-OPTION...]
	local name=$1 where=$2
	shift 2
	printf '%-34s %10s %10s %10s\n' "$name" "$(measure "$where" 1 "$@")" \
	    "$(measure "$where" 8 "$@")" "$(measure "$where" 64 "$@")"
}
row "nginx, static file of $size B" "http://127.0.0.1:$port/health"
row 'serve, GET /health' "$url/health"
row "serve, 50 of $RULES rules" "$url/api/v1/rules?limit=50" -s "$work/key.lua"
row 'serve, the same, made anew' "$url/api/v1/rules" -s "$work/anew.lua"
row 'serve, POST a rule, durable' "$url/api/v1/rules" -s "$work/post.lua"
# What a list that begins deep and another process that holds the store's
# write lock for five seconds do to others.
latency() { # NAME
	wrk -t1 -c4 -d4 --latency -s "$work/key.lua" "$url/api/v1/rules?limit=1" >"$work/wrk"
	printf '%-34s %s\n' "$1" "$(awk '$1 == "50%" || $1 == "99%" { printf "%s %s, ", $1, $2 }
	    $1 == "Latency" && $2 ~ /[0-9]/ { max = $4 }
	    END { print "max", max }' "$work/wrk")"
}
cat >"$work/deep.lua" <<-END
	local n = 0
	request = function()
		n = n + 1
		return wrk.format("GET", "/api/v1/rules?limit=50&offset=" ..
		    $RULES * 9 / 10 - n)
	end
END
latency 'latency of a short list, alone'
wrk -t1 -c8 -d6 --timeout 10 -s "$work/deep.lua" "$url/api/v1/rules" >"$work/deep" &
deep=$!
if command -v sqlite3 >/dev/null; then
	sqlite3 "$PULSE_DB" 'BEGIN IMMEDIATE' '.shell sleep 5' 'COMMIT' &
	writer=$!
fi
sleep 0.5
latency 'beside deep ones and a busy writer'
wait $deep ${writer:+$writer}
echo "the deep ones (offset $((RULES * 9 / 10)), 8 connections): $(sed -n 's/^Requests.sec: *//p' "$work/deep") a second"
curl -s "$url/metrics" | sed -n 's/^pulse_api_commit/serve: commit/p'
echo "serve: resident $(awk '/^VmRSS/ { print $2 }' "/proc/$SERVE/status") KB, at most $(awk '/^VmHWM/ { print $2 }' "/proc/$SERVE/status") KB; its process for long reads $(awk '/^VmRSS/ { print $2 }' "/proc/$(pgrep -P "$SERVE")/status") KB"

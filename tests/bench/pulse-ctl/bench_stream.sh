#!/usr/bin/env bash
# How long from the commit of an alert by another process to the event at a
# subscriber, with SUBSCRIBERS (default 1,000) beside it that wait for another
# symbol (with ACTIVE=1: that get every alert, too), at RATE alerts a second
# (default 27), and what they cost in memory. pulse-eval prints an alert after its
# commit; the difference of both arrivals is the figure.
set -eu
cd "$(dirname "$0")/../../.."
BUILD=${BUILD:-build}
BIN=$PWD/$BUILD/bin
command -v node >/dev/null || {
	echo "node is not here"
	exit 77
}
work=$(mktemp -d)
SERVE=
finish() {
	[ -z "$SERVE" ] || kill "$SERVE" 2>/dev/null || true
	wait || true
	rm -rf "$work"
}
trap finish EXIT
export PULSE_API_KEY=bench-key-0123456789 PULSE_DB=$work/pulse.db
"$BIN/pulse-ctl" rule add BTC 'price >= 100' >/dev/null
"$BIN/pulse-ctl" serve --listen 127.0.0.1:0 2>"$work/err" &
SERVE=$!
until grep -q 'listening on' "$work/err"; do sleep 0.05; done
url=$(sed -n 's/.*listening on \(http[^" ]*\).*/\1/p' "$work/err")
cat >"$work/measure.mjs" <<'END'
import http from 'node:http';
import fs from 'node:fs';
import { spawn } from 'node:child_process';
const [url, bin, pid, subscribers, alerts, rate, active] = process.argv.slice(2);
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const agent = new http.Agent({ maxSockets: Infinity });
const subscribe = (query, onText) => new Promise((done) => {
	http.get(`${url}/api/v1/alerts/stream${query}`, { agent }, (r) => {
		r.setEncoding('utf8');
		r.on('data', onText);
		r.on('error', () => {});
		done();
	});
});
const committed = new Map(), seen = new Map();
const before = rss();
for (let i = 0; i < subscribers; i++) await subscribe(active ? '' : '?symbol=ETH', () => {});
const after = rss();
await subscribe('', (text) => {
	for (const m of text.matchAll(/^id: (.*)$/gm)) seen.set(m[1], performance.now());
});
const evaluate = spawn(`${bin}/pulse-eval`, ['--replay', '-q'], { stdio: ['pipe', 'pipe', 'inherit'] });
evaluate.stdout.setEncoding('utf8');
evaluate.stdout.on('data', (text) => {
	for (const line of text.split('\n').filter(Boolean)) committed.set(JSON.parse(line).id, performance.now());
});
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const begun = performance.now();
for (let i = 0; i < alerts; i++) {
	const t = 1788936600000 + i * 60000;
	evaluate.stdin.write(`{"t":${t},"T":${t + 59999},"s":"BTC","i":"1m","o":"101","c":"101","h":"101","l":"101","v":"1","n":1,"x":true}\n`);
	const wait = begun + (i + 1) * 1000 / rate - performance.now();
	if (wait > 0) await sleep(wait);
}
const took = (performance.now() - begun) / 1000;
evaluate.stdin.end();
await sleep(500);
const ms = [...committed].map(([id, t]) => seen.get(id) - t).sort((a, b) => a - b);
const at = (q) => ms[Math.min(ms.length - 1, Math.floor(q * ms.length))].toFixed(1);
console.log(`${ms.length} alerts, ${(alerts / took).toFixed(0)} a second, ${ms.filter(Number.isFinite).length} seen; commit to event: median ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`);
console.log(`${subscribers} subscribers: ${((after - before) / subscribers).toFixed(1)} KB each`);
process.exit(0);
END
node "$work/measure.mjs" "$url" "$BIN" "$SERVE" "${SUBSCRIBERS:-1000}" "${ALERTS:-100}" "${RATE:-27}" "${ACTIVE:-}"

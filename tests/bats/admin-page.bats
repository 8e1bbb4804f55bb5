# The pages of pulse-ctl serve in a headless Chromium, and what other people's
# programs from npm say of the API. What a page does is in tests/browser/.

# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031,SC2016

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
	cd "$LAB" || return 1
	TESTS=$BATS_TEST_DIRNAME/..
	PULSE_NODE_MODULES=${PULSE_NODE_MODULES:-$TESTS/../build/npm/test/node_modules}
	PULSE_CHROMIUM=${PULSE_CHROMIUM:-/usr/bin/chromium}
	PULSE_KEY=test-admin-key-0123456789
	# The browser keeps its own files below HOME and TMPDIR.
	export PULSE_NODE_MODULES PULSE_CHROMIUM PULSE_KEY TMPDIR=$LAB
}

teardown() {
	lab_end
}

# Start serve: $URL, $SERVE_PID.
serve() { # [PORT]
	PULSE_API_KEY=$PULSE_KEY lab_run serve pulse-ctl serve \
	    --listen "127.0.0.1:${1:-0}"
	SERVE_PID=$LAB_PID
	until_true 20 grep -q 'listening on' serve.err || {
		cat serve.err >&2
		return 1
	}
	URL=$(sed -n 's/.*listening on \([^" ]*\).*/\1/p' serve.err)
}

# A port that nobody listens on, below those that the kernel chooses.
quiet_port() {
	local port

	while port=$((20000 + RANDOM % 10000)); do
		(: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

needs_node() { # PACKAGE
	command -v node >/dev/null || skip "node is not installed"
	[ -d "$PULSE_NODE_MODULES/$1" ] ||
	    skip "no $1 (make build/npm/test.done fetches it)"
}

# The browser walks through one scenario of admin-page.mjs.
browse() { # SCENARIO [WEBHOOK]
	needs_node playwright-core
	needs_node axe-core
	[ -x "$PULSE_CHROMIUM" ] || skip "chromium is not installed"
	timeout 300 node "$TESTS/browser/admin-page.mjs" "$1" "$URL" "${2:-}"
}

# A store with candles, three rules and their alerts, none of them late.
market() {
	local one

	for one in \
	    '{"name":"Over the top","rule_type":"price_threshold","config":{"threshold":"50100","operator":"cross_up"}' \
	    '{"name":"Oversold, by a name that is long enough to need a second line on a small screen","rule_type":"rsi","config":{"direction":"oversold","threshold":45}' \
	    '{"name":"At the upper band","rule_type":"bollinger_bands","config":{"band":"upper","event":"touch"}'; do
		pulse-ctl rule add >>rules.ndjson <<<"$one,\"symbol\":\"BTC\",\"interval\":\"15m\"}"
	done
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	pulse-ctl channel add "$(printf 'long%.0s' {1..15})-by" slack --file url=url
	awk -f "$TESTS/market.awk" -v n=600 -v seed=3 >candles.ndjson
	pulse-eval --replay -q <candles.ndjson >alerts.ndjson
	[ -s alerts.ndjson ]
}

@test "a rule made by the form alerts live; its delivery is told, repeated and paused" {
	lab_sim --coin BTC,px=95000,rate=5
	lab_sink --answer '{"path":"/hook","n":1,"status":400}' \
	    --answer '{"path":"/hook","status":200}'
	serve
	lab_run pipe bash -c 'hl-ingest --rules | pulse-eval | pulse-send'
	lab_run again bash -c 'pulse-retry --follow | pulse-send'
	browse story "$SINK/hook"
	# What arrived twice says so: the same id.
	[ "$(jq -r '.headers["webhook-id"]' sink.ndjson | sort | uniq -c |
	    awk '{ print $1 }')" = 2 ]
}

@test "everything can be done by keyboard, and the focus is never lost" {
	serve
	browse keyboard
}

@test "faults are shown at their fields; nobody's change is overwritten; a wrong key is asked again" {
	unset PULSE_ALLOW_PRIVATE
	serve
	browse faults
}

@test "a key that sees shortened URLs changes a rule and leaves the URLs whole" {
	pulse-ctl rule add <<<'{"name":"Secret","symbol":"BTC","rule_type":"candle_close","config":{"value":"1","operator":">"},"discord_webhook_url":"https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz"}'
	PULSE_PLAIN_KEY=$(pulse-ctl key create --json plain | jq -r .key)
	export PULSE_PLAIN_KEY
	[ "${PULSE_PLAIN_KEY#pk_}" != "$PULSE_PLAIN_KEY" ]
	serve
	browse redacted
}

@test "a long list of rules is shown by page and by filter, and markup stays text" {
	jq -cn 'range(120) | {name: "rule \(.)", symbol: "BTC",
	    rule_type: "candle_close", config: {value: (. + 1), operator: ">"}} |
	    if .name == "rule 7" then
		.name = "<img src=x onerror=alert(1)>" | .symbol = "kPEPE" |
		.is_active = false
	    else . end' | pulse-ctl rule import
	serve
	browse list
}

# Alerts of minutes N and later, COUNT of them.
minutes() { # FIRST COUNT
	jq -cn --argjson first "$1" --argjson count "$2" '
	    range($first; $first + $count) | 1788936600000 + . * 60000 |
	    {t: ., T: (. + 59999), s: "BTC", i: "1m", o: "101", c: "101",
	     h: "101", l: "101", v: "1", n: 1, x: true}' |
	    pulse-eval --replay -q >/dev/null
}

@test "after a break the alerts go on where they stopped, and a flood is borne" {
	pulse-ctl rule add <<<'{"name":"Over 100","symbol":"BTC","rule_type":"candle_close","config":{"value":"100","operator":">="}}'
	# The port must be free again after the break: none that the kernel gives to
	# connections meanwhile.
	port=$(quiet_port)
	serve "$port"
	browse resume >steps &
	browser=$!
	lab_note "$browser"
	until_true 90 grep -qx first steps
	minutes 0 1
	until_true 90 grep -qx stop steps
	kill "$SERVE_PID"
	wait "$SERVE_PID"
	until_true 90 grep -qx start steps
	minutes 1 3
	serve "$port"
	until_true 90 grep -qx many steps
	minutes 4 900
	wait "$browser" || {
		cat steps
		return 1
	}
}

@test "a rule's channels are chosen among those there are, and health shows how they do, and what coin is unknown" {
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	pulse-ctl channel add zulu slack --file url=url
	pulse-ctl channel add ops generic --file url=url
	pulse-ctl channel add phone ntfy --file url=url --set paused=yes
	pulse-ctl rule add <<<'{"name":"Named","symbol":"BTC","rule_type":"candle_close","config":{"value":"1","operator":">"},"channels":["zulu","gone-since"]}'
	sqlite3 pulse.db "INSERT INTO endpoints VALUES ('channel:ops', 'ops', 9, 3, 1, 0, 0, 1788936660000, '410: the address is gone', 1),
	    ('channel:zulu', 'zulu', 7, 1, 1, 4000000000000, 0, 0, NULL, 1);
	    INSERT INTO components VALUES ('hl-ingest', '', 4000000000000,
	    '{\"series_refused\":1,\"refused\":[{\"symbol\":\"btc\",\"interval\":\"1m\",\"like\":[\"BTC\"]}]}')"
	serve
	browse channels
}

@test "every view fits a small and a wide screen, dark and light, and axe has nothing to say" {
	market
	serve
	browse looks
}

@test "the chart shows the candles, the rule's indicator and its alerts" {
	market
	pulse-ctl rule add kTINY:15m 'bollinger touch upper'
	jq -c '.s = "kTINY" | (.o, .h, .l, .c) |= (tonumber / 5e6 | tostring)' \
	    candles.ndjson | pulse-eval --replay -q >/dev/null
	serve
	browse chart
}

@test "the page of the API calls what it describes" {
	serve
	browse docs
}

# --- from npm ---------------------------------------------------------------

@test "a build without npm, or without a way to its registry, says so and goes on" {
	install=$TESTS/../packaging/npm/install.sh
	NPM=no-such-npm run -0 --separate-stderr "$install" pages "$LAB/pages"
	[[ $stderr == "note: there is no npm: the admin page will have no charts" ]]
	[ ! -e "$LAB/pages/node_modules" ]
	command -v npm >/dev/null || skip "npm is not installed"
	export npm_config_registry=http://127.0.0.1:9/ npm_config_cache=$LAB/cache
	run -0 --separate-stderr "$install" test "$LAB/test"
	[[ $stderr == "note: npm ci failed ("*"tests that need npm packages are skipped" ]]
	[ ! -e "$LAB/test/node_modules" ]
}

@test "packages are pinned by version and hash, and no address is written down" {
	cd "$TESTS/../packaging/npm"
	jq -e '[.dependencies, .devDependencies | .[]] |
	    all(test("^[0-9]+[.][0-9]+[.][0-9]+$"))' package.json
	jq -e '.packages | to_entries | map(select(.key != "")) |
	    (length > 10) and all(.value.integrity | startswith("sha512-"))' \
	    package-lock.json
	run -1 grep -E '://|"resolved"' package.json package-lock.json .npmrc
}

# --- without a browser ------------------------------------------------------

@test "candles carry the indicator values that pulse-eval --values prints" {
	market
	serve
	specs=rsi:14,macd:12:26:9,bb:20:2,ema:50
	pulse-eval --values "$specs" <candles.ndjson | tail -n 100 |
	    jq -c '[.t, .values]' >want
	curl -s -m 20 "$URL/api/v1/candles?symbol=BTC&interval=15m&order=desc&limit=100&values=$specs" |
	    jq -c '.candles | reverse[] |
		[(.timestamp | sub("\\.000Z"; "Z") | fromdate * 1000), .values]' >got
	[ "$(wc -l <got)" -eq 100 ]
	# The recursions began elsewhere and have long forgotten it.
	run -0 jq -n --slurpfile want want --slurpfile got got '
	    def flat: [paths(type == "number") as $p | getpath($p)];
	    [$want, $got] | map(flat) | transpose |
	    map(select(((.[0] - .[1]) | fabs) > 1e-6 * (.[0] | fabs) + 1e-9)) | length'
	[ "$output" -eq 0 ]
	jq -c '.[0], (.[1] | keys)' want >names.want
	jq -c '.[0], (.[1] | keys)' got | diff - names.want

	# Ascending, by page, and by a rule: the same values of the same bars.
	curl -s -m 20 "$URL/api/v1/candles?symbol=BTC&interval=15m&order=asc&offset=500&limit=100&values=$specs" |
	    jq -c '.candles[] | .timestamp' >asc
	[ "$(wc -l <asc)" -eq 100 ]
	rule=$(jq -r 'select(.rule_type == "rsi").id' rules.ndjson)
	curl -s -m 20 "$URL/api/v1/candles?symbol=BTC&interval=15m&limit=1&rule_id=$rule" |
	    jq -e --argjson want "$(tail -n 1 got | jq '.[1]["rsi:14"]')" '
		.candles[0].values | keys == ["rsi:14"] and
		((.["rsi:14"] - $want) | fabs) < 1e-4'
}

@test "values that cannot be are refused, and a bar before the indicator is warm has null" {
	market
	serve
	for bad in nope rsi:0 rsi:14,rsi:14 sma:1,sma:2,sma:3,sma:4,sma:5 %2C; do
		[ "$(curl -s -m 20 -o body -w '%{http_code}' \
		    "$URL/api/v1/candles?symbol=BTC&values=$bad")" = 422 ]
		jq -e '.detail[0].loc == ["query", "values"]' body
	done
	[ "$(curl -s -m 20 -o body -w '%{http_code}' \
	    "$URL/api/v1/candles?symbol=BTC&rule_id=00000000-0000-4000-8000-000000000000")" = 404 ]
	curl -s -m 20 "$URL/api/v1/candles?symbol=BTC&interval=15m&order=asc&limit=20&values=sma:15" |
	    jq -e '.candles | (.[13].values["sma:15"] == null) and
		(.[14].values["sma:15"] | type) == "number"'
	curl -s -m 20 "$URL/api/v1/candles?symbol=NONE&values=rsi" | jq -e '.candles == []'
}

@test "a linter of OpenAPI documents has nothing to say of /openapi.json" {
	needs_node @redocly/openapi-core
	serve
	curl -s -m 20 "$URL/openapi.json" >openapi.json
	run -0 node "$TESTS/browser/openapi.mjs" openapi.json
	[ -z "$output" ]
	# It does read it.
	jq 'del(.info.title) | .paths["/health"].get.responses["200"].content |=
	    map_values(.schema = {"$ref": "#/components/schemas/Gone"})' \
	    openapi.json >broken.json
	run -1 node "$TESTS/browser/openapi.mjs" broken.json
	[[ $output == *struct*title* ]]
	[[ $output == *no-unresolved-refs*health* ]]
}

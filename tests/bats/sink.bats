# sink: the webhook receiver answers as its script says, and its record can be
# trusted.

# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
}

teardown() {
	lab_end
}

# The status of a POST to a path, its body in $LAB/body, its head in $LAB/head.
post() { # PATH [CURL-OPTION...]
	local path=$1
	shift

	curl -s -o "$LAB/body" -D "$LAB/head" -w '%{http_code}\n' \
	    -d '{"a":1}' "$@" "$SINK$path"
}

script() {
	curl -sf -d "$1" "$SINK/_sink/script" >"$LAB/script"
}

head_has() {
	tr -d '\r' <"$LAB/head" | grep -qix -- "$1" || {
		cat "$LAB/head" >&2
		return 1
	}
}

# --- the record -------------------------------------------------------------

@test "a request is recorded as one line before it is answered" {
	lab_sink
	[ "$(post '/hook?x=1' -H 'X-One: a' -H 'x-one: b' -H 'X-Two: é')" = 200 ]
	jq -se 'length == 1' "$LAB/sink.ndjson"
	jq -e '.method == "POST" and .path == "/hook" and .query == "x=1" and
	    .body == "{\"a\":1}" and .headers["x-one"] == "a, b" and
	    .headers["x-two"] == "é" and .seq == 1 and .conn == 1 and
	    (.us / 1000000 - now | fabs) < 10' "$LAB/sink.ndjson"
}

@test "a body that is not UTF-8 is recorded in base64, an empty one as empty" {
	lab_sink
	printf 'a\377\n' | curl -s --data-binary @- "$SINK/x" >"$LAB/body"
	curl -s -X POST "$SINK/y" >"$LAB/body"
	jq -se '.[0].body == null and .[0].body_base64 == "Yf8K" and
	    .[1].body == ""' "$LAB/sink.ndjson"
}

@test "bodies come whole: chunked, expected, megabytes long" {
	lab_sink
	[ "$(post /c -H 'Transfer-Encoding: chunked')" = 200 ]
	head -c 3000000 /dev/zero | tr '\0' x >"$LAB/big"
	[ "$(curl -s -o "$LAB/body" -w '%{http_code}' -H 'Expect: 100-continue' \
	    --data-binary @"$LAB/big" "$SINK/b")" = 200 ]
	jq -se '.[0].body == "{\"a\":1}" and (.[1].body | length) == 3000000' "$LAB/sink.ndjson"
}

@test "a connection is kept, and its number recorded" {
	lab_sink
	curl -s -o "$LAB/a" -d 1 "$SINK/1" --next -s -o "$LAB/b" -d 2 "$SINK/2"
	curl -s -o "$LAB/c" -d 3 "$SINK/3"
	jq -se 'map(.conn) | .[0] == .[1] and .[1] != .[2]' "$LAB/sink.ndjson"
}

@test "requests may be counted and waited for, by path and prefix" {
	lab_sink
	for p in /a/1 /a/2 /b; do
		post $p >"$LAB/code"
	done
	curl -sf "$SINK/_sink/wait?requests=3" | jq -e '.requests == 3'
	curl -sf "$SINK/_sink/wait?requests=2&path=/a/*" | jq -e .requests
	curl -sf "$SINK/_sink/wait?requests=1&path=/b" | jq -e .requests
	run -22 curl -sf "$SINK/_sink/wait?requests=2&path=/b&timeout=0"
	curl -sf "$SINK/_sink/wait?requests=2&path=/b" >"$LAB/waited" 3>&- &
	post /b >"$LAB/code"
	wait $!
	jq -e '.requests == 4' "$LAB/waited"
	# Its own paths are not recorded.
	jq -se 'length == 4' "$LAB/sink.ndjson"
}

@test "without --record nothing is written" {
	lab_run sink sink --port-file "$LAB/port"
	until_true 10 test -s "$LAB/port"
	SINK=http://127.0.0.1:$(cat "$LAB/port")
	[ "$(post /a)" = 200 ]
	[ "$(wc -l <"$LAB/sink.out")" -eq 1 ]
	lab_run out sink --port-file "$LAB/port2" --record -
	until_true 10 test -s "$LAB/port2"
	SINK=http://127.0.0.1:$(cat "$LAB/port2")
	[ "$(post /a)" = 200 ]
	jq -e '.path == "/a"' "$LAB/out.out"
}

# --- the script -------------------------------------------------------------

@test "answers of a path come in order, the last one repeats" {
	lab_sink --answer '{"path":"/a","n":2,"status":500,"body":"down","type":"text/plain"}' \
	    --answer '{"path":"/a","status":429,"headers":{"Retry-After":"3","X-Y":"z"}}' \
	    --answer '{"path":"/a","status":204}'
	[ "$(post /a)" = 500 ]
	[ "$(cat "$LAB/body")" = down ]
	head_has 'content-type: text/plain'
	[ "$(post /a)" = 500 ]
	[ "$(post /a)" = 429 ]
	head_has 'retry-after: 3'
	head_has 'x-y: z'
	[ "$(post /a)" = 204 ]
	[ "$(post /a)" = 204 ]
	[ "$(post /b)" = 200 ]
	jq -e .ok "$LAB/body"
}

@test "the most precise path wins, and * takes the rest" {
	lab_sink --answer '{"path":"/a*","status":401}' \
	    --answer '{"path":"/ab*","status":402}' \
	    --answer '{"path":"/abc","status":403}' \
	    --answer '{"status":404}'
	[ "$(post /a)" = 401 ]
	[ "$(post /abx)" = 402 ]
	[ "$(post /abc)" = 403 ]
	[ "$(post /x)" = 404 ]
}

@test "a script may be a file, grow at run time, and be forgotten" {
	printf '{"path":"/a","status":500}\n\n{"path":"/b","status":501}\n' >"$LAB/s"
	lab_sink --script "$LAB/s"
	[ "$(post /b)" = 501 ]
	script '{"path":"/b","status":502}
{"path":"/c","body":{"retry_after":0.376}}'
	[ "$(post /b)" = 502 ]
	[ "$(post /c)" = 200 ]
	[ "$(cat "$LAB/body")" = '{"retry_after":0.376}' ]
	curl -sf -X POST "$SINK/_sink/clear" >"$LAB/clear"
	[ "$(post /b)" = 200 ]
	run -22 curl -sf -d '{"path":"/d","colour":"red"}' "$SINK/_sink/script"
	run -22 curl -sf -d 'not JSON' "$SINK/_sink/script"
}

@test "an answer comes late, drips, is chunked, is huge, is a redirect" {
	lab_sink --answer '{"path":"/late","delay_ms":300}' \
	    --answer '{"path":"/drip","drip_ms":20,"body":"0123456789"}' \
	    --answer '{"path":"/chunk","chunked":true,"size":5000}' \
	    --answer '{"path":"/huge","size":5000000}' \
	    --answer '{"path":"/move","redirect":"http://169.254.169.254/"}'
	jq -ne "$(post /late -w ' %{time_total}' | awk '{ print $NF }') > 0.3"
	jq -ne "$(post /drip -w ' %{time_total}' | awk '{ print $NF }') > 0.18"
	[ "$(cat "$LAB/body")" = 0123456789 ]
	post /chunk >"$LAB/code"
	[ "$(wc -c <"$LAB/body")" -eq 5000 ]
	head_has 'transfer-encoding: chunked'
	post /huge >"$LAB/code"
	[ "$(wc -c <"$LAB/body")" -eq 5000000 ]
	[ "$(post /move)" = 302 ]
	head_has 'location: http://169.254.169.254/'
}

@test "a connection ends in every way instead of an answer" {
	lab_sink --answer '{"path":"/close","end":"close"}' \
	    --answer '{"path":"/reset","end":"reset"}' \
	    --answer '{"path":"/hang","end":"hang"}' \
	    --answer '{"path":"/early","end":"early"}' \
	    --answer '{"path":"/half","end":"half","size":1000}' \
	    --answer '{"path":"/after","end":"after"}'
	run -52 post /close
	run -56 post /reset
	run -28 post /hang -m 0.3
	run -18 post /half
	[ "$(wc -c <"$LAB/body")" -eq 500 ]
	head -c 5000000 /dev/zero >"$LAB/big"
	# The body was not read: the sender sees the reset or a broken pipe.
	run curl -s --data-binary @"$LAB/big" "$SINK/early"
	[ "$status" -eq 55 ] || [ "$status" -eq 56 ]
	# An answer that keeps the connection, which then is gone.
	run -0 curl -s -o "$LAB/a" -d 1 "$SINK/after" --next \
	    -s -o "$LAB/b" -w '%{http_code} %{num_connects}' -d 2 "$SINK/next"
	[ "$output" = '200 1' ]
	jq -se 'map(.path) == ["/close", "/reset", "/hang", "/half", "/early",
	    "/after", "/next"] and .[4].body == null' "$LAB/sink.ndjson"
}

# --- the services -----------------------------------------------------------

@test "Discord gives the message back with ?wait=true, and 204 without" {
	lab_sink
	hook=/api/v10/webhooks/1/token
	discord() {
		curl -s -o "$LAB/body" -D "$LAB/head" -w '%{http_code}' \
		    -d "$1" "$SINK$hook?wait=true"
	}
	[ "$(discord '{"content":"hi"}')" = 200 ]
	jq -e '.content == "hi" and (.id | type) == "string"' "$LAB/body"
	head_has 'x-ratelimit-limit: 5'
	[ "$(curl -s -o "$LAB/body" -w '%{http_code}' -d '{"content":"hi"}' "$SINK$hook")" = 204 ]
	[ "$(discord '{"content"')" = 400 ]
	[ "$(discord '{}')" = 400 ]
	jq -e '.code == 50006' "$LAB/body"
	long=$(printf '%02000d' 0)
	[ "$(discord "{\"content\":\"$long\"}")" = 200 ]
	[ "$(discord "{\"content\":\"${long}1\"}")" = 400 ]
	[ "$(discord "{\"content\":\"${long%?}é\"}")" = 200 ] # characters, not bytes
	embed="{\"title\":\"t\",\"description\":\"$long\"}"
	[ "$(discord "{\"embeds\":[$embed,$embed]}")" = 200 ]
	[ "$(discord "{\"embeds\":[$embed,$embed,$embed]}")" = 400 ] # 6003
	[ "$(discord '{"embeds":[{},{},{},{},{},{},{},{},{},{},{}]}')" = 400 ]
	[ "$(discord '{"embeds":[{"fields":[{"name":"","value":"x"}]}]}')" = 400 ]
}

@test "Discord's limits are five in two seconds and thirty in sixty" {
	lab_sink --limits
	hook=$SINK/api/v10/webhooks/1/token
	for _ in 1 2 3 4 5; do
		[ "$(curl -s -o "$LAB/body" -w '%{http_code}' -d '{"content":"x"}' "$hook")" = 204 ]
	done
	[ "$(curl -s -o "$LAB/body" -D "$LAB/head" -w '%{http_code}' -d '{"content":"x"}' "$hook")" = 429 ]
	head_has 'x-ratelimit-remaining: 0'
	head_has 'x-ratelimit-scope: user'
	head_has 'retry-after: [12]'
	jq -e '.retry_after > 1 and .retry_after <= 2 and .global == false' "$LAB/body"
	# Another webhook has its own bucket.
	[ "$(curl -s -o "$LAB/body" -w '%{http_code}' -d '{"content":"x"}' "$SINK/api/v10/webhooks/2/token")" = 204 ]
}

@test "what Discord says of waiting is true to the millisecond" {
	lab_sink --limits
	hook=$SINK/api/v10/webhooks/1/token
	# Five in two seconds are let through: more, when curl takes long.
	for _ in $(seq 50); do
		[ "$(curl -s -o "$LAB/body" -w '%{http_code}' -d '{"content":"x"}' "$hook")" = 429 ] && break
	done
	sleep "$(jq .retry_after "$LAB/body")"
	[ "$(curl -s -o "$LAB/body" -w '%{http_code}' -d '{"content":"x"}' "$hook")" = 204 ]
}

@test "Slack, Telegram, ntfy and PagerDuty answer as they do" {
	lab_sink
	say() {
		curl -s -o "$LAB/body" -w '%{http_code}' -d "$2" "$SINK$1"
	}
	[ "$(say /services/T/B/X '{"text":"hi"}')" = 200 ]
	[ "$(cat "$LAB/body")" = ok ]
	[ "$(say /services/T/B/X '{"text"')" = 400 ]
	[ "$(cat "$LAB/body")" = invalid_payload ]
	[ "$(say /bot1:x/sendMessage '{"chat_id":5,"text":"hi"}')" = 200 ]
	jq -e '.ok and .result.message_id > 0 and .result.chat.id == 5' "$LAB/body"
	[ "$(say /bot1:x/sendMessage "{\"chat_id\":5,\"text\":\"$(printf '%04097d' 0)\"}")" = 400 ]
	jq -e '.error_code == 400 and (.description | test("too long"))' "$LAB/body"
	[ "$(say /ntfy '{"topic":"pulse","message":"hi"}')" = 200 ]
	jq -e '.topic == "pulse" and .message == "hi" and .event == "message"' "$LAB/body"
	event='{"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger","dedup_key":"k","payload":{"summary":"s","source":"pulse","severity":"info"}}'
	[ "$(say /v2/enqueue "$event")" = 202 ]
	jq -e '.status == "success" and .dedup_key == "k"' "$LAB/body"
	[ "$(say /v2/enqueue "${event/0123/012}")" = 400 ]
	jq -e '.errors | length == 1' "$LAB/body"
	# Any path may be any of them, and none with --plain.
	script '{"path":"/mine","as":"slack"}'
	[ "$(say /mine '{}')" = 400 ]
	lab_sink --plain
	[ "$(say /services/T/B/X 'x')" = 200 ]
	jq -e .ok "$LAB/body"
}

@test "the other limits are as the services tell" {
	lab_sink --limits
	for _ in 1 2 3 4 5; do
		curl -s -d '{"text":"x"}' "$SINK/services/T" >"$LAB/body"
	done
	[ "$(curl -s -o "$LAB/body" -D "$LAB/head" -w '%{http_code}' -d '{"text":"x"}' "$SINK/services/T")" = 429 ]
	head_has 'retry-after: 1'
	jq -e '.error == "rate_limited"' "$LAB/body"
	for _ in $(seq 20); do
		curl -s -d '{"chat_id":1,"text":"x"}' "$SINK/bot1/sendMessage" >"$LAB/body"
	done
	[ "$(curl -s -o "$LAB/body" -w '%{http_code}' -d '{"chat_id":1,"text":"x"}' "$SINK/bot1/sendMessage")" = 429 ]
	jq -e '.parameters.retry_after | . > 50 and . <= 60' "$LAB/body"
}

# --- the program ------------------------------------------------------------

@test "it speaks TLS with a certificate" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout "$LAB/key" -out "$LAB/cert" -days 2 \
	    -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>"$LAB/openssl"
	lab_sink --tls-cert "$LAB/cert" --tls-key "$LAB/key" \
	    --answer '{"path":"/huge","size":3000000}'
	SINK=https${SINK#http}
	run -0 curl -s --cacert "$LAB/cert" -d hi "$SINK/x"
	[ "$output" = '{"ok":true}' ]
	curl -s --cacert "$LAB/cert" "$SINK/huge" | wc -c | grep -qx ' *3000000'
	run -60 curl -s -d hi "$SINK/x"
	run -2 sink --tls-cert "$LAB/cert"
	run -2 sink --tls-cert "$LAB/key" --tls-key "$LAB/key"
}

@test "what is not HTTP is answered 400 and closed" {
	lab_sink
	run -0 bash -c "exec 5<>/dev/tcp/127.0.0.1/${SINK##*:}
	    printf 'nonsense\r\n\r\n' >&5; cat <&5"
	[[ $output == 'HTTP/1.1 400 '* ]]
}

@test "wrong usage exits 2, --help tells every option" {
	run -2 sink --nonsense
	run -2 sink --answer '{"status":99}'
	run -2 sink --answer '{"end":"maybe"}'
	run -2 sink --script "$LAB/missing"
	run -2 sink operand
	run -0 sink --help
	for o in port port-file record answer script limits plain tls-cert tls-key; do
		grep -q -- "--$o" <<<"$output"
	done
}

@test "fifty connections at once, each request answered" {
	command -v wrk >/dev/null || skip "wrk is not installed"
	lab_run sink sink --port-file "$LAB/port"
	until_true 10 test -s "$LAB/port"
	wrk -t1 -c50 -d1 "http://127.0.0.1:$(cat "$LAB/port")/x" >"$LAB/wrk"
	sed -n 's/^Requests\/sec: */# requests a second: /p' "$LAB/wrk" >&3
	grep -q 'requests in' "$LAB/wrk"
	run ! grep -E 'Socket errors|Non-2xx' "$LAB/wrk"
}

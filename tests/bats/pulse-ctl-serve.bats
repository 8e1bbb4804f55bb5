# pulse-ctl serve: the HTTP API by curl, and by bytes no client would send.

# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031,SC2094,SC2016,SC2059,SC2119

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
	cd "$LAB" || return 1
	unset PULSE_ALLOW_PRIVATE
	ADMIN=test-admin-key-0123456789
}

teardown() {
	lab_end
}

# Start serve: $URL, $PORT, $SERVE_PID.
serve() { # OPTION...
	PULSE_API_KEY=$ADMIN lab_run serve pulse-ctl serve \
	    --listen 127.0.0.1:0 "$@"
	SERVE_PID=$LAB_PID
	until_true 20 grep -q 'listening on' serve.err || {
		cat serve.err >&2
		return 1
	}
	URL=$(sed -n 's/.*listening on \([^" ]*\).*/\1/p' serve.err)
	PORT=${URL##*:}
}

# A request with the admin key: status on stdout; body and head in files.
req() { # METHOD PATH [CURL-OPTION...]
	local method=$1 path=$2
	shift 2
	: >body
	curl -s -m 20 -o body -D answer -w '%{http_code}\n' -X "$method" \
	    -H "X-API-Key: $ADMIN" "$@" "$URL$path"
}

json() { # METHOD PATH BODY [CURL-OPTION...]
	local method=$1 path=$2 text=$3
	shift 3
	req "$method" "$path" -H 'Content-Type: application/json' -d "$text" "$@"
}

# The same without a key.
open_req() { # METHOD PATH [CURL-OPTION...]
	local method=$1 path=$2
	shift 2
	: >body
	curl -s -m 20 -o body -D answer -w '%{http_code}\n' -X "$method" "$@" "$URL$path"
}

head_has() {
	tr -d '\r' <answer | grep -qix -- "$1" || {
		cat answer >&2
		return 1
	}
}

# Fail when grep finds something.
lacks() { # GREP-ARGUMENT...
	if grep -- "$@" >&2; then return 1; fi
}

# Bytes to the server as they are (printf's escapes), and what comes back
# until the server closes or seconds are over.
raw() { # SECONDS BYTES
	local seconds=$1
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	# shellcheck disable=SC2059
	printf "$2" >&9
	timeout "$seconds" cat <&9 || true
	exec 9>&-
}

status_of() { # SECONDS BYTES
	raw "$@" | head -n 1 | tr -d '\r' | cut -d' ' -f2
}

RULE='{"name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":100,"operator":">="}}'
K='X-API-Key: test-admin-key-0123456789\r\n'

# Make 'price >= 100' on SYMBOL fire: an alert in the store.
alert() { # SYMBOL
	printf '{"t":%s,"T":%s,"s":"%s","i":"1m","o":"99","c":"%s","h":"%s","l":"98","v":"1","n":1,"x":true}\n' \
	    1788936600000 1788936659999 "$1" 99 99.5 \
	    1788936660000 1788936719999 "$1" 100.5 101 |
	    pulse-eval --replay -q
}

@test "the ten endpoints of the earlier service answer with its members and codes" {
	serve
	[ "$(open_req GET /health)" = 200 ]
	jq -e '.status == "healthy" and (.timestamp | endswith("Z"))' body
	[ "$(open_req GET /metrics)" = 200 ]
	head_has 'content-type: text/plain; version=0.0.4; charset=utf-8'
	[ "$(open_req GET /metrics -H 'Accept: application/json')" = 200 ]
	jq -e '.rules_active == 0 and .alerts_pending_delivery == 0 and .database_status == "connected"' body
	[ "$(json POST /api/v1/rules "$RULE")" = 201 ]
	id=$(jq -r .id body)
	head_has "location: /api/v1/rules/$id"
	[ "$(open_req GET /api/v1/rules)" = 200 ]
	jq -e --arg id "$id" '.total == 1 and .rules[0].id == $id' body
	[ "$(open_req GET "/api/v1/rules/$id")" = 200 ]
	[ "$(json PUT "/api/v1/rules/$id" '{"cooldown_seconds":60}')" = 200 ]
	jq -e '.cooldown_seconds == 60 and .name == "r"' body
	alert BTC >alerts
	[ "$(open_req GET /api/v1/alerts)" = 200 ]
	a=$(jq -r '.alerts[0].id' body)
	jq -e '.total == 1 and .alerts[0].delivery_status == "none" and .alerts[0].trigger_value == "100.5"' body
	[ "$(open_req GET "/api/v1/alerts/$a/deliveries")" = 200 ]
	jq -e '. == {"attempts":[],"total":0}' body
	[ "$(open_req GET '/api/v1/candles?symbol=BTC')" = 200 ]
	jq -e '.total == 2 and .limit == 200 and .offset == 0 and .order == "desc" and .candles[0].close == "100.5" and .candles[0].interval_seconds == 60' body
	[ "$(req DELETE "/api/v1/rules/$id")" = 204 ]
	[ ! -s body ]
	[ "$(open_req GET "/api/v1/rules/$id")" = 404 ]
	jq -e '. == {"detail":"Rule not found"}' body
	[ "$(open_req GET "/api/v1/alerts/$a")" = 404 ]
}

@test "checks come in the order 401, 429, 404 and 405, 413 and 415, 422" {
	serve
	key=$(pulse-ctl key create small --rate 2 | jq -r .key)
	# Everything is wrong: the missing key is said.
	[ "$(open_req PATCH /nowhere -d x)" = 401 ]
	head_has 'www-authenticate: Bearer'
	for want in 404 404 429; do
		[ "$(curl -s -o body -D answer -w '%{http_code}' -X PATCH -H "X-API-Key: $key" -d x "$URL/nowhere")" = $want ]
	done
	head_has 'retry-after: [0-9]*'
	[ "$(req PATCH /api/v1/rules -d x)" = 405 ]
	head_has 'allow: OPTIONS, GET, HEAD, POST'
	head -c 70000 /dev/zero >big
	[ "$(req POST /api/v1/rules -H 'Content-Type: text/plain' --data-binary @big)" = 413 ]
	[ "$(req POST /api/v1/rules -H 'Content-Type: text/plain' -d '{')" = 415 ]
	[ "$(json POST /api/v1/rules '{')" = 422 ]
	jq -e '.detail[0].type == "json_invalid" and .detail[0].loc == ["body"]' body
	[ "$(json PUT /api/v1/rules/xyz '{}')" = 422 ]
	jq -e '.detail[0].loc == ["path","rule_id"]' body
}

@test "every fault of a rule is named at once, and a fault list of bad JSON is answered 4xx" {
	serve
	[ "$(json POST /api/v1/rules '{"name":"","symbol":"","rule_type":"rsi","config":{"direction":"x","period":1}}')" = 422 ]
	jq -e '[.detail[].loc | join(".")] | contains(["body.name","body.symbol","body.config.direction","body.config.period"])' body
	jq -e 'all(.detail[]; has("type") and has("msg") and has("input"))' body
	for text in '' '[]' 'null' '1' '"x"' '{"name":NaN}' '{"name":"\ud800"}' \
	    '{"name":"\u0000"}' '{"cooldown_seconds":1e400}' '{"a":1}x' '{"a":}' \
	    '{"name":{}}' '{"config":[]}' "{\"name\":\"$(printf '\xff')\"}" \
	    "$(printf '[%.0s' {1..1000})" \
	    '{"name":"r","symbol":"BTC","rule_type":"price_threshold","config":{"threshold":1e300,"operator":">="}}'; do
		code=$(json POST /api/v1/rules "$text")
		[ "$code" = 422 ] || {
			echo "$text: $code"
			cat body
			false
		}
		jq -e '.detail | type == "array"' body >/dev/null
	done
	[ "$(open_req GET /health)" = 200 ]
	[ "$(open_req GET /api/v1/rules)" = 200 ]
	jq -e '.total == 0' body
}

@test "a query out of range is refused with the parameter named" {
	serve
	while read -r path where; do
		code=$(open_req GET "$path")
		[ "$code" = 422 ] || { echo "$path: $code"; false; }
		jq -e --arg w "$where" '[.detail[].loc | join(".")] | index($w)' body >/dev/null || { echo "$path"; cat body; false; }
	done <<-'END'
		/api/v1/rules?limit=0 query.limit
		/api/v1/rules?limit=101 query.limit
		/api/v1/rules?limit=x query.limit
		/api/v1/rules?limit= query.limit
		/api/v1/rules?limit=5;drop query.limit
		/api/v1/rules?offset=-1 query.offset
		/api/v1/rules?is_active=maybe query.is_active
		/api/v1/rules?rule_type=nonsense query.rule_type
		/api/v1/rules?symbol= query.symbol
		/api/v1/rules?cursor=xyz query.cursor
		/api/v1/alerts?rule_id=1 query.rule_id
		/api/v1/alerts?since=soon query.since
		/api/v1/alerts?delivery_status=lost query.delivery_status
		/api/v1/alerts/1 path.alert_id
		/api/v1/alerts/1/deliveries path.alert_id
		/api/v1/candles query.symbol
		/api/v1/candles?symbol=BTC&interval=7m query.interval
		/api/v1/candles?symbol=BTC&interval_seconds=61 query.interval_seconds
		/api/v1/candles?symbol=BTC&limit=501 query.limit
		/api/v1/candles?symbol=BTC&order=up query.order
		/api/v1/candles?symbol=BTC&start_time=x query.start_time
	END
}

@test "webhook URLs are shown whole only to a key with that right" {
	serve
	secret='https://discord.com/api/webhooks/123456789/s3cr3t'
	[ "$(json POST /api/v1/rules "${RULE%\}},\"discord_webhook_url\":\"$secret\"}")" = 201 ]
	id=$(jq -r .id body)
	user=$(pulse-ctl key create user | jq -r .key)
	req GET "/api/v1/rules/$id"
	grep -q s3cr3t body
	tag=$(tr -d '\r' <answer | sed -n 's/^ETag: //p')
	open_req GET "/api/v1/rules/$id"
	lacks s3cr3t body
	jq -e '.discord_webhook_url | endswith("/***")' body
	# Two forms of one rule have two tags.
	lacks -F "$tag" answer
	curl -s -H "Authorization: Bearer $user" "$URL/api/v1/rules" >list
	lacks s3cr3t list
	# What was shown short and comes back unchanged changes nothing.
	shown=$(jq .discord_webhook_url body)
	[ "$(json PUT "/api/v1/rules/$id" "{\"discord_webhook_url\":$shown}")" = 200 ]
	grep -q s3cr3t body
	lacks s3cr3t serve.err
	[ "$(json POST /api/v1/rules "${RULE%\}},\"generic_webhook_url\":\"http://127.0.0.1/x\"}")" = 422 ]
}

CH='{"name":"desk","kind":"slack","url":"https://hooks.slack.com/services/T0/B0/s3cr3t"}'

@test "channels are made, listed by page, changed, paused, resumed and deleted" {
	serve
	[ "$(open_req POST /api/v1/channels -H 'Content-Type: application/json' -d "$CH")" = 401 ]
	[ "$(json POST /api/v1/channels "$CH")" = 201 ]
	head_has 'location: /api/v1/channels/desk'
	jq -e '.kind == "slack" and .state == "ok" and .reason == null and .created_at == .updated_at' body
	[ "$(json POST /api/v1/channels "$CH")" = 409 ]
	for name in a b c; do
		json POST /api/v1/channels "${CH/desk/$name}"
	done
	[ "$(open_req GET '/api/v1/channels?limit=3')" = 200 ]
	jq -e '[.channels[].name] == ["a", "b", "c"] and .next_cursor == "c"' body
	[ "$(open_req GET '/api/v1/channels?limit=3&cursor=c')" = 200 ]
	jq -e '[.channels[].name] == ["desk"] and .next_cursor == null' body

	[ "$(json PUT /api/v1/channels/desk '{"tries":3,"rate":"5/1s"}')" = 200 ]
	tag=$(tr -d '\r' <answer | sed -n 's/^ETag: //p')
	[ "$(json PUT /api/v1/channels/desk '{"tries":null}' -H "If-Match: $tag")" = 200 ]
	jq -e '.tries == null and .rate == "5/1000ms"' body
	[ "$(json PUT /api/v1/channels/desk '{"tries":4}' -H "If-Match: $tag")" = 412 ]
	[ "$(req DELETE /api/v1/channels/desk -H "If-Match: $tag")" = 412 ]
	for fault in '{"name":"other"}' '{"kind":"ntfy"}' '{"chat_id":"1"}' '{"tries":0}' '[]' '{"url":null}'; do
		[ "$(json PUT /api/v1/channels/desk "$fault")" = 422 ]
	done
	[ "$(json PUT /api/v1/channels/nobody '{}')" = 404 ]
	jq -e '. == {"detail":"Channel not found"}' body

	[ "$(req POST /api/v1/channels/desk/pause)" = 200 ]
	jq -e '.state == "paused" and .paused' body
	[ "$(pulse-ctl channel list | jq -r 'select(.name == "desk").state')" = paused ]
	[ "$(req POST /api/v1/channels/desk/resume)" = 200 ]
	jq -e '.state == "ok"' body
	[ "$(req DELETE /api/v1/channels/desk)" = 204 ]
	[ "$(req GET /api/v1/channels/desk)" = 404 ]
	[ "$(req POST /api/v1/channels/desk/pause)" = 404 ]
}

@test "a channel that its receiver made fail says so, and resume makes due what waits" {
	json_rule=$(jq -c '.channels = ["desk"]' <<<"$RULE")
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	pulse-ctl channel add desk slack --file url=url
	pulse-ctl rule add <<<"$json_rule"
	alert BTC
	sqlite3 -cmd '.timeout 5000' pulse.db "INSERT INTO endpoints VALUES ('channel:desk', 'desk', 9, 3, 1, 1788936660000, 0, 1788936660000, '410 Gone', 1);
	    UPDATE deliveries SET next_attempt_ms = 4000000000000"
	serve
	[ "$(open_req GET /api/v1/channels/desk)" = 200 ]
	jq -e '.state == "disabled" and .reason == "410 Gone" and .until == null' body
	[ "$(req POST /api/v1/channels/desk/resume)" = 200 ]
	jq -e '.state == "ok"' body
	[ "$(sqlite3 pulse.db 'SELECT count(*) FROM deliveries WHERE next_attempt_ms < 4000000000000')" = 1 ]
}

@test "a channel's secrets are seen by the right key alone, and sent nowhere else by another" {
	serve
	user=$(pulse-ctl key create user | jq -r .key)
	as_user() { # METHOD PATH BODY
		curl -s -o body -D answer -w '%{http_code}\n' -X "$1" -H "X-API-Key: $user" \
		    -H 'Content-Type: application/json' -d "$3" "$URL$2"
	}
	[ "$(json POST /api/v1/channels '{"name":"phone","kind":"ntfy","url":"https://ntfy.example.com/t0pic-s3cr3t","token":"tk_s3cr3t","headers":{"X-Key":"s3cr3t"}}')" = 201 ]
	[ "$(grep -o s3cr3t body | wc -l)" -eq 3 ]
	for path in /api/v1/channels /api/v1/channels/phone; do
		[ "$(open_req GET $path)" = 200 ]
		lacks s3cr3t body
		as_user GET $path ''
		lacks s3cr3t body
	done
	# What was shown short and comes back unchanged changes nothing.
	cp body shown
	[ "$(as_user PUT /api/v1/channels/phone "$(jq -c '.tries = 2' shown)")" = 200 ]
	lacks s3cr3t body
	req GET /api/v1/channels/phone
	jq -e '.tries == 2 and .token == "tk_s3cr3t" and .headers["X-Key"] == "s3cr3t"' body
	# Another address would be sent the token.
	[ "$(as_user PUT /api/v1/channels/phone '{"url":"https://example.net/mine"}')" = 422 ]
	jq -e '[.detail[].loc[1]] == ["token", "headers"]' body
	[ "$(as_user PUT /api/v1/channels/phone '{"url":"https://example.net/mine","token":null,"headers":{"X-Key":"***"}}')" = 422 ]
	[ "$(as_user PUT /api/v1/channels/phone '{"url":"https://example.net/mine","token":null,"headers":null}')" = 200 ]
	[ "$(json POST /api/v1/channels '{"name":"x","kind":"ntfy","url":"https://ntfy.example.com/t","token":"***"}')" = 422 ]
	lacks s3cr3t serve.err
}

@test "a channel that would be too large to keep is the fault of who asks" {
	serve
	jq -nc '[range(8) | {key: "h\(.)", value: ("x" * 8120)}] | from_entries |
	    {name: "big", kind: "generic", url: "https://example.com/", headers: .}' >big
	[ "$(json POST /api/v1/channels @big)" = 201 ]
	jq -nc '{url: ("https://example.com/" + "x" * 2000)}' >change
	[ "$(json PUT /api/v1/channels/big @change)" = 422 ]
	jq -e '.detail[0].msg | test("too large")' body
	[ "$(req GET /api/v1/channels/big)" = 200 ]
	jq -e '.url == "https://example.com/"' body
}

@test "what runs or reads on the machine is set there, never over HTTP" {
	serve
	echo https://example.com/hook >url
	printf .message >jq
	pulse-ctl channel add bell exec -- /bin/true
	pulse-ctl channel add ops generic --file url=url --file template=jq
	[ "$(json POST /api/v1/channels '{"name":"x","kind":"exec","program":["/bin/sh"]}')" = 422 ]
	jq -e '.detail[0].loc == ["body","kind"]' body
	[ "$(json POST /api/v1/channels '{"name":"x","kind":"slack","url":"https://example.com/","program":["/bin/sh"]}')" = 422 ]
	[ "$(json PUT /api/v1/channels/bell '{"program":["/bin/sh"]}')" = 403 ]
	[ "$(json PUT /api/v1/channels/bell '{"tries":2}')" = 403 ]
	[ "$(req DELETE /api/v1/channels/bell)" = 403 ]
	[ "$(json PUT /api/v1/channels/ops '{"kind":"exec","program":["/bin/sh"]}')" = 422 ]
	for local in '"template":"."' '"headers_template":"{}"' '"ca_file":"/etc/passwd"'; do
		[ "$(json POST /api/v1/channels "{\"name\":\"x\",\"kind\":\"generic\",\"url\":\"https://example.com/\",$local}")" = 422 ]
		[ "$(json PUT /api/v1/channels/ops "{$local}")" = 422 ]
		jq -e '.detail[0].msg == "is set on the machine itself"' body
	done
	# The rest of such a channel may be changed, and it may be paused.
	[ "$(json PUT /api/v1/channels/ops '{"tries":2}')" = 200 ]
	jq -e '.template == ".message" and .tries == 2' body
	[ "$(req POST /api/v1/channels/bell/pause)" = 200 ]
	pulse-ctl channel show bell | jq -e '.program == ["/bin/true"] and .paused'
}

@test "addresses of channels are judged as the command line judges them" {
	serve
	for url in http://127.0.0.1/x http://localhost/x http://169.254.169.254/x \
	    http://10.0.0.1/x ftp://example.com/x http://u:p@example.com/ 'http://0x7f.1/'; do
		[ "$(json POST /api/v1/channels "{\"name\":\"x\",\"kind\":\"slack\",\"url\":\"$url\"}")" = 422 ]
		jq -e '.detail[0].loc == ["body","url"]' body
	done
	# One that the operator allowed stays when something else changes.
	echo http://127.0.0.1/x >url
	pulse-ctl channel add here slack --file url=url --allow-private
	[ "$(json PUT /api/v1/channels/here '{"tries":2}')" = 200 ]
	[ "$(json PUT /api/v1/channels/here '{"url":"http://127.0.0.1/y"}')" = 422 ]
	pulse-ctl channel edit here --set tries=3
}

@test "an update with an old ETag is refused, one with the present one is done" {
	serve
	json POST /api/v1/rules "$RULE"
	id=$(jq -r .id body)
	tag=$(tr -d '\r' <answer | sed -n 's/^ETag: //p')
	[ "$(json PUT "/api/v1/rules/$id" '{"name":"a"}' -H "If-Match: $tag")" = 200 ]
	[ "$(json PUT "/api/v1/rules/$id" '{"name":"b"}' -H "If-Match: $tag")" = 412 ]
	[ "$(req DELETE "/api/v1/rules/$id" -H "If-Match: $tag")" = 412 ]
	req GET "/api/v1/rules/$id"
	jq -e '.name == "a"' body
	tag=$(tr -d '\r' <answer | sed -n 's/^ETag: //p')
	[ "$(req GET "/api/v1/rules/$id" -H "If-None-Match: $tag")" = 304 ]
	[ ! -s body ]
	[ "$(json PUT "/api/v1/rules/$id" '{"name":"c"}' -H 'If-Match: *')" = 200 ]
	[ "$(req GET "/api/v1/rules/$id" -H "If-None-Match: $tag")" = 200 ]
}

@test "a POST repeated with its Idempotency-Key makes one rule, over a restart too" {
	serve
	[ "$(json POST /api/v1/rules "$RULE" -H 'Idempotency-Key: once')" = 201 ]
	id=$(jq -r .id body)
	[ "$(json POST /api/v1/rules "$RULE" -H 'Idempotency-Key: once')" = 201 ]
	head_has 'idempotent-replayed: true'
	[ "$(jq -r .id body)" = "$id" ]
	[ "$(json POST /api/v1/rules "${RULE/100/200}" -H 'Idempotency-Key: once')" = 409 ]
	[ "$(json POST /api/v1/rules "$RULE" -H 'Idempotency-Key: two')" = 201 ]
	[ "$(jq -r .id body)" != "$id" ]
	kill "$SERVE_PID"
	wait "$SERVE_PID"
	serve
	[ "$(json POST /api/v1/rules "$RULE" -H 'Idempotency-Key: once')" = 201 ]
	[ "$(jq -r .id body)" = "$id" ]
	[ "$(pulse-ctl rule list | wc -l)" -eq 2 ]
	[ "$(json POST /api/v1/rules "$RULE" -H "Idempotency-Key: $(printf 'x%.0s' {1..256})")" = 422 ]
}

@test "pages by cursor meet every rule once, newest first, while rules are added" {
	for i in 1 2 3 4 5 6 7; do echo "${RULE/\"r\"/\"r$i\"}"; done | pulse-ctl rule import -q >out
	serve
	open_req GET '/api/v1/rules?limit=3'
	jq -r '.rules[].name' body >names
	jq -e '.total == 7' body
	next=$(jq -r .next_cursor body)
	json POST /api/v1/rules "${RULE/\"r\"/\"late\"}"
	while [ "$next" != null ]; do
		open_req GET "/api/v1/rules?limit=3&cursor=$next"
		jq -r '.rules[].name' body >>names
		next=$(jq -r .next_cursor body)
	done
	[ "$(sort names)" = "$(printf 'r%s\n' 1 2 3 4 5 6 7)" ]
	open_req GET '/api/v1/rules?limit=3&offset=6'
	jq -e '(.rules | length) == 2 and .total == 8' body
	for word in True yes 1 on; do
		open_req GET "/api/v1/rules?is_active=$word"
		jq -e '.total == 8' body
	done
	open_req GET '/api/v1/rules?is_active=False'
	jq -e '.total == 0' body
}

@test "reads need a key off loopback unless they are public, and the page and /health never do" {
	PULSE_API_KEY=$ADMIN lab_run serve pulse-ctl serve --listen 0.0.0.0:0
	until_true 20 grep -q 'listening on' serve.err
	URL=http://127.0.0.1:$(sed -n 's/.*listening on http:..0.0.0.0:\([0-9]*\).*/\1/p' serve.err)
	[ "$(open_req GET /api/v1/rules)" = 401 ]
	[ "$(open_req GET /metrics)" = 401 ]
	[ "$(open_req GET /nowhere)" = 401 ]
	for path in /health / /docs /openapi.json; do
		[ "$(open_req GET $path)" = 200 ]
	done
	[ "$(req GET /api/v1/rules)" = 200 ]
	[ "$(req GET /nowhere)" = 404 ]
	kill "$LAB_PID"
	wait "$LAB_PID"
	PULSE_API_KEY=$ADMIN lab_run serve pulse-ctl serve --listen 0.0.0.0:0 --public-reads
	until_true 20 grep -q 'listening on' serve.err
	URL=http://127.0.0.1:$(sed -n 's/.*listening on http:..0.0.0.0:\([0-9]*\).*/\1/p' serve.err)
	[ "$(open_req GET /api/v1/rules)" = 200 ]
	[ "$(open_req POST /api/v1/rules)" = 401 ]
}

@test "the first start makes an admin key, prints it once, and keeps its hash" {
	unset PULSE_API_KEY
	lab_run serve pulse-ctl serve --listen 127.0.0.1:0
	until_true 20 grep -q 'listening on' serve.err
	URL=$(sed -n 's/.*listening on \([^" ]*\).*/\1/p' serve.err)
	ADMIN=$(jq -r .admin_key serve.out)
	[[ $ADMIN == pk_* ]]
	lacks "$ADMIN" serve.err pulse.db pulse.db-wal
	[ "$(json POST /api/v1/rules "$RULE")" = 201 ]
	kill "$LAB_PID"
	wait "$LAB_PID"
	lab_run serve pulse-ctl serve --listen 127.0.0.1:0
	until_true 20 grep -q 'listening on' serve.err
	[ ! -s serve.out ]
	URL=$(sed -n 's/.*listening on \([^" ]*\).*/\1/p' serve.err)
	[ "$(req DELETE "/api/v1/rules/$(jq -r .id body)")" = 204 ]
	echo short >key
	run -69 pulse-ctl serve --listen 127.0.0.1:0 --api-key-file key
	[[ $output == *"shorter than"* ]]
}

@test "a stored key works until another process revokes it, and its last use is noted" {
	serve
	pulse-ctl key create k --rate 50 >key
	key=$(jq -r .key key)
	code() { curl -s -o body -D answer -w '%{http_code}' -X POST -H "X-API-Key: $key" -H 'Content-Type: application/json' -d "$RULE" "$URL/api/v1/rules"; }
	[ "$(code)" = 201 ]
	head_has 'x-ratelimit-limit: 50'
	head_has 'x-ratelimit-remaining: 49'
	head_has 'x-ratelimit-reset: 2'
	until_true 20 bash -c 'pulse-ctl key list | jq -e ".last_used_at != null"' >/dev/null
	pulse-ctl key revoke "$(jq -r .id key)"
	[ "$(code)" = 401 ]
	jq -e '. == {"detail":"Invalid API key"}' body
}

@test "failed keys are limited by address, and a good one has to wait as well" {
	serve
	guess() { curl -s -o body -D answer -w '%{http_code}' -H "X-API-Key: guess-$1" "$URL/api/v1/rules"; }
	[ "$(guess 1)" = 401 ]
	# Ten at once; a slow machine may give one or two more.
	for ((n = 2; n < 40; n++)); do
		[ "$(guess $n)" = 401 ] || break
	done
	[ "$n" -ge 11 ] && [ "$n" -lt 40 ]
	until_true 10 bash -c '[ "$(curl -s -o body -D answer -w "%{http_code}" -H "X-API-Key: one-more" "$1/api/v1/rules")" = 429 ]' x "$URL"
	head_has 'retry-after: [0-9]*'
	[ "$(req GET /api/v1/rules)" = 429 ]
	# Who shows no key is not concerned.
	[ "$(open_req GET /api/v1/rules)" = 200 ]
}

@test "malformed requests are answered 4xx and never stall" {
	serve
	h='Host: x\r\n'
	[ "$(status_of 30 "GET /health\r\n\r\n")" = 400 ]
	[ "$(status_of 30 "GET /health HTTP/1.1\r\n\r\n")" = 400 ]
	[ "$(status_of 30 "GET /health HTTP/1.1\r\n$h$h\r\n")" = 400 ]
	[ "$(status_of 30 "GET /health HTTP/1.1\n$h\n\r\n\r\n")" = 400 ]
	[ "$(status_of 30 "GET /health HTTP/1.1\r\nHost : x\r\n\r\n")" = 400 ]
	[ "$(status_of 30 "GET /health HTTP/1.1\r\n$h folded\r\n\r\n")" = 400 ]
	[ "$(status_of 30 "GET /health HTTP/1.1\r\n${h}A: b\001\r\n\r\n")" = 400 ]
	[ "$(status_of 30 "GET /%%00 HTTP/1.1\r\n$h\r\n")" = 400 ]
	[ "$(status_of 30 "GET /%%zz HTTP/1.1\r\n$h\r\n")" = 400 ]
	[ "$(status_of 30 "G@T / HTTP/1.1\r\n$h\r\n")" = 400 ]
	[ "$(status_of 30 "GET /health HTTP/3.0\r\n$h\r\n")" = 505 ]
	[ "$(status_of 30 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')" = 505 ]
	[ "$(status_of 30 "\026\003\001\002\r\n\r\n")" = 400 ]
	[ "$(status_of 30 "GET /$(printf 'x%.0s' {1..17000}) HTTP/1.1\r\n$h\r\n")" = 431 ]
	many=$(printf 'X-%s: y\\r\\n' {1..70})
	[ "$(status_of 30 "GET /health HTTP/1.1\r\n$h$many\r\n")" = 431 ]
	[ "$(status_of 30 "GET /health HTTP/1.1\r\n${h}Connection: close\r\n\r\n")" = 200 ]
	# Header names that are prefixes of well-known ones.
	for name in A X X-A Ho Accept-C Content-T Sec- If; do
		[ "$(status_of 30 "GET /health HTTP/1.1\r\n$h$name: 1\r\nConnection: close\r\n\r\n")" = 200 ]
	done
	# Paths are not tidied: what is not there is not there.
	[ "$(status_of 30 "GET /x/../health HTTP/1.1\r\n${h}Connection: close\r\n\r\n")" = 404 ]
}

@test "bodies need one strict Content-Length" {
	serve
	p="POST /api/v1/rules HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n$K"
	[ "$(status_of 30 "$p\r\n")" = 411 ]
	[ "$(status_of 30 "${p}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")" = 411 ]
	[ "$(status_of 30 "${p}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}")" = 400 ]
	for length in -5 +2 0x2 '2, 2' '5,  3' 2x 1e3 '' 99999999999999999999999; do
		[ "$(status_of 30 "${p}Content-Length: $length\r\n\r\n{}")" = 400 ]
	done
	[ "$(status_of 30 "${p}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}")" = 400 ]
	[ "$(status_of 30 "${p}Content-Length: 2\r\n\r\n{}")" = 422 ]
	[ "$(status_of 30 "${p}Content-Length: 1000000000\r\n\r\n{}")" = 413 ]
	[ "$(json POST /api/v1/rules "$RULE" -H 'Transfer-Encoding: chunked')" = 411 ]
}

@test "a body that nobody will read gets its answer, and is no second request" {
	serve
	head -c 900000 /dev/urandom >big
	[ "$(req POST /api/v1/rules --data-binary @big)" = 413 ]
	[ "$(open_req POST /api/v1/rules --data-binary @big)" = 401 ]
	smuggle='GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
	raw 30 "POST /api/v1/rules HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n$smuggle" >out
	[ "$(grep -c '^HTTP/1.1 ' out)" -eq 1 ]
	grep -q '^HTTP/1.1 401' out
}

@test "pipelined requests are answered in order" {
	serve
	g='GET /health HTTP/1.1\r\nHost: x\r\n\r\n'
	p="POST /api/v1/rules HTTP/1.1\r\nHost: x\r\n${K}Content-Type: application/json\r\nContent-Length: ${#RULE}\r\n\r\n$RULE"
	raw 30 "$g$p${g}GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" >out
	[ "$(tr -d '\r' <out | sed -n 's/^\({.*}\|\)HTTP.1.1 \([0-9]*\).*/\2/p' | tr '\n' ' ')" = '200 201 200 404 ' ]
}

@test "HEAD, OPTIONS, CONNECT, Expect, Upgrade and HTTP/1.0 are answered in one clear way" {
	serve
	curl -s -I "$URL/health" | tr -d '\r' >answer
	grep -q '^HTTP/1.1 200' answer
	head_has 'content-length: 59'
	[ "$(open_req OPTIONS /api/v1/rules)" = 204 ]
	head_has 'allow: OPTIONS, GET, HEAD, POST'
	lacks -i access-control answer
	[ "$(status_of 30 "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n${K}Connection: close\r\n\r\n")" = 404 ]
	[ "$(curl -s -o body -w '%{http_code} %{http_version}' --http2 "$URL/health")" = '200 1.1' ]
	[ "$(status_of 30 'GET /health HTTP/1.0\r\n\r\n')" = 200 ]
	head -c 2000 /dev/zero | tr '\0' ' ' >blanks
	# curl waits a second for 100 Continue; it comes at once.
	curl -s -o body -w '%{http_code} %{time_total}' -H "X-API-Key: $ADMIN" \
	    -H 'Content-Type: application/json' -H 'Expect: 100-continue' \
	    --expect100-timeout 15 -m 10 --data-binary @blanks "$URL/api/v1/rules" >out
	[ "$(cut -d' ' -f1 out)" = 422 ]
	# HTTP/1.0 knows no interim answer, and wants to be told that it may go on.
	exec 8<>"/dev/tcp/127.0.0.1/$PORT"
	printf "POST /api/v1/rules HTTP/1.0\r\n${K}Expect: 100-continue\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n" >&8
	[ "$(open_req GET /health)" = 200 ]
	printf '{}GET /health HTTP/1.0\r\n\r\n' >&8
	timeout 30 cat <&8 | tr -d '\r' >answer
	exec 8>&-
	[ "$(head -n 1 answer)" = 'HTTP/1.1 422 Unprocessable Content' ]
	[ "$(grep -c '^Connection: keep-alive$' answer)" -eq 1 ]
	# The head of a stream says that the connection ends, and it does.
	exec 8<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'HEAD /api/v1/alerts/stream HTTP/1.1\r\nHost: x\r\n\r\n' >&8
	timeout 20 cat <&8 >answer
	exec 8>&-
	head_has 'connection: close'
	[ "$(status_of 30 "GET /health HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n")" = 417 ]
}

@test "slow clients are ended, and hold nobody up" {
	serve
	exec 8<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /health HTTP/1.1\r\nHo' >&8
	exec 7<>"/dev/tcp/127.0.0.1/$PORT"
	printf "POST /api/v1/rules HTTP/1.1\r\nHost: x\r\n${K}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{" >&7
	[ "$(open_req GET /health)" = 200 ]
	# The head has 10 s; then the server closes.
	timeout 40 cat <&8
	exec 8>&- 7>&-
}

@test "at the connection limit more are turned away with 503, and served again after" {
	serve --max-connections 3
	exec 5<>"/dev/tcp/127.0.0.1/$PORT" 6<>"/dev/tcp/127.0.0.1/$PORT" 7<>"/dev/tcp/127.0.0.1/$PORT"
	until_true 10 bash -c '[ "$(curl -s -o /dev/null -w "%{http_code}" "$1/health")" = 503 ]' x "$URL"
	exec 5>&- 6>&- 7>&-
	until_true 10 bash -c '[ "$(curl -s -o /dev/null -w "%{http_code}" "$1/health")" = 200 ]' x "$URL"
	run -69 bash -c 'ulimit -n 50; PULSE_API_KEY=0123456789abcdef pulse-ctl serve --listen 127.0.0.1:0'
	[[ $output == *descriptors* ]]
}

@test "a unix socket serves, and a second server cannot take it" {
	PULSE_API_KEY=$ADMIN lab_run one pulse-ctl serve --listen "unix:$LAB/s"
	until_true 20 grep -q 'listening on' one.err
	[ "$(curl -s --unix-socket s -o body -w '%{http_code}' http://x/health)" = 200 ]
	[ "$(stat -c %a s)" = 660 ]
	PULSE_API_KEY=$ADMIN run -69 timeout 10 pulse-ctl serve --listen "unix:$LAB/s"
	[[ $output == *"served by another process"* ]]
	[ "$(curl -s --unix-socket s -o body -w '%{http_code}' http://x/health)" = 200 ]
	kill -9 "$LAB_PID"
	wait "$LAB_PID" || true
	[ -S s ]
	PULSE_API_KEY=$ADMIN lab_run two pulse-ctl serve --listen "unix:$LAB/s"
	until_true 20 grep -q 'listening on' two.err
	[ "$(curl -s --unix-socket s -o body -w '%{http_code}' http://x/health)" = 200 ]
	kill "$LAB_PID"
	wait "$LAB_PID"
	[ ! -e s ]
	echo data >file
	PULSE_API_KEY=$ADMIN run -69 pulse-ctl serve --listen "unix:$LAB/file"
	[ "$(cat file)" = data ]
}

@test "TLS serves HTTP/1.1, and refuses plain text" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 \
	    -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	serve --tls-cert c.pem --tls-key k.pem
	[[ $URL == https://* ]]
	[ "$(open_req GET /health --cacert c.pem --http2)" = 200 ]
	head_has 'HTTP/1.1 200 OK'
	head_has 'strict-transport-security: .*'
	[ "$(json POST /api/v1/rules "$RULE" --cacert c.pem)" = 201 ]
	[ -z "$(status_of 30 'GET /health HTTP/1.0\r\n\r\n')" ]
	[ "$(open_req GET /api/v1/rules --cacert c.pem)" = 200 ]
	run -2 pulse-ctl serve --tls-cert c.pem
	PULSE_API_KEY=$ADMIN run -69 pulse-ctl serve --listen 127.0.0.1:0 --tls-cert nowhere --tls-key nowhere
}

@test "the stream gives alerts of any process, resumes, and filters" {
	for s in BTC ETH SOL; do pulse-ctl rule add $s 'price >= 100' >rule; done
	serve
	lab_run sse curl -sN "$URL/api/v1/alerts/stream"
	lab_run lines curl -sN -H 'Accept: application/x-ndjson' "$URL/api/v1/alerts/stream"
	lab_run eth curl -sN -H 'Accept: application/x-ndjson' "$URL/api/v1/alerts/stream?symbol=ETH"
	until_true 10 bash -c '[ "$(curl -s "$1/metrics" | sed -n "s/^pulse_api_stream_subscribers //p")" = 3 ]' x "$URL"
	alert BTC >one
	alert ETH >two
	alert SOL >three
	until_true 10 grep -q SOL lines.out
	until_true 10 grep -q SOL sse.out
	jq -s -e 'map(.symbol) == ["BTC","ETH","SOL"]' lines.out
	[ "$(sed -n 's/^id: //p' sse.out)" = "$(cat one two three | jq -r .id)" ]
	sed -n 's/^data: //p' sse.out | cmp - lines.out
	jq -s -e 'map(.symbol) == ["ETH"]' eth.out
	last=$(jq -r .id one)
	lab_run again curl -sN -H "Last-Event-ID: $last" "$URL/api/v1/alerts/stream"
	until_true 10 grep -q SOL again.out
	[ "$(grep -c '^data: ' again.out)" -eq 2 ]
	[ "$(open_req GET '/api/v1/alerts/stream?rule_id=x')" = 422 ]
	kill "$SERVE_PID"
	wait "$SERVE_PID"
}

@test "a thousand subscribers cost 10 KB each at most" {
	[ -z "${PULSE_SANITIZED:-}" ] || skip "a sanitizer's memory is not ours"
	pulse-ctl rule add BTC 'price >= 100' >rule
	serve
	rss() { awk '/^VmRSS/ { print $2 }' "/proc/$SERVE_PID/status"; }
	req GET /api/v1/rules
	before=$(rss)
	lab_run many bash -c 'ulimit -n 1100; for ((i = 20; i < 1020; i++)); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$1" || exit 1
		printf "GET /api/v1/alerts/stream HTTP/1.1\r\nHost: x\r\n\r\n" >&$fd
		fds+=("$fd")
	done
	echo ready
	for fd in "${fds[@]}"; do
		while read -r -t 20 line <&"$fd"; do [[ $line == data:* ]] && break; done
		[[ $line == data:* ]] || exit 1
	done
	echo all; sleep 60' x "$PORT"
	until_true 40 grep -q ready many.out
	until_true 20 bash -c '[ "$(curl -s "$1/metrics" | sed -n "s/^pulse_api_stream_subscribers //p")" = 1000 ]' x "$URL"
	after=$(rss)
	alert BTC >one
	until_true 40 grep -q all many.out
	echo "$before KB before, $after KB after"
	[ $((after - before)) -le 10000 ]
}

@test "a busy writer delays writes and nothing else" {
	serve
	sqlite3 pulse.db <<-'END' &
		.timeout 5000
		BEGIN IMMEDIATE;
		.shell touch locked; while [ ! -e release ]; do sleep 0.05; done
		COMMIT;
	END
	until_true 10 test -e locked
	json POST /api/v1/rules "$RULE" >code &
	local post=$!
	for i in 1 2 3; do [ "$(open_req GET /api/v1/rules -m 4)" = 200 ]; done
	[ ! -s code ]
	touch release
	wait "$post"
	[ "$(cat code)" = 201 ]
}

@test "a list that takes long is read beside the loop, and holds nobody up" {
	echo "$RULE" | pulse-ctl rule import -q >out
	serve
	lane=$(pgrep -P "$SERVE_PID")
	[ "$(open_req GET '/api/v1/rules?offset=2001')" = 200 ]
	jq -e '.total == 1 and .rules == []' body
	[ "$(open_req GET '/api/v1/candles?symbol=BTC&offset=5000')" = 200 ]
	jq -e '.total == 0 and .offset == 5000' body
	[ "$(open_req GET '/api/v1/alerts?offset=2001&limit=0')" = 422 ]
	jq -e '.detail[0].loc == ["query","limit"]' body
	# As if it took for ever.
	kill -STOP "$lane"
	lab_run first curl -s -m 40 "$URL/api/v1/rules?offset=3000"
	lab_run second curl -s -m 40 "$URL/api/v1/alerts?offset=3000"
	FIRST=$LAB_PID
	lab_run gone curl -s -m 1 "$URL/api/v1/rules?offset=4000"
	wait "$LAB_PID" || true
	lab_run last curl -s -m 40 "$URL/api/v1/candles?symbol=BTC&offset=3000"
	for path in /health /api/v1/rules /api/v1/alerts /metrics; do
		[ "$(open_req GET $path -m 5)" = 200 ]
	done
	[ "$(json POST /api/v1/rules "$RULE" -m 5)" = 201 ]
	[ ! -s first.out ]
	kill -CONT "$lane"
	wait "$LAB_PID"
	wait "$FIRST"
	# Each its own answer, of now.
	jq -e '.rules == [] and .total == 2' first.out
	jq -e '.alerts == []' second.out
	jq -e '.offset == 3000' last.out
}

@test "without the process for long reads lists are still answered" {
	serve
	lane=$(pgrep -P "$SERVE_PID")
	kill -STOP "$lane"
	lab_run one curl -s -m 20 -w '%{http_code}' "$URL/api/v1/rules?offset=3000"
	lab_run two curl -s -m 20 -w '%{http_code}' "$URL/api/v1/rules?offset=4000"
	until_true 10 bash -c '[ "$(curl -s "$1/metrics" | sed -n "s/^pulse_api_connections //p")" = 3 ]' x "$URL"
	kill -9 "$lane"
	wait "$LAB_PID"
	until_true 10 grep -q 503 one.out
	grep -q 503 two.out
	[ "$(open_req GET '/api/v1/rules?offset=3000')" = 200 ]
	jq -e '.total == 0' body
	grep -q 'long reads hold others up' serve.err
	kill "$SERVE_PID"
	wait "$SERVE_PID"
	# And it ends with the server, however that ends.
	serve
	lane=$(pgrep -P "$SERVE_PID")
	kill -9 "$SERVE_PID"
	wait "$SERVE_PID" || true
	until_true 10 bash -c '! kill -0 "$1" 2>/dev/null' x "$lane"
}

@test "many writers at once share transactions, and every rule is there" {
	serve --admin-rate 100000
	seq 60 >n
	xargs -P 12 -I N curl -s -o /dev/null -w '%{http_code}\n' -H "X-API-Key: $ADMIN" \
	    -H 'Content-Type: application/json' -d "${RULE/\"r\"/\"rN\"}" "$URL/api/v1/rules" <n >codes
	[ "$(sort codes | uniq -c | xargs)" = '60 201' ]
	[ "$(pulse-ctl rule list | jq -r .name | sort -u | wc -l)" -eq 60 ]
}

@test "CORS is off, and on for one origin when asked for" {
	serve
	open_req GET /health -H 'Origin: https://a.example'
	lacks -i access-control answer
	kill "$SERVE_PID"
	wait "$SERVE_PID"
	serve --cors-origin https://a.example
	open_req GET /health -H 'Origin: https://a.example'
	head_has 'access-control-allow-origin: https://a.example'
	open_req GET /health -H 'Origin: https://b.example'
	lacks -i access-control-allow answer
	[ "$(open_req OPTIONS /api/v1/rules -H 'Origin: https://a.example' -H 'Access-Control-Request-Method: POST')" = 204 ]
	head_has 'access-control-allow-headers: .*X-API-Key.*'
}

@test "every answer has its security headers, the pages their own policy" {
	serve
	for path in /health /nowhere / /docs; do
		open_req GET $path
		head_has 'x-content-type-options: nosniff'
		head_has 'referrer-policy: no-referrer'
		head_has "content-security-policy: default-src 'none';.*frame-ancestors 'none'.*"
	done
	open_req GET /
	head_has "content-security-policy: .*script-src 'self';.*"
	tag=$(tr -d '\r' <answer | sed -n 's/^ETag: //p')
	[ "$(open_req GET / -H "If-None-Match: $tag")" = 304 ]
	# Nothing is loaded from elsewhere, and nothing is inline.
	sed -n 's/.*\(src\|href\)="\/ui\/\([^"]*\)".*/\2/p' body >names
	while read -r name; do
		[ "$(open_req GET "/ui/$name")" = 200 ]
	done <names
	[ "$(open_req GET /ui/../commands.c --path-as-is)" = 404 ]
	[ "$(open_req GET /ui/nothing)" = 404 ]
}

@test "the access log tells method, path, status, key and peer, and no secret" {
	serve
	json POST /api/v1/rules "$RULE"
	open_req GET "/x?token=s3cr3t"
	raw 30 'GET /"a\\b%%22%%0a%%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >out
	until_true 10 grep -q '"path":"/x"' serve.err
	jq -s -e 'any(.path == "/api/v1/rules" and .method == "POST" and .status == 201 and .key == "admin" and .peer == "127.0.0.1")' serve.err
	lacks "s3cr3t\|$ADMIN" serve.err
	kill "$SERVE_PID"
	wait "$SERVE_PID"
	# All of it is JSON, whatever was asked.
	jq -s -e 'any(.path == "/?a?b???")' serve.err
}

@test "behind a proxy the client's address comes from the proxy's header" {
	serve --behind-proxy
	open_req GET /health -H 'X-Forwarded-For: 6.6.6.6, 192.0.2.7'
	until_true 10 grep -q '"peer":"192.0.2.7"' serve.err
}

@test "the OpenAPI document names every operation that the table serves" {
	serve
	[ "$(open_req GET /openapi.json)" = 200 ]
	jq -e '.openapi == "3.1.0"' body
	jq -r '.paths[][].operationId' body | sort | uniq -d >twice
	[ ! -s twice ]
	# Every reference leads somewhere.
	jq -e '[.. | objects | ."$ref"? // empty | ltrimstr("#/components/schemas/")] - (.components.schemas | keys) == []' body
	jq -e '.components.schemas | has("Config_rsi")' body
}

@test "SIGTERM finishes what is under way and ends with 0" {
	serve
	lab_run sse curl -sN "$URL/api/v1/alerts/stream"
	SSE=$LAB_PID
	until_true 10 grep -q retry sse.out
	kill "$SERVE_PID"
	wait "$SERVE_PID"
	wait "$SSE"
	run -2 pulse-ctl serve --listen 127.0.0.1:99999
	run -2 pulse-ctl serve --listen nonsense
	run -2 pulse-ctl serve --listen unix:
	run -69 pulse-ctl serve --listen unix:/no/such/directory/s
}

@test "after SIGTERM the address is free for a successor, while what is under way is finished" {
	local fd old

	refused() {
		! (: <>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
	}
	serve
	exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
	printf '%s\r\n' 'POST /api/v1/rules HTTP/1.1' 'Host: x' \
	    "X-API-Key: $ADMIN" 'Content-Type: application/json' \
	    "Content-Length: ${#RULE}" 'Connection: close' '' >&"$fd"
	printf %s "${RULE::20}" >&"$fd"
	# An answer to another says that this one was read.
	[ "$(open_req GET /health)" = 200 ]
	old=$SERVE_PID
	kill "$old"
	until_true 5 refused
	mv serve.err old.err
	serve --listen "127.0.0.1:$PORT"
	[ "$(open_req GET /health)" = 200 ]
	kill -0 "$old"
	printf %s "${RULE:20}" >&"$fd"
	timeout 20 head -n 1 <&"$fd" | grep -q '^HTTP/1.1 201'
	exec {fd}>&-
	wait "$old"
	[ "$(req GET /api/v1/rules)" = 200 ]
	[ "$(jq .total body)" = 1 ]
}

@test "behind the nginx of packaging/ chunked bodies, HTTP/2 and the stream work" {
	command -v nginx >/dev/null || skip "nginx is not here"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 \
	    -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	PULSE_API_KEY=$ADMIN lab_run serve pulse-ctl serve --listen "unix:$LAB/s" --behind-proxy
	until_true 20 grep -q 'listening on' serve.err
	chmod 666 s
	chmod 755 "$LAB"
	# As it is, but for paths and the port.
	try_nginx() {
		PORT=$((20000 + RANDOM % 20000))
		{
			echo "pid $LAB/nginx.pid; error_log $LAB/nginx.log;"
			[ "$(id -u)" -ne 0 ] || echo "user root;"
			echo "events {} http { access_log off;"
			for d in client_body proxy fastcgi uwsgi scgi; do echo "${d}_temp_path $LAB/$d;"; done
			sed "s|/run/pulse/api.sock|$LAB/s|; s|listen 443|listen 127.0.0.1:$PORT|
			    s|/etc/ssl/pulse/fullchain.pem|$LAB/c.pem|; s|/etc/ssl/pulse/privkey.pem|$LAB/k.pem|" \
			    "$BATS_TEST_DIRNAME/../../packaging/nginx/pulse.conf"
			echo "}"
		} >nginx.conf
		lab_run nginx nginx -c "$LAB/nginx.conf" -g 'daemon off;'
		URL=https://127.0.0.1:$PORT
		until_true 10 curl -s -o up --cacert c.pem "$URL/health"
	}
	try_nginx || try_nginx
	[ "$(json POST /api/v1/rules "$RULE" --cacert c.pem -H 'Transfer-Encoding: chunked')" = 201 ]
	[ "$(curl -s --cacert c.pem --http2 -o body -w '%{http_version} %{http_code}' "$URL/api/v1/rules")" = '2 200' ]
	grep -q '"peer":"127.0.0.1"' serve.err
	lab_run sse curl -sN --cacert c.pem "$URL/api/v1/alerts/stream"
	until_true 10 grep -q retry sse.out
	alert BTC >one
	until_true 10 grep -q '^data: .*BTC' sse.out
	head -c 70000 /dev/zero >big
	[ "$(req POST /api/v1/rules --cacert c.pem --data-binary @big)" = 413 ]
}

# The names of metrics that a text of packaging/ asks for: PromQL's identifiers
# that begin with pulse_ are metrics.
names_asked() { # FILE...
	cat "$@" |
	    grep -oE '\bpulse_[a-z_]+' | sort -u
}

@test "what the dashboard and the alerting rules ask for is there once the pipeline has run" {
	export PULSE_ALLOW_PRIVATE=1
	lab_sim --speed 60 --history 5m
	lab_sink
	echo "$SINK/hook" >url
	pulse-ctl rule add BTC 'price >= 1' --webhook-file url >rule
	lab_run ingest hl-ingest --rules --confirm off
	until_true 30 bash -c 'pulse-ctl status --json | grep -q "\"tool\":\"hl-ingest\""'
	# Two processes of each: pulse-send adds to what the first one counted.
	judge() { # TIME-OF-OPENING...
		for t; do
			printf '{"t":%s,"T":%s,"s":"BTC","i":"1m","o":"9","c":"9","h":"9","l":"9","v":"1","n":1,"x":true,"E":%s}\n' \
			    "$t" $((t + 59999)) $((t + 60010))
		done | pulse-eval --replay -q | pulse-send -q
	}
	judge 1788936600000 >one
	judge 1788936660000 1788936720000 >two
	[ "$(cat one two | jq -s 'map(select(.status == "delivered")) | length')" -eq 3 ]
	serve
	open_req GET /metrics
	cp body metrics
	sample() { sed -n "s/^$1 //p" metrics; }
	host=$(hostname)
	[ "$(sample "pulse_eval_alerts_by_type_total{host=\"$host\",rule_type=\"price_threshold\"}")" -eq 2 ]
	[ "$(sample "pulse_eval_alerts_by_type_total{host=\"$host\",rule_type=\"rsi\"}")" -eq 0 ]
	[ "$(sample "pulse_eval_lag_seconds_count{host=\"$host\"}")" -eq 2 ]
	[ "$(sample "pulse_send_delivered_total{host=\"$host\"}")" -eq 3 ]
	[ "$(sample "pulse_send_attempt_latency_seconds_count{host=\"$host\"}")" -eq 3 ]
	[ "$(sample "pulse_send_candle_to_delivery_seconds_count{host=\"$host\"}")" -eq 3 ]
	[ "$(sample "pulse_send_queued{host=\"$host\"}")" -eq 0 ]
	grep -q '^pulse_deliveries{channel="generic",status="delivered"} 3$' metrics
	packaging=$BATS_TEST_DIRNAME/../../packaging
	names_asked "$packaging/grafana/pulse.json" "$packaging/prometheus/pulse.rules.yml" >asked
	[ "$(wc -l <asked)" -gt 15 ]
	# Families whose samples come with the first request or delivery that
	# waits have their name at least.
	sed -n 's/^# TYPE \([a-z_]*\) histogram$/\1_bucket/p; s/^# TYPE \([a-z_]*\) .*/\1/p' metrics | sort -u >there
	comm -23 asked there >missing
	[ ! -s missing ] || {
		cat missing >&2
		false
	}
	command -v promtool >/dev/null || skip "promtool is not here (tests/promtool.sh)"
	promtool check metrics <metrics
}

@test "the metrics of every stage pass promtool" {
	pulse-ctl rule add BTC 'price >= 100' >rule
	alert BTC >one
	pulse-ctl db check >out
	sqlite3 pulse.db "INSERT OR REPLACE INTO components (name, instance, time_ms, counters) VALUES
		('hl-ingest', 'a\"b', $(date +%s)000, '{\"candles_total\":5,\"gaps_total\":0,\"reconnects_total\":1,\"backfilled_total\":2,\"series_behind\":0}'),
		('hl-ingest', 'c', $(date +%s)000, '{\"candles_total\":7,\"offset_ms\":-250,\"latency_us_p50\":12}'),
		('pulse-send', 'x', $(date +%s)000, '{\"deliveries_total\":{\"by\":\"status\",\"n\":{\"delivered\":3}},\"attempt_latency_seconds\":{\"le\":[0.1,1],\"counts\":[5,2,1],\"sum\":3.5}}')"
	serve
	open_req GET /metrics
	cp body metrics
	grep -qx 'pulse_ingest_candles_total{host="a\\"b"} 5' metrics
	grep -qx 'pulse_ingest_candles_total{host="c"} 7' metrics
	[ "$(grep -c '^# TYPE pulse_ingest_candles_total counter' metrics)" -eq 1 ]
	grep -qx 'pulse_send_deliveries_total{host="x",status="delivered"} 3' metrics
	grep -qx 'pulse_send_attempt_latency_seconds_bucket{host="x",le="1"} 7' metrics
	grep -qx 'pulse_send_attempt_latency_seconds_bucket{host="x",le="+Inf"} 8' metrics
	grep -qx 'pulse_ingest_offset_seconds{host="c"} -0.25' metrics
	grep -qx 'pulse_ingest_latency_p50_seconds{host="c"} 1.2e-05' metrics
	grep -qx 'pulse_rules{state="active"} 1' metrics
	jq -e . "$BATS_TEST_DIRNAME/../../packaging/grafana/pulse.json" >grafana
	command -v promtool >/dev/null || skip "promtool is not here (tests/promtool.sh)"
	promtool check metrics <metrics
	promtool check rules "$BATS_TEST_DIRNAME/../../packaging/prometheus/pulse.rules.yml"
}

@test "every operation does what the OpenAPI document says, and a linter agrees with it" {
	command -v node >/dev/null || skip "node is not here"
	modules=${PULSE_NODE_MODULES:-$BATS_TEST_DIRNAME/../../build/npm/test/node_modules}
	[ ! -d "$modules" ] || export PULSE_NODE_MODULES=$modules
	id=$(pulse-ctl rule add BTC 'price >= 100' | jq -r .id)
	alert BTC >one
	echo https://example.com/hook >url
	pulse-ctl channel add desk generic --file url=url
	serve --admin-rate 1000000
	node "$BATS_TEST_DIRNAME/../openapi/check.mjs" "$URL" "$ADMIN" "$id" "$(jq -r .id one)" desk >tap || {
		grep -A 12 '^not ok' tap
		false
	}
	[ "$(grep -c '^ok' tap)" -gt 300 ]
}

@test "ready names what is missing, and is 200 when all is there" {
	serve
	[ "$(open_req GET /ready)" = 503 ]
	jq -e '.status == "not ready" and (.missing | length) == 2' body
	beat() { # NAME MEMBERS
		sqlite3 -cmd '.timeout 5000' pulse.db "INSERT OR REPLACE INTO components (name, instance, time_ms, counters) VALUES ('$1', '', $(date +%s)000, '{$2}')"
	}
	beat hl-ingest '"candles_total":1'
	beat pulse-eval '"ended":true'
	[ "$(open_req GET /ready)" = 503 ]
	jq -e '.missing == ["pulse-eval gives no fresh heartbeat"]' body
	beat pulse-eval '"candles_total":1'
	[ "$(open_req GET /ready)" = 200 ]
	jq -e '.status == "ready" and .missing == []' body
}

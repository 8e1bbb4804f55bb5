# pulse-ctl: the command line. What is said of every command: it prints
# records where they can be piped, columns where they are read, names each
# fault, and exits as the manual says.

# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031,SC2094,SC2016,SC2059

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PULSE_TESTBIN=${PULSE_TESTBIN:-$BATS_TEST_DIRNAME/../../build/tests}
	# shellcheck source=tests/lab.bash
	source "$BATS_TEST_DIRNAME/../lab.bash"
	lab_begin "$BATS_TEST_TMPDIR"
	cd "$LAB" || return 1
	unset PULSE_ALLOW_PRIVATE
}

teardown() {
	lab_end
}

# Run on a terminal of 200 columns: what a person sees.
on_terminal() {
	script -qec "stty cols 200; $*" /dev/null | tr -d '\r'
}

# Fail when grep finds something.
lacks() { # GREP-ARGUMENT...
	if grep -- "$@" >&2; then return 1; fi
}

# A rule's id; the rule is made from the words given.
add() {
	pulse-ctl rule add "$@" | jq -r .id
}

# Two closed candles that make 'price >= 100' fire on SYMBOL: alerts and
# deliveries in the store.
alert() { # SYMBOL
	printf '{"t":%s,"T":%s,"s":"%s","i":"1m","o":"99","c":"%s","h":"%s","l":"98","v":"1","n":1,"x":true}\n' \
	    1788936600000 1788936659999 "$1" 99 99.5 \
	    1788936660000 1788936719999 "$1" 100.5 101 |
	    pulse-eval --replay -q
}

@test "help lists every command and each command's help begins with examples" {
	pulse-ctl help >all
	grep -q '^Examples:' all
	local n=0
	while read -r line; do
		# shellcheck disable=SC2086
		pulse-ctl help $line >one
		head -n 1 one | grep -qx 'Examples:'
		grep -q "^Usage: pulse-ctl $line" one
		n=$((n + 1))
	done < <(sed -n 's/^  \([a-z]*\( [a-z]*\)\{0,1\}\)  .*/\1/p' all)
	[ "$n" -ge 28 ]
	pulse-ctl rule add --help | cmp - <(pulse-ctl help rule add)
}

@test "an unknown command is refused with the one that was meant" {
	run -2 pulse-ctl rule lst
	[[ $output == *"did you mean 'rule list'?"* ]]
	run -2 pulse-ctl staus
	[[ $output == *"did you mean 'status'?"* ]]
	run -2 pulse-ctl rule
	[[ $output == *"what to do is missing: add, list, show, "* ]]
	[[ $output != *"did you mean"* ]]
	run -2 pulse-ctl rules
	[[ $output == *"did you mean 'rule list'?"* ]]
	run -2 pulse-ctl alerts
	[[ $output == *"did you mean 'alert list'?"* ]]
	run -2 pulse-ctl xyzzy
	[[ $output != *"did you mean"* ]]
	run -2 pulse-ctl
	run -2 pulse-ctl rule list --bogus
	[[ $output == *"pulse-ctl rule list"*"--bogus"* ]]
}

@test "the first word of commands has a help of its own" {
	for line in 'help rule' 'rule --help' '-h rule'; do
		# shellcheck disable=SC2086
		run -0 pulse-ctl $line
		[[ $output == *"rule add"*"rule diff"* ]]
		[[ $output != *"alert list"* ]]
	done
	run -2 pulse-ctl help ruel
}

@test "a rule names channels by words, and is warned of one that is not there" {
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	pulse-ctl channel add desk slack --file url=url
	run -0 --separate-stderr pulse-ctl rule add BTC 'price > 1' --channel desk
	[ -z "$stderr" ]
	id=$(jq -r .id <<<"$output")
	run -0 --separate-stderr pulse-ctl rule edit "$id" --channel desk,ops
	jq -e '.channels == ["desk", "ops"]' <<<"$output"
	[[ $stderr == *"there is no channel 'ops' yet"*"pulse-ctl channel add ops"* ]]
	on_terminal pulse-ctl rule list | grep -q 'desk,ops'
	run -0 --separate-stderr pulse-ctl rule edit "$id" --no-channel
	jq -e '.channels == null' <<<"$output"
	run -1 pulse-ctl rule edit "$id" --channel 'a b'
	# What could never be a channel's name is no name of one.
	for name in Desk discord ''; do
		run -1 pulse-ctl rule edit "$id" --channel "$name"
	done
	pulse-ctl rule export >rules
	jq -c '.channels = ["desk","away"]' rules | pulse-ctl rule import 2>warning
	grep -q "there is no channel 'away' yet" warning
}

@test "an interval given twice must be the same" {
	run -2 pulse-ctl rule add BTC:1h 'price > 1' --interval 5m
	[[ $output == *"BTC:1h"*"5m"* ]]
	pulse-ctl rule add BTC:5m 'price > 1' --interval 5m
}

@test "an interval that is none is refused, not taken for a part of the symbol" {
	local s
	for s in BTC:7m BTC:1H BTC: xyz:TSLA:10min; do
		run -2 pulse-ctl rule add "$s" 'price > 1'
		[[ $output == *"no interval '${s##*:}' (1m, 3m, "* ]]
	done
	[ ! -e pulse.db ]
	pulse-ctl rule add xyz:TSLA 'price > 1' | jq -e '.symbol == "xyz:TSLA"'
	pulse-ctl rule add xyz:0G:1h 'price > 1' |
	    jq -e '.symbol == "xyz:0G" and .interval == "1h"'
	run -2 pulse-ctl rule test BTC:7m 'price > 1'
	run -2 pulse-ctl candle list BTC:7m
}

@test "a rule that is no object is refused without an empty member name" {
	run -1 pulse-ctl rule add <<<'[]'
	[ "$output" = \
	    "pulse-ctl rule add: a rule must be an object, not array" ]
}

@test "options of every tool may stand before the command" {
	pulse-ctl -d other.db rule add BTC 'price > 1' >rule
	[ -e other.db ] && [ ! -e pulse.db ]
	pulse-ctl rule list --db other.db | jq -e '.symbol == "BTC"'
}

@test "words make rules of all six types, and the list shows words that make them again" {
	while read -r type words; do
		pulse-ctl rule add BTC:15m "$words" --cooldown 60m >rule
		jq -e --arg t "$type" '.rule_type == $t and .interval == "15m"' rule
		id=$(jq -r .id rule)
		on_terminal pulse-ctl rule list >list
		shown=$(sed -n "s/^$id .* 15m  *\(.*[^ ]\)  *1h .*/\1/p" list)
		pulse-ctl rule add BTC:15m "$shown" >again
		diff <(jq .config rule) <(jq .config again)
		pulse-ctl rule rm "$id" "$(jq -r .id again)" >gone
	done <<-END
		price_threshold price >= 50000
		price_threshold price < 1.5
		price_threshold price crosses above 50000 on close
		price_threshold Price crosses 5
		candle_close close crosses below 99.5
		candle_close close is above 2
		percent_move move 5% in 1h
		percent_move up 2.5% in 90s on close
		percent_move down 3 in 2h
		rsi rsi > 70
		rsi rsi(21) oversold
		rsi rsi(7) < 20.5 on tick
		macd_cross macd bullish
		macd_cross macd(5,35,5) bearish
		bollinger_bands bollinger touch upper
		bollinger_bands bb(20,2.5) lower break
	END
}

@test "words that make no sense are refused at the word at fault" {
	run -1 pulse-ctl rule add BTC 'price is nice'
	[[ $output == *"expected where 'nice' stands"* ]]
	run -1 pulse-ctl rule add BTC 'price >='
	[[ $output == *"a number is missing"* ]]
	run -1 pulse-ctl rule add BTC 'price >= 5 7'
	[[ $output == *"where '7' stands"* ]]
	run -1 pulse-ctl rule add BTC 'down 5% in soon'
	run -1 pulse-ctl rule add BTC 'rsi 70'
	run -1 pulse-ctl rule add BTC 'dance'
	[[ $output == *"price, close, move"* ]]
	run -1 pulse-ctl rule add BTC 'price >= 1e400'
	run -2 pulse-ctl rule add BTC
	[ ! -e pulse.db ]
}

@test "a rule from JSON on stdin names every fault at once" {
	run -1 pulse-ctl rule add <<<'{"name":"","symbol":"B T C","rule_type":"rsi","config":{"direction":"sideways","period":0,"x":1}}'
	[[ $output == *"name: "* ]]
	[[ $output == *"symbol: "* ]]
	[[ $output == *"config.direction: "* ]]
	[[ $output == *"config.period: "* ]]
	[[ $output == *"config.x: "* ]]
	[ ! -e pulse.db ]
	echo '{"name":"x","symbol":"BTC","rule_type":"rsi","config":{"direction":"oversold"}}' |
	    pulse-ctl rule add | jq -e '.config.period == 14'
}

@test "webhook URLs come from files, and are shown shortened unless asked for" {
	echo '  https://discord.com/api/webhooks/123456789/s3cr3t-token ' >d
	echo 'https://example.com/hook/s3cr3t' >w
	pulse-ctl rule add BTC 'price > 1' --discord-file d --webhook-file w >rule
	lacks s3cr3t rule
	jq -e '.discord_webhook_url | startswith("https://discord.com/api/webhooks/123")' rule
	pulse-ctl rule show "$(jq -r .id rule)" --secrets | grep -q s3cr3t-token
	pulse-ctl rule list | lacks s3cr3t
	run -1 pulse-ctl rule add BTC 'price > 1' --discord-file nowhere
	echo 'http://127.0.0.1/x' >w
	run -1 pulse-ctl rule add BTC 'price > 1' --webhook-file w
	[[ $output == *generic_webhook_url* ]]
	pulse-ctl rule add BTC 'price > 1' --webhook-file w --allow-private >rule
}

@test "a dry run judges and prints, and writes nothing" {
	pulse-ctl rule add BTC 'price > 1' -n | jq -e '.symbol == "BTC"'
	[ ! -e pulse.db ]
	id=$(add BTC 'price > 1')
	pulse-ctl rule rm -n "$id" >out
	pulse-ctl rule disable -n "$id" >out
	pulse-ctl rule show "$id" | jq -e .is_active
}

@test "rule show says whether a rule is warm, and when it will be" {
	echo '{"name":"r","symbol":"BTC","interval":"15m","rule_type":"rsi","config":{"direction":"oversold"}}' >rule.json
	pulse-ctl rule import rule.json
	run -0 --separate-stderr pulse-ctl rule show r
	[[ $stderr == *"r: not warm: 0 closed 15m bars of BTC, 16 needed; by 20"*Z* ]]
	jq -e .is_active <<<"$output"
	awk -f "$BATS_TEST_DIRNAME/../market.awk" -v n=10 -v i=15m -v s=BTC -v t=1788000300 >ten
	pulse-eval <ten
	run -0 --separate-stderr pulse-ctl rule show r
	last=$(jq -s '.[-1].T' ten)
	by=$(jq -rn "($last + 1) / 1000 + 6 * 900 | todate | .[:19]")
	[[ $stderr == *"not warm: 10 closed 15m bars of BTC, 16 needed; by $by"* ]]
	awk -f "$BATS_TEST_DIRNAME/../market.awk" -v n=16 -v i=15m -v s=BTC -v t=1788000300 | pulse-eval
	run -0 --separate-stderr pulse-ctl rule show r
	[[ $stderr == *"r: warm (16 closed bars, 16 needed, 198 until"* ]]
	run -0 --separate-stderr pulse-ctl rule show -q r
	[ -z "$stderr" ]
}

@test "a rule is found by id, by the beginning of it, and by its name" {
	id=$(add BTC 'price > 1' --name 'my rule')
	add ETH 'price > 1' --name other >other
	pulse-ctl rule show "$id" "${id:0:8}" 'my rule' | jq -s -e 'length == 3 and (map(.id) | unique | length == 1)'
	run -1 pulse-ctl rule show nothing
	[[ $output == *"no rule has the id or name 'nothing'"* ]]
	add SOL 'price > 1' --name other >again
	run -1 pulse-ctl rule show other
	[[ $output == *"fits 2 rules"* ]]
}

@test "rule list filters, and prints NDJSON off a terminal, columns on one" {
	add BTC 'price > 1' --name one >id1
	add ETH 'rsi > 70' --name two --inactive >id2
	[ "$(pulse-ctl rule list | wc -l)" -eq 2 ]
	pulse-ctl rule list --symbol BTC | jq -e '.name == "one"'
	pulse-ctl rule list --type rsi | jq -e '.name == "two"'
	pulse-ctl rule list --paused | jq -e '.name == "two"'
	pulse-ctl rule list --active | jq -e '.name == "one"'
	[ "$(pulse-ctl rule list --limit 1 | wc -l)" -eq 1 ]
	run -2 pulse-ctl rule list --type nonsense
	on_terminal pulse-ctl rule list >list
	head -n 1 list | grep -q '^ID  *NAME  *SYMBOL'
	grep -q 'two .* paused' list
	# Columns begin where their titles do.
	[ "$(awk '{ print index($0, NR == 1 ? "SYMBOL" : $2 == "one" ? "BTC" : "ETH") }' list | sort -u | wc -l)" -eq 1 ]
	on_terminal pulse-ctl rule list --json | head -n 1 | jq -e .id
}

@test "rule edit changes by options, by words and by JSON, and nothing else" {
	id=$(add BTC 'price > 1' --name before --cooldown 1h)
	pulse-ctl rule edit "$id" --name after | jq -e '.name == "after" and .cooldown_seconds == 3600'
	pulse-ctl rule edit "$id" 'price < 7' | jq -e '.config.operator == "<" and .config.threshold == "7" and .name == "after"'
	pulse-ctl rule edit "$id" --on close | jq -e '.config.on == "close" and .config.threshold == "7"'
	echo '{"cooldown_seconds":5}' | pulse-ctl rule edit "$id" | jq -e '.cooldown_seconds == 5'
	pulse-ctl rule edit "$id" --symbol ETH | jq -e '.symbol == "ETH"'
	run -1 pulse-ctl rule edit "$id" 'rsi > 70'
	[[ $output == *rule_type* ]]
	run -1 pulse-ctl rule edit "$id" 'price > 1 on tick' --on close
	[[ $output == *"says on tick, --on says close"* ]]
	run -1 pulse-ctl rule edit "$id" <<<'{"cooldown_seconds":-5}'
	run -1 pulse-ctl rule edit "$id" <<<'{"bogus":1}'
	pulse-ctl rule show "$id" | jq -e '.cooldown_seconds == 5'
	echo https://example.com/x >w
	pulse-ctl rule edit "$id" --webhook-file w | jq -e '.generic_webhook_url != null'
	pulse-ctl rule edit "$id" --no-webhook | jq -e '.generic_webhook_url == null'
}

@test "rule enable, disable and rm do what they can and say what they cannot" {
	id=$(add BTC 'price > 1')
	pulse-ctl rule disable "$id" | jq -e '.is_active == false'
	pulse-ctl rule enable "$id" | jq -e .is_active
	run -1 --separate-stderr pulse-ctl rule rm nothing "$id"
	[ "$(jq -r .id <<<"$output")" = "$id" ]
	[[ $stderr == *"'nothing'"* ]]
	[ -z "$(pulse-ctl rule list)" ]
	run -2 pulse-ctl rule rm
}

@test "export and import round-trip exactly" {
	echo 'https://discord.com/api/webhooks/1/s3cr3t' >d
	add BTC 'price >= 50000.10' --discord-file d --cooldown 90s >id1
	add '*' 'down 5% in 15m' --inactive >id2
	add kPEPE:1M 'macd(5,35,5) bearish' --name 'ünïcode "quoted" \back' >id3
	pulse-ctl rule export >rules
	pulse-ctl -d new.db rule import rules >out
	cmp rules <(pulse-ctl -d new.db rule export)
	# Again: replaced, not doubled. As an array and as one object too.
	jq -s . rules | pulse-ctl -d new.db rule import >out
	cmp rules <(pulse-ctl -d new.db rule export)
	head -n 1 rules | pulse-ctl -d third.db rule import - >out
	cmp <(head -n 1 rules) <(pulse-ctl -d third.db rule export)
	pulse-ctl rule export --redact | lacks s3cr3t
	# What hides an address is none, however short the address was.
	pulse-ctl rule export --redact >redacted
	run -1 pulse-ctl -d fourth.db rule import redacted
	pulse-ctl rule export "$(cat id1)" | cmp - <(grep "$(cat id1)" rules)
}

@test "import is all or nothing, with every fault of every rule listed" {
	cat >rules <<-'END'
		{"name":"good","symbol":"BTC","rule_type":"rsi","config":{"direction":"oversold"}}
		{"name":"bad","symbol":"","rule_type":"rsi","config":{"direction":"oversold","period":1}}
		{"name":
		{"name":"worse","symbol":"BTC","rule_type":"nonsense","config":{}}
	END
	run -1 --separate-stderr pulse-ctl rule import rules
	[ -z "$output" ]
	[[ $stderr == *"line 2"*symbol* ]]
	[[ $stderr == *"line 2"*period* ]]
	[[ $stderr == *"line 3"* ]]
	[[ $stderr == *"line 4"*rule_type* ]]
	[[ $stderr == *"3 of 4 rules at fault: nothing was written"* ]]
	[ -z "$(pulse-ctl rule list)" ]
	head -n 1 rules | jq -c '. + {id: "00000000-0000-4000-8000-000000000001"}' >twice
	cat twice twice >twins
	run -1 pulse-ctl rule import twins
	[[ $output == *"given twice"* ]]
	run -1 pulse-ctl rule import nowhere
	run -1 pulse-ctl rule import <<<'[{"name":'
	pulse-ctl rule import -n twice
	[ -z "$(pulse-ctl rule list)" ]
}

@test "alerts are listed, filtered, shown whole, and tailed as they come" {
	echo https://example.com/x >w
	id=$(add BTC 'price >= 100' --name big --webhook-file w)
	add ETH 'price >= 100' >other
	alert BTC >alerts
	[ -s alerts ]
	pulse-ctl alert list >list
	jq -e --arg r "$id" '.rule_id == $r and .delivery_status == "pending"' list
	[ "$(jq -r .id list)" = "$(jq -r .id alerts)" ]
	pulse-ctl alert list --rule big --symbol BTC --status pending | cmp - list
	[ -z "$(pulse-ctl alert list --symbol ETH)" ]
	[ -z "$(pulse-ctl alert list --until 2020-01-01)" ]
	run -2 pulse-ctl alert list --since yesterday
	run -2 pulse-ctl alert list --status deliverd
	[[ $output == *"'deliverd' is none of pending, delivered, failed, none"* ]]
	pulse-ctl alert show "$(jq -r .id list)" | jq -e '.deliveries[0].channel == "generic" and .attempts == []'
	run -1 pulse-ctl alert show 00000000-0000-4000-8000-000000000001
	on_terminal pulse-ctl alert list | grep -q "BTC .*big .* pending"

	lab_run tail pulse-ctl alert tail
	until_true 10 grep -q . tail.out
	alert ETH >eth
	until_true 10 grep -q ETH tail.out
	[ "$(wc -l <tail.out)" -eq 2 ]
	kill -TERM "$LAB_PID"
	wait "$LAB_PID"
}

@test "alert tail ends when nobody reads any more" {
	add BTC 'price >= 100' >id
	alert BTC >alerts
	timeout 20 bash -c 'pulse-ctl alert tail | head -n 1' >out
	[ -s out ]
}

@test "deliveries are listed, shown, dropped and retried" {
	echo https://example.com/x >w
	add BTC 'price >= 100' --webhook-file w >id
	alert BTC >alerts
	pulse-ctl delivery list >list
	d=$(jq -r .id list)
	jq -e '.channel == "generic" and .status == "pending" and .attempts == 0' list
	pulse-ctl delivery show "$d" | cmp - list
	run -2 pulse-ctl delivery drop
	[[ $output == *--all* ]]
	run -1 pulse-ctl delivery show nothing
	pulse-ctl delivery drop "$d"
	pulse-ctl delivery list --status dead | jq -e '.error == "dropped"'
	pulse-ctl alert list --status failed | jq -e .id
	run -0 pulse-ctl delivery retry --all
	[[ $output == *"1 due again"* ]]
	pulse-ctl delivery list --status pending | jq -e .id
	pulse-ctl delivery drop --channel generic --since 1d
	run -2 pulse-ctl delivery list --status nonsense
	on_terminal pulse-ctl delivery list | grep -q "generic .*dead .*dropped"
}

@test "candles and their series are listed in the pipeline's own form" {
	add BTC 'price >= 100' >id
	alert BTC >alerts
	[ "$(pulse-ctl candle list BTC | wc -l)" -eq 2 ]
	pulse-ctl candle list BTC:1m --limit 1 | jq -e '.c == "100.5" and .x'
	pulse-ctl candle list BTC --asc --limit 1 | jq -e '.c == "99"'
	pulse-ctl candle list BTC --since 1788936660 | jq -s -e 'length == 1'
	pulse-ctl candle list | jq -e '.symbol == "BTC" and .interval == "1m"'
	pulse-ctl candle list BTC --asc | pulse-eval --values sma:2 | tail -n 1 |
	    jq -e '.values["sma:2"] == 99.75'
	[ -z "$(pulse-ctl candle list BTC:1h)" ]
	run -2 pulse-ctl candle list 'B C'
	on_terminal pulse-ctl candle list BTC | grep -q '100.5'
}

@test "keys are shown once, kept as hashes, and revoked" {
	pulse-ctl key create grafana --rate 7 >key
	jq -e '.key | test("^pk_[A-Za-z0-9_-]{43}$")' key
	jq -e '.rate_per_min == 7 and (.admin | not)' key
	lacks "$(jq -r .key key)" pulse.db pulse.db-wal
	pulse-ctl key list | jq -e '.name == "grafana" and .revoked_at == null and has("key") == false'
	pulse-ctl key revoke "$(jq -r .id key)"
	pulse-ctl key list | jq -e '.revoked_at != null'
	run -1 pulse-ctl key revoke "$(jq -r .id key)"
	run -2 pulse-ctl key create
	run -2 pulse-ctl key create x --rate 0
	pulse-ctl key create boss --admin | jq -e '.admin and .rate_per_min == 1000'
	on_terminal pulse-ctl key list | grep -q 'boss .*admin'
}

@test "the store is made, checked, copied while open, and pruned" {
	run -69 pulse-ctl rule list
	pulse-ctl db init | jq -e '.schema >= 1'
	[ "$(stat -c %a pulse.db)" = 600 ]
	add BTC 'price >= 100' >id
	alert BTC >alerts
	pulse-ctl db check | jq -e '.problems == 0'
	pulse-ctl db backup copy.db
	cmp <(pulse-ctl rule export) <(pulse-ctl -d copy.db rule export)
	run -69 pulse-ctl db backup copy.db
	[ -n "$(pulse-ctl alert list)" ]
	pulse-ctl db prune --keep-alerts 1s
	[ -z "$(pulse-ctl alert list)" ]
	[ "$(pulse-ctl candle list BTC | wc -l)" -eq 2 ]
	head -c 100000 /dev/zero >bad.db
	run -69 pulse-ctl -d bad.db rule list
}

@test "what a hand changed in the store is found, and counted anew" {
	echo '{"name":"a","symbol":"BTC","rule_type":"candle_close","config":{"value":1,"operator":">"},"generic_webhook_url":"https://example.com/x"}' |
	    pulse-ctl rule add
	for m in 0 1 2; do
		printf '{"t":%d,"T":%d,"s":"BTC","i":"1m","o":"2","c":"2","h":"2","l":"2","v":"1","n":1,"x":true}\n' \
		    $((1788912000000 + m * 60000)) $((1788912059999 + m * 60000))
	done | pulse-eval --replay >out
	[ "$(wc -l <out)" -eq 3 ]
	pulse-ctl delivery list --status pending | wc -l | grep -x 3
	sqlite3 pulse.db 'PRAGMA foreign_keys = ON; UPDATE deliveries SET status = 3 WHERE alert = 1; UPDATE alerts SET status = 2 WHERE seq = 1; DELETE FROM alerts WHERE seq = 3'
	run -1 pulse-ctl db check
	[[ $output == *"deliveries by generic, status 0: counted as 2"* ]]
	pulse-ctl db check --recount | jq -e '.problems == 0'
	pulse-ctl delivery list --status dead | wc -l | grep -x 1
}

@test "a store that another program holds for too long is a reason to try again" {
	pulse-ctl db init >out
	mkfifo words
	sqlite3 pulse.db <words >held 2>&1 3>&- &
	lab_note $!
	exec 8>words
	echo 'BEGIN IMMEDIATE; SELECT 7;' >&8
	until_true 10 grep -q 7 held
	run -75 --separate-stderr pulse-ctl rule add BTC 'price > 1' 8>&-
	[[ $stderr == *"another program kept the database locked"* ]]
	# It ends with its input.
	exec 8>&-
	wait
	pulse-ctl rule add BTC 'price > 1'
}

@test "status says what is wrong and what to do, and exits 1" {
	pulse-ctl db init >out
	run -1 --separate-stderr pulse-ctl status
	jq -e '.problems[0].problem == "no rule is active" and (.problems[0].remedy | test("rule add"))' <<<"$output"
	add BTC 'price >= 100' >id
	alert BTC >alerts
	run -1 --separate-stderr pulse-ctl status
	jq -e '[.problems[].problem] | any(test("hl-ingest"))' <<<"$output"
	jq -e '.rules_active == 1 and .series[0].symbol == "BTC"' <<<"$output"
	on_terminal pulse-ctl status >screen || true
	grep -q 'rules *1 active, 0 paused' screen
	grep -q 'BTC:1m' screen
	# What is wrong stands last, where a person looks.
	[ "$(grep -n 'BTC:1m' screen | cut -d: -f1)" -lt "$(grep -n 'start it: hl-ingest' screen | head -n 1 | cut -d: -f1)" ]
}

@test "status tells of receivers that are disabled, left alone or paused, and what to do" {
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	for name in gone down still; do
		pulse-ctl channel add $name slack --file url=url
	done
	pulse-ctl channel pause still
	pulse-ctl rule add BTC 'price >= 100' --channel still
	alert BTC >alerts
	sqlite3 pulse.db "INSERT INTO endpoints VALUES
	    ('channel:gone', 'gone', 9, 3, 1, 0, 0, 1788936660000, '410: the address is gone', 1),
	    ('channel:down', 'down', 7, 1, 1, 4000000000000, 0, 0, NULL, 1),
	    ('discord:abc123', 'discord', 9, 3, 1, 0, 0, 1788936660000, '404: no such webhook', 1);
	    UPDATE deliveries SET created_ms = 1788936660000"
	run -1 --separate-stderr pulse-ctl status
	jq -r '.problems[] | "\(.problem) / \(.remedy)"' <<<"$output" >said
	grep -q 'channel gone is disabled: 410: the address is gone / .*pulse-ctl channel resume gone' said
	grep -q 'channel down fails, 7 times in a row' said
	grep -q 'a discord address of rules is disabled: 404.* / .*pulse-ctl channel resume discord:abc123' said
	grep -q 'through still wait.* / .*pulse-ctl channel resume still' said
	lacks s3cr3t said
}

@test "status says that the exchange does not know a series of a rule" {
	local refused
	pulse-ctl rule add btc 'price >= 100' >rule
	for refused in 0 2; do
		sqlite3 pulse.db "INSERT OR REPLACE INTO components (name, instance, time_ms, counters) VALUES
			('hl-ingest', '', $(date +%s)000, '{\"series_refused\":$refused}'),
			('pulse-eval', '', $(date +%s)000, '{}')"
		pulse-ctl status >"status$refused" || [ "$refused" -gt 0 ]
	done
	jq -e '.problems == []' status0
	jq -e '.problems[0].problem | test("does not know 2 of the series")' status2
}

@test "status names the first series that the exchange does not know" {
	pulse-ctl rule add btc 'price >= 100' >rule
	sqlite3 pulse.db "INSERT INTO components (name, instance, time_ms, counters) VALUES
		('hl-ingest', '', $(date +%s)000, '{\"series_refused\":3,\"refused\":[
			{\"symbol\":\"btc\",\"interval\":\"1m\",\"like\":[\"BTC\",\"UBTC\"]},
			{\"symbol\":\"QQQ\",\"interval\":\"1h\",\"like\":[]}]}'),
		('pulse-eval', '', $(date +%s)000, '{}')"
	run -1 --separate-stderr pulse-ctl status
	[ "$(jq -r '.problems[].problem' <<<"$output")" = \
	    'the exchange does not know 3 of the series asked for: btc:1m (did you mean BTC, UBTC?), QQQ:1h and 1 more' ]
	jq -e '.problems[0].remedy | test("rule edit RULE --symbol")' <<<"$output"
}

@test "completion for bash offers commands, options, choices and rules" {
	id=$(add BTC 'price > 1')
	pulse-ctl completion bash >bash.sh
	complete_line() {
		bash -c 'source ./bash.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pulse_ctl; printf "%s\n" "${COMPREPLY[@]}"' x "$@"
	}
	complete_line pulse-ctl '' | grep -qx rule
	complete_line pulse-ctl rule '' | grep -qx export
	complete_line pulse-ctl rule ex | grep -qx export
	complete_line pulse-ctl rule add --co | grep -qx -- --cooldown
	complete_line pulse-ctl rule list --type r | grep -qx rsi
	complete_line pulse-ctl rule show "${id:0:3}" | grep -qx "$id"
	complete_line pulse-ctl completion z | grep -qx zsh
	complete_line pulse-ctl -d x.db delivery list --status d | grep -qx dead
	touch rules-file
	complete_line pulse-ctl rule import rules | grep -qx rules-file
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	pulse-ctl channel add desk slack --file url=url >out
	complete_line pulse-ctl channel show d | grep -qx desk
	complete_line pulse-ctl rule add --channel d | grep -qx desk
	complete_line pulse-ctl alert list --rule "${id:0:3}" | grep -qx "$id"
	run -2 pulse-ctl completion tcsh
}

@test "completion for zsh offers the same, in its line editor" {
	id=$(add BTC 'price > 1')
	mkdir functions
	pulse-ctl completion zsh >functions/_pulse-ctl
	head -n 1 functions/_pulse-ctl | grep -qx '#compdef pulse-ctl'
	command -v zsh >/dev/null || skip "zsh is not here"
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	pulse-ctl channel add desk slack --file url=url >out
	touch rules-file
	# Type, press Tab, and read what stands in the line then.
	complete_line() { # TYPED
		zsh -f -c 'zmodload zsh/zpty
			zpty z zsh -f -i
			zpty -w z "PS1=; fpath=($PWD/functions \$fpath); autoload -U compinit; compinit -u -d $PWD/dump"
			zpty -w z "show() { print -r -- \"<\$BUFFER>\"; BUFFER=; zle .accept-line }; zle -N show; bindkey ^X show; print ready-now"
			zpty -m -r z out "*ready-now*ready-now*"
			zpty -n -w z "$1"$'"'\t\x18'"'
			zpty -r z out "*<*>*"
			print -r -- "$out"' x "$1" | tr -d '\r' | sed -n 's/.*<\(pulse-ctl[^>]*\)>.*/\1/p' | sed 's/ *$//'
	}
	[ "$(complete_line 'pulse-ctl deli')" = 'pulse-ctl delivery' ]
	[ "$(complete_line 'pulse-ctl rule exp')" = 'pulse-ctl rule export' ]
	[ "$(complete_line 'pulse-ctl rule add --coo')" = 'pulse-ctl rule add --cooldown' ]
	[ "$(complete_line 'pulse-ctl rule list --type rs')" = 'pulse-ctl rule list --type rsi' ]
	[ "$(complete_line "pulse-ctl rule show ${id:0:3}")" = "pulse-ctl rule show $id" ]
	[ "$(complete_line 'pulse-ctl channel show de')" = 'pulse-ctl channel show desk' ]
	[ "$(complete_line 'pulse-ctl rule import rules-f')" = 'pulse-ctl rule import rules-file' ]
	[ "$(complete_line 'pulse-ctl completion z')" = 'pulse-ctl completion zsh' ]
}

@test "completion for fish offers the same" {
	id=$(add BTC 'price > 1')
	pulse-ctl completion fish >f
	for word in rule alert delivery candle key db status completion serve help; do
		grep -q -- "-a $word " f
	done
	grep -q -- '-l discord-file .*-F' f
	command -v fish >/dev/null || skip "fish is not here"
	complete_line() {
		fish --no-config -c "source f; complete -C '$*'" | cut -f1
	}
	complete_line 'pulse-ctl ' | grep -qx rule
	complete_line 'pulse-ctl rule ' | grep -qx export
	complete_line 'pulse-ctl rule add --co' | grep -qx -- --cooldown
	complete_line 'pulse-ctl rule list --type ' | grep -qx rsi
	complete_line 'pulse-ctl rule show ' | grep -qx "$id"
	complete_line 'pulse-ctl completion z' | grep -qx zsh
	echo https://hooks.slack.com/services/T0/B0/s3cr3t >url
	pulse-ctl channel add desk slack --file url=url >out
	complete_line 'pulse-ctl channel show ' | grep -qx desk
	complete_line 'pulse-ctl rule add --channel ' | grep -qx desk
	complete_line 'pulse-ctl alert list --rule ' | grep -qx "$id"
}

@test "output that cannot be written is an error, a reader that left is none" {
	for i in 1 2 3; do add BTC "price > $i" >id; done
	[ -e /dev/full ] || skip "no /dev/full"
	run -1 bash -c 'pulse-ctl rule list >/dev/full'
	bash -c 'set -o pipefail; pulse-ctl rule list | head -n 1 >/dev/null; [ "${PIPESTATUS[0]}" -le 141 ]'
}

@test "rule test says what a rule would have said, and writes nothing" {
	add BTC:15m 'price >= 1000000' --name never >id
	awk -f "$BATS_TEST_DIRNAME/../market.awk" -v n=600 | pulse-eval --replay -q >none
	[ ! -s none ]
	pulse-ctl rule test BTC:15m 'rsi < 35' >said
	[ "$(wc -l <said)" -ge 1 ]
	# The same as pulse-eval -r says of the same candles.
	pulse-ctl rule add -n BTC:15m 'rsi < 35' >rules
	pulse-ctl candle list BTC:15m --asc --limit 0 | pulse-eval -r rules -q >want
	diff <(jq -c 'del(.id, .rule_id, .rule_name)' said) <(jq -c 'del(.id, .rule_id, .rule_name)' want)
	[ -z "$(pulse-ctl alert list)" ]
	[ -z "$(pulse-ctl rule test never -q)" ]
	last=$(tail -n 1 said | jq -r .triggered_at)
	[ "$(pulse-ctl rule test BTC:15m 'rsi < 35' --since "$last" | wc -l)" -eq 1 ]
	run -1 pulse-ctl rule test BTC 'rsi is nice'
	run -1 pulse-ctl rule test nothing.json
	[[ $output == *"'nothing.json' is neither a file nor a rule"* ]]
	run -1 pulse-ctl rule diff nothing.json said
	[[ $output == *"'nothing.json' is neither a file nor a rule"* ]]
	run -1 pulse-ctl rule diff said nothing.json
	[[ $output == *"'said' is a file, what follows is none"* ]]
	# Without a store, too, it is the file that is missing.
	run -69 pulse-ctl -d "$PWD/no.db" rule test nothing.json
	[[ $output == *"'nothing.json' is no file, and no rule can be looked for: there is no database"* ]]
	run -69 pulse-ctl -d "$PWD/no.db" rule diff said nothing.json
	[[ $output == *"'nothing.json' is no file"* ]]
	run -69 pulse-ctl -d "$PWD/no.db" rule test BTC 'price > 1'
	[[ $output == *"rule test: there is no database"* ]]
	on_terminal "pulse-ctl rule test BTC:15m 'rsi < 35'" | grep -q 'TRIGGERED  *SYMBOL  *MESSAGE'
}

@test "rule diff shows the alerts that only one of two rules makes" {
	add BTC:15m 'rsi < 35' --name wide >id
	awk -f "$BATS_TEST_DIRNAME/../market.awk" -v n=600 | pulse-eval --replay -q >alerts
	run -0 --separate-stderr pulse-ctl rule diff wide 'rsi < 30'
	[ "$(jq -s 'map(select(.only == "old")) | length' <<<"$output")" -ge 1 ]
	pulse-ctl rule diff wide wide -q >same
	[ ! -s same ]
	add BTC:15m 'rsi < 25' --name narrow >id2
	pulse-ctl rule diff wide narrow -q | jq -s -e 'all(.only == "old" or .only == "new") and length > 0'
	run -1 pulse-ctl rule diff wide 'price > 5'
	[[ $output == *rule_type* ]]
	run -2 pulse-ctl rule diff wide
}

@test "verify tells a signed webhook from a forged one" {
	secret=$(head -c 32 /dev/urandom | base64 -w0)
	echo "whsec_$secret" >whsec
	printf '{"a":1}' >payload
	now=$(date +%s)
	sign() { # ID TIME
		{ printf '%s.%s.' "$1" "$2"; cat payload; } |
		    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(base64 -d <<<"$secret" | od -An -tx1 | tr -d ' \n')" -binary | base64
	}
	verify() { pulse-ctl verify --secret-file whsec --id m1 "$@" <payload; }
	verify --timestamp "$now" --signature "v1,$(sign m1 "$now")"
	verify --timestamp "$now" --signature "v1,AAAA v1,$(sign m1 "$now")"
	run -1 verify --timestamp "$now" --signature "v1,$(sign m2 "$now")"
	run -1 verify --timestamp 1700000000 --signature "v1,$(sign m1 1700000000)"
	verify --old --timestamp 1700000000 --signature "v1,$(sign m1 1700000000)"
	run -2 verify --timestamp "$now"
}

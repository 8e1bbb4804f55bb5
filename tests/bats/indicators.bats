# Indicators through pulse-eval --values: the program prints what the library
# computes (test_indicator and test_golden hold the definitions), for every
# closed candle, in the shape that the manual promises.

# bats sets status, output; each test is a shell of its own
# shellcheck disable=SC2154,SC2030,SC2031,SC2016

bats_require_minimum_version 1.5.0

setup() {
	PULSE_BIN=${PULSE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
	PATH=$PULSE_BIN:$PATH
	MARKET=$BATS_TEST_DIRNAME/../market.awk
	cd "$BATS_TEST_TMPDIR" || return 1
}

ALL=sma:20,ema:20,wma:20,rma:14,rsi:14,macd:12:26:9,bb:20:2,tr,atr:14
ALL=$ALL,dmi:14:14,stoch:14:3:3,cci:20,mfi:14,obv,donchian:20
ALL=$ALL,supertrend:10:3,vwap,roc:10

# Columns of a reference file t,o,h,l,c,v,… as candles of one minute, each
# opening when the row says: sessions have gaps, and vwap counts by days.
candles() { # FILE
	awk -F, 'NR > 1 {
		t = $1 - $1 % 60
		if (t <= last)
			t = last + 60
		last = t
		printf "{\"t\":%d000,\"T\":%d999,\"s\":\"X\",\"i\":\"1m\",\"o\":\"%s\",\"c\":\"%s\",\"h\":\"%s\",\"l\":\"%s\",\"v\":\"%s\",\"n\":1,\"x\":true}\n",
		    t, t + 59, $2, $5, $3, $4, $6
	}' "$1"
}

# The columns of the reference that --values has, by name.
columns='
.values as $v | $v["macd:12:26:9"] as $m | $v["bb:20:2"] as $b
| $v["dmi:14:14"] as $d | $v["stoch:14:3:3"] as $s
| $v["donchian:20"] as $h | $v["supertrend:10:3"] as $t
| [$v["sma:20"], $v["ema:20"], $v["wma:20"], $v["rma:14"], $v["rsi:14"],
   $m.macd, $m.signal, $m.hist, $b.basis, $b.upper, $b.lower, $v.tr,
   $v["atr:14"], $d.plus, $d.minus, $d.adx, $s.raw, $s.k, $s.d, $v["cci:20"],
   $v["mfi:14"], $v.obv, $h.high, $h.low, $h.mid, $t.line, $t.dir, $v.vwap,
   $v["roc:10"]] | map(if . == null then "" else tostring end) | join(",")'
names=sma,ema,wma,rma,rsi_chart,macd,macd_signal,macd_hist,bb_mid,bb_up,bb_lo
names=$names,tr,atr,pdi,mdi,adx,stoch_raw,stoch_k,stoch_d,cci,mfi,obv,don_hi
names=$names,don_lo,don_mid,st,st_dir,vwap,roc

@test "--values prints the reference's value in every column and row" {
	[ -n "${PULSE_REAL_DATA:-}" ] || skip "PULSE_REAL_DATA is not set"
	for name in real_hl_btc_15m real_xlm_btc_5m syn_spike syn_tiny; do
		file=$PULSE_REAL_DATA/golden/$name.csv
		candles "$file" | pulse-eval --values "$ALL" |
		    jq -r "$columns" >got
		# One in 1e9 of the price or of the value: printing and
		# pairing are meant here, the last digit is test_golden's.
		awk -F, -v names="$names" '
		NR == FNR { got[FNR] = $0; next }
		FNR == 1 {
			k = split(names, want, ",")
			for (i = 1; i <= NF; i++)
				at[$i] = i
			next
		}
		{
			n = split(got[FNR - 1], g, ",")
			for (i = 1; i <= k; i++) {
				w = $at["pine_" want[i]]
				if ((w == "") != (g[i] == "")) {
					print FNR, want[i], w, g[i]
					bad++
				}
				if (w == "" || w > 1e15)
					continue
				d = w - g[i]
				m = w < 0 ? -w : w
				m = m > 1 ? m : 1
				if (d > 1e-9 * m || d < -1e-9 * m) {
					print FNR, want[i], w, g[i]
					bad++
				}
				seen++
			}
		}
		END {
			print seen " values of " FILENAME
			exit bad > 0 || seen < 30000
		}' got "$file" >said || {
			tail -n 5 said
			false
		}
	done
}

@test "a value that is not there yet is null, line by line" {
	awk -f "$MARKET" -v n=40 | pulse-eval --values rsi:14,macd:3:6:4,tr >out
	[ "$(wc -l <out)" -eq 40 ]
	run -0 jq -c 'select(.values["rsi:14"] != null) | .t' out
	[ "${#lines[@]}" -eq 26 ]
	run -0 jq -c '.values["macd:3:6:4"] | [.macd, .signal, .hist] | map(. == null)' out
	[ "${lines[4]}" = "[true,true,true]" ]
	[ "${lines[5]}" = "[false,true,true]" ]
	[ "${lines[8]}" = "[false,false,false]" ]
	run -0 jq -c 'select(.values.tr == null)' out
	[ "${#lines[@]}" -eq 0 ]
}

@test "values are those of the window, summed by somebody else" {
	awk -f "$MARKET" -v n=300 | pulse-eval --values sma:20,donchian:7 |
	    jq -r '[.c, .h, .l, .values["sma:20"], .values["donchian:7"].high,
	        .values["donchian:7"].low] | @tsv' |
	    awk -F'\t' '
	{ c[NR] = $1; h[NR] = $2; l[NR] = $3 }
	NR >= 20 {
		sum = 0
		for (i = NR - 19; i <= NR; i++)
			sum += c[i]
		d = sum / 20 - $4
		if (d > 1e-8 || d < -1e-8) { print "sma", NR, sum / 20, $4; bad = 1 }
		hi = h[NR] + 0; lo = l[NR] + 0
		for (i = NR - 6; i <= NR; i++) {
			if (h[i] + 0 > hi) hi = h[i] + 0
			if (l[i] + 0 < lo) lo = l[i] + 0
		}
		if (hi != $5 + 0 || lo != $6 + 0) { print "donchian", NR; bad = 1 }
		seen++
	}
	END { exit bad || seen != 281 }'
}

@test "an indicator that does not exist or cannot work is refused by name" {
	run -2 pulse-eval --values rsx:14 </dev/null
	[[ "$output" == *"rsx"* ]]
	run -2 pulse-eval --values rsi:0 </dev/null
	[[ "$output" == *"between 1 and 5000"* ]]
	run -2 pulse-eval --values macd:26:12:9 </dev/null
	[[ "$output" == *"below"* ]]
}

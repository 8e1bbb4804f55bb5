# An invented market: closed candles as REST serves them, one a line.
#
#	awk -f market.awk -v n=600 -v seed=1 -v s=BTC -v i=15m -v t=1788000000
#
# n bars of interval i (of step seconds) from opening time t (seconds) on. A
# random walk in whole ticks of 0.1 with calm and wild stretches, by the
# Park-Miller generator: every product stays below 2^53, so every awk gives
# the same bytes.
function draw(m) {
	state = (state * 16807) % 2147483647
	return state % m
}
function price(ticks) {
	return sprintf("%d.%d", int(ticks / 10), ticks % 10)
}
BEGIN {
	if (n == "") n = 600
	if (s == "") s = "BTC"
	if (i == "") i = "15m"
	if (step == "") step = 900
	if (t == "") t = 1788000300
	state = seed == "" ? 1 : seed + 0
	for (k = 0; k < 10; k++)
		draw(2)
	t -= t % step
	c = 500000
	for (k = 0; k < n; k++) {
		wild = int(k / 50) % 3 == 2 ? 12 : 2
		o = c + draw(41) - 20
		c = o + wild * (draw(401) - 200)
		# Come back when far from the start.
		if (c < 400000) c += 2000
		if (c > 600000) c -= 2000
		h = (o > c ? o : c) + wild * draw(60)
		l = (o < c ? o : c) - wild * draw(60)
		printf "{\"t\":%d000,\"T\":%d999,\"s\":\"%s\",\"i\":\"%s\"," \
		    "\"o\":\"%s\",\"c\":\"%s\",\"h\":\"%s\",\"l\":\"%s\"," \
		    "\"v\":\"%d.%03d\",\"n\":%d}\n", t, t + step - 1, s, i,
		    price(o), price(c), price(h), price(l), draw(50), draw(1000),
		    1 + draw(300)
		t += step
	}
}

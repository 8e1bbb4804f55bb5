#!/usr/bin/env python3
"""The rules of "recorded BTC candles" in tests/bats/pulse-eval.bats, judged a
second time in the plainest way: whole windows, no state, exact fractions for
prices. Candles on stdin; "rule t" on stdout for each alert."""
import json
import math
import sys
from fractions import Fraction as F

bars = [json.loads(line) for line in sys.stdin]
o, h, l, c = ([F(b[k]) for b in bars] for k in "ohlc")
x = [float(v) for v in c]
t = [b["t"] for b in bars]
n = len(bars)
STEP = 900000


def say(rule, k):
    print(rule, t[k])


def ema(v, length, first):
    """Seeded with the mean of the first length values from index first."""
    out = [None] * len(v)
    e = sum(v[first:first + length]) / length
    out[first + length - 1] = e
    for k in range(first + length, len(v)):
        e += (v[k] - e) * 2 / (length + 1)
        out[k] = e
    return out


def above():
    last = None
    for k in range(n):
        now = t[k] + STEP
        if h[k] >= 100000 and (last is None or now - last >= 7200000):
            say("above", k)
            last = now


def move():
    # The window begins 4 bars before the end of this one: the three bars
    # before it lie inside, of the one before those only its close.
    for k in range(n):
        now = t[k] + STEP
        low, high = [], []
        for j in range(max(0, k - 8), k):
            if t[j] >= now - 3600000:
                low.append(l[j])
                high.append(h[j])
            elif t[j] + STEP >= now - 3600000:
                low.append(c[j])
                high.append(c[j])
        up = max((c[k] - min(low + [l[k]])) / min(low + [l[k]]),
                 (h[k] - min(low + [o[k]])) / min(low + [o[k]]))
        down = max((max(high + [h[k]]) - c[k]) / max(high + [h[k]]),
                   (max(high + [o[k]]) - l[k]) / max(high + [o[k]]))
        if max(up, down) * 100 >= 2:
            say("move", k)


def close():
    for k in range(1, n):
        if (c[k] > 100000 >= c[k - 1]) or (c[k] < 100000 <= c[k - 1]):
            say("close", k)


def macd():
    fast, slow = ema(x, 12, 0), ema(x, 26, 0)
    line = [None if b is None else a - b for a, b in zip(fast, slow)]
    signal = ema(line, 9, 25)
    for k in range(n):
        if signal[k] is None or signal[k - 1] is None:
            continue
        if line[k] > signal[k] and line[k - 1] <= signal[k - 1]:
            say("macd", k)


def rsi():
    u = [max(x[k] - x[k - 1], 0) for k in range(1, n)]
    d = [max(x[k - 1] - x[k], 0) for k in range(1, n)]
    a, b = sum(u[:14]) / 14, sum(d[:14]) / 14
    before = None
    for k in range(14, n):
        if k > 14:
            a, b = (a * 13 + u[k - 1]) / 14, (b * 13 + d[k - 1]) / 14
        now = 100 if b == 0 else 100 - 100 / (1 + a / b)
        if before is not None and now > 70 >= before:
            say("rsi", k)
        before = now


def bands():
    for k in range(19, n):
        w = c[k - 19:k + 1]
        mean = sum(w) / 20
        sd = math.sqrt(sum((v - mean) ** 2 for v in w) / 20)
        if x[k] > float(mean) + 2 * sd:
            say("bands", k)


for f in (above, move, close, macd, rsi, bands):
    f()

awk -f "$MARKET" -v n=600 -v seed=3 |
    pulse-eval -r "$GOLDEN/rule-candle_close.json"

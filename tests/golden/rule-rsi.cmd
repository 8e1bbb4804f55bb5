awk -f "$MARKET" -v n=600 -v seed=5 |
    pulse-eval -r "$GOLDEN/rule-rsi.json"

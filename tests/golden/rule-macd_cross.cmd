awk -f "$MARKET" -v n=600 -v seed=4 |
    pulse-eval -r "$GOLDEN/rule-macd_cross.json"

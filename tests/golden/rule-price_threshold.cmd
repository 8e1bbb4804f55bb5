awk -f "$MARKET" -v n=600 -v seed=1 |
    pulse-eval -r "$GOLDEN/rule-price_threshold.json"

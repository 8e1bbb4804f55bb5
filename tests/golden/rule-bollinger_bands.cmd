awk -f "$MARKET" -v n=600 -v seed=6 |
    pulse-eval -r "$GOLDEN/rule-bollinger_bands.json"

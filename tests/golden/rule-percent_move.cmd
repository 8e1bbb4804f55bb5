awk -f "$MARKET" -v n=600 -v seed=2 |
    pulse-eval -r "$GOLDEN/rule-percent_move.json"

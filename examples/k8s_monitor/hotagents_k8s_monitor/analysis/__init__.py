"""What a model adds to the findings; it decides nothing, and what it says is shown as a remark."""

"""What the cells of a column say: numbers, dates, durations, amounts with units, codes, words with an order."""

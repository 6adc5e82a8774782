"""Numbers that decide how the command line divides its time."""

END_SECONDS = 0.8  # of the budget, kept for what comes after `fit` beside writing the model, which `fit` reckons with
BUSIEST = 3.0  # times as long that it takes at most, on a machine that others use too
LATE_SHARE = 0.5  # of the budget, spent before the search, from which this is said
LEAST_SECONDS = 0.5  # what the search gets, however short the budget
ROWS_SHOWN = 15  # of the leaderboard, at the end of a fit: it is to fit a screen with what follows

"""What decides how thoroughly and how long candidates are evaluated, with units and reasons."""

# ---- rungs

ETA = 3  # a rung fits so many times as much as the one below it, and so many try for one place on it
LEAST_ROWS = 1_500  # training rows of the cheapest rung: fewer tell too little of many
MOST_RUNGS = 4  # rungs of fewer rows
ITERATIONS = (1 / ETA**2, 1 / ETA)  # shares, where there are too few rows to leave any out

# ---- who is looked at cheaply

EXPENSIVE_SECONDS = 2.0  # seconds from which a candidate is, where the number of candidates ends the search

# ---- repeats of the cross-validation

# Sooner, repeats cost more candidates than they bring: in the last 0.4 of a search the loss rose by 1.1 ± 0.5 %.
SATURATED = 60  # candidates without a better one, after which that of small tables is repeated
SHORTLIST = 12  # candidates that are validated anew

# ---- races

RIVAL_PLACE = 10  # a candidate need not be the best: it runs against the tenth, as an ensemble wants several
LEAST_RIVALS = 4  # whole candidates from which the spread of differences between folds is read
RACE_ERRORS = 2.0  # standard errors of the mean difference that it must be behind

# ---- folds

FEWER_FROM = 5_000  # rows below which folds are not saved on: each row that is not trained on is missed
BOOSTERS = 16  # of which there should be time for so many
BINARY_SHARE = 0.3  # of these rounds, that two classes take: early stopping ended LightGBM's default after 60 to 190
ROW_SECONDS, CELL_SECONDS = 1.5e-4, 1.5e-6  # of one, per row and cell (x class): a thousand rounds of LightGBM

# ---- predicted seconds and bytes

STACK_FITS = 4  # fits of a stack's inner model a fold: 3 inner folds and one on all training rows
BOOSTING_ROUNDS = 12  # over the rate: rounds after which early stopping usually stops (on our tables 4 to 20)
CORRECTED_BY = 15  # trials of a family that the correction of the prior looks at
SPEEDUP = 0.7  # what each further thread brings, beside the first
PROCESS_BYTES = 250e6  # bytes of a worker that has only begun

# ---- jobs

ATTEMPTS = 20  # asks of the strategy before the scheduler draws for itself
TOO_LONG = 3  # proposals that do not fit the time left before it draws for itself
CHEAPEST = 5  # families among which it then draws
ALONE_SHARE = 0.5  # of the search, from which a job gets all threads, rather than a neighbour
MANY_ROWS = 50_000  # rows from which it does where the number of candidates ends the search
TIMED_SHARE = 0.4  # of its seconds, that a model needs which ends with what it has when time is over
LIMIT_SHARE = 0.25  # of the search: the longest that a trial may take once there is a model,
LONGEST_SHARE = 0.6  # or twice what was expected of it, up to this share

# ---- what begins

OPENING_SHARE = 0.05  # of the search, that a boosting takes on one core, from which it goes before all that is cheaper

# ---- the portfolio

PORTFOLIO_SHARE = 1 / 3  # of the search, while more fit than
FEW_CANDIDATES = 30  # whole ones: TPE draws at random until it has seen some twenty

# ---- before the search

READ_SHARE = 0.5  # of the budget, after which no column is read but plain numbers, and those that the user names
CHECK_SHARE = 0.35  # of the budget, after which nothing is checked that may be left out

# ---- the hand-over

HAND_OVER_SHARE = 0.1  # of the budget, kept for what comes after the search,
HAND_OVER_LEAST = 1.0  # seconds, at least;
HAND_OVER_MOST = 0.2  # of the budget, that it may get when it turns out to need more,
HOLDOUT_MOST = 0.3  # or this where candidates have not seen the rows of a hold-out, which the refit gives them
LOAD_BYTES = 2e8  # bytes a second, of models read and unpickled
SAVE_BYTES = 1.5e8  # bytes a second, of models pickled and written
MEMBERS = 5  # candidates that an ensemble usually has
REFITTED = 3  # of them weigh so much that they should be fitted on all rows where a hold-out was left out
# A refit that would be late is boosted in fewer rounds at a higher rate, their product the same. With .75 of the rounds
# that was better than a hold-out's model in each of seven cases (validation rows), with half of them in five.
FEWEST_ROUNDS = 0.75  # of those that the folds settled

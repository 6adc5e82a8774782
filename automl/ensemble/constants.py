"""Numbers that decide what is handed over."""

STEPS = 25  # members that ensemble selection adds: more showed no gain in AutoGluon's measurements (its PR 4737)
SELECT_SHARE = 0.5  # of the time that is left, which the calls of a slow metric may take
SAMPLE_ROWS = 10_000  # rows that a combiner looks at: beside those of the candidates, chance is small
SPARE = 0.35  # seconds left over for what is not predicted,
SPARE_ROW = 5e-7  # and for each row: the files of a large run take a while to go
LEAST_SECONDS = 0.1  # beside loading and saving, below which nothing more is begun
BLOCKS = 10  # of the rows that a partial and a whole model have predicted, each scored by itself
CLEAR = 2.0  # standard errors of the blocks' paired differences: few rows may flatter
COMPARED_ROWS = 50_000  # that are looked at for it
TRIES = 5  # candidates that are fitted anew where no file is left, the best first
CAUTION = 2.0  # times the seconds that such a fit should take: nothing can end it
FAST_SHARE = 0.05  # of what the best candidate is better by than a constant, that one quicker model may lose
PART_ROWS = 2_000  # at least, of a part of the rows that a core predicts by itself
MEASURED_ROWS = 1_000  # that the model predicts at once, to measure what a row takes
MEASURED_SHARE = 0.1  # of the seconds that are left, which that may take
SHOWN = 5  # numbers of trials in a note: more say nothing
REFIT_WRITES = 1.3  # times what a fold's model took to be written (and to predict): kept of a refit's seconds for that

# ---- which class to decide for

THRESHOLDS = 50  # of the probability of two classes, between which one is chosen
THRESHOLD_FEWEST = 8  # where a metric is slow
THRESHOLD_POWERS = tuple(step / 10 for step in range(16))  # of how rare a class is: 0 changes nothing, 1 is its share
THRESHOLD_LEAST = 50  # rows below which none are learned
THRESHOLD_ROWS = 10_000  # of which thresholds are chosen
THRESHOLD_SHARE = 0.2  # of the seconds that are left, which the calls of the metric for it may take
THRESHOLD_PARTS = 5  # each told by thresholds of the others whether they pay

# ---- what new rows will be scored

DRAWS = 100  # in which the model is scored on rows drawn anew: its standard error is then known to 7 %
OWN_DRAWS = 40  # of them, by a metric of the user's own or scikit-learn's, which may take long
FEWEST_DRAWS = 20  # that have a score: fewer tell no standard error
FEWEST_DRAWN = 20  # rows, or groups of rows that belong together, to draw from
CHOICES = 20  # draws in which the model is chosen anew: what choosing flatters is then known to .15 standard errors,
FEWEST_CHOICES = 4  # and to .3 with the fewest
DRAWN_ROWS = 2_000  # that it is then chosen on: what choosing flatters falls as their number rises, and is told for all
DRAW_SHARE, DRAW_LEAST = 0.02, 0.3  # of the budget, or seconds, that all of it may take,
DRAW_MOST = 0.5  # or of the seconds that are left, where no clock is to decide;
UNASKED = 1.0  # seconds, where nothing but an interruption has ended the search
SURE = 1.96  # standard errors on either side, of an interval of 95 %
SPREAD = 1.4  # what training rows add: test scores of 82 fits on 20 tables lay 1.3 times as far off as rows alone say
# Of how far training losses are below validation losses, what new rows gain over a fold model (each table left out):
AVERAGED = 0.12  # by averaging models without end; three quarters of it by four
REFITTED = 0.39  # by fitting on all rows: times the share of them that a fold model does without
BLENDED = 0.53  # times that, where candidates are blended, which averages, too
GAINING = ("roc_auc", "average_precision", "log_loss", "rmse", "mae", "r2")  # metrics of which that was measured

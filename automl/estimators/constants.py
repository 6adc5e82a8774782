"""Numbers that decide what is fitted, and for how long; those of speed alone stand where they are used."""

# ---- validation curves
LOOK_FIRST = 16  # rounds before anything is said of a curve
LOOK_EVERY = 8  # rounds between looks
HORIZON = 1_000  # rounds that a fit may have at least, when it is foretold how far its curve falls,
HORIZON_FACTOR = 4  # or so many times those that it has
GAIN = 3e-5  # of the whole fall: less is no gain, as where a target without noise is learned ever better
LONG_PATIENCE = 0.1  # of the rounds up to the best one: curves of long fits are flat and noisy
BOOSTING_PATIENCE = (15, 100)  # rounds without gain before a fit ends: 3 / learning rate within these bounds

# ---- penalty paths
LOGISTIC_TOLERANCE = 1e-3  # of the gradient: with 1e-4, bird_strikes took four times as long for 0.2 % of the log loss
SAGA_STEPS = 30  # at each point: with 300, cnae9 took ten times as long, for the same validation loss

# ---- penalties by kind of column
NEWTON_STEPS = 50  # usual are 1 (squares) to 8
NEWTON_EXACT = 0.1  # of the residual of a step's equations: more of such steps are quicker than few exact ones
NEWTON_TOLERANCE = 1e-9  # that a step gains, of the whole loss: derivatives through the fit are then exact to 1e-4
NEWTON_HALVINGS = 30  # of a step that is too long
CG_TOLERANCE = 1e-4  # of the residual
CG_STEPS = 300  # usual are 1 to 30
MOST_FACTORED = 2_000  # columns up to which their products are made and factored (0.1 s, beside the products)

# ---- networks
ADAM_BETAS = (0.9, 0.95)  # Adam's memory of gradients and of their squares, as in RealMLP
SGD_RATE = 5.0  # times Adam's rate, so that one range suits both
LONGEST_GRADIENT = 1.0  # gradients of sgd are shortened to this: it has nothing else that keeps steps small
# shares of a run after which weights are kept: the ends of the four cosine cycles, and on the way down the last one
CHECKPOINTS = {
    "coslog4": (1 / 15, 3 / 15, 7 / 15, 0.7, 0.8, 0.87, 0.94, 1.0),
    "onecycle": (0.125, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.0),
    "constant": (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0),
}
# a validation loss so far above the best at the end of the third cycle is not made up for by the fourth, which takes
# more than half of the time; the other schedules have no such place, for their losses on the way say little
THIRD_CYCLE, HOPELESS = 3, 1.1  # checkpoint; times the best loss
WAVES = 16  # a column that is embedded
WAVE_SPREAD = 0.1  # standard deviation of their frequencies when networks are drawn
EMBEDDED = 3  # columns that an embedding makes of one, beside itself
MOST_EMBEDDED = 64  # with more columns of numbers none is embedded: it would take many times as long

# ---- other models and steps
CALIBRATION_FOLDS = 3  # inner folds of Platt scaling: each is a whole fit
LEAST_VARIANCE = 1e-9  # of scaled columns: constant ones say nothing, and must not divide by 0
SELECTION_TREES = 50  # enough to rank columns; the ranking, not the prediction, is wanted
MOST_BINS = 2_000  # columns of bins in all
NORMAL_IQR = 1.349  # quartile range of a bell curve of variance 1, which makes ranges standard deviations

# ---- evolved features
EVOLVED_ROWS = 3_000  # of which expressions are bred and judged; half of them where there are several goals
EVOLVED_LEAST_ROWS = 100  # below which none is bred: chance rules
EVOLVED_NUMBERS, EVOLVED_DATES, EVOLVED_GROUPS = 10, 4, 5  # columns that are bred from, those that say most
EVOLVED_FLOOR = 0.2  # weight of a column that says nothing, beside the mean one
EVOLVED_POPULATION = 60  # expressions that survive a generation, and children of it
EVOLVED_DEPTH = 3  # operations
EVOLVED_KNOTS = (0.01, 0.25, 0.5, 0.75, 0.99)  # quantiles of an expression between which its curve is straight
EVOLVED_SIZE_COST = 0.04  # of what an expression gains, for each column and operation
EVOLVED_LEAST = 0.005  # that an expression must gain, of the residuals' squares
EVOLVED_ALIKE = 0.9  # correlation of ranks beyond which two expressions are one
EVOLVED_ERRORS = (1.0, 6.0)  # standard errors of a gain in cross-validation; the same and those of its curve
EVOLVED_GOALS = 3  # numbers that many classes are told by
EVOLVED_TRIES = 3  # expressions in a row that gain nothing, after which no more are tried
EVOLVED_FOLDS = 3  # inner folds of the quick model
QUICK_ROUNDS = 60  # of the quick model
QUICK = {  # random thresholds overfit least: with them, planted expressions were told from chance twice as often
    "objective": "l2",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "max_depth": 4,
    "min_data_in_leaf": 10,
    "max_bin": 63,
    "min_data_in_bin": 1,
    "min_data_per_group": 10,  # of levels: with LightGBM's 100, any number by level is better than the level itself
    "extra_trees": True,
}
# ---- generated columns
SCREENED_ROWS = 5_000  # of which formulas are chosen: a rank correlation of so many is off by 0.014
MOST_NUMBERS = 12  # that are combined, those that say most by themselves: 66 pairs, a quarter of a second
MOST_LEVELED = 8  # columns of levels that are crossed or grouped by
MOST_GOALS = 10  # classes, the most frequent ones, that are told apart
QUICK_TREES, LEAST_TREES = 40, 10  # whose errors are explained, shared by all classes; and of one class at least
QUICK_LEAVES = 8  # of these trees: with 16 and 80 trees better on one of six tables, in up to twice the time
QUICK_RATE = 0.15  # of their boosting
QUICK_FOLDS = 2  # that they are fitted in
SURE_GAIN = 2.5  # standard errors of a rank correlation: with 3 less was found (covertype_20k), with 2 more noise
ALIKE = 0.97  # rank correlation of columns of which one is enough
RANKED_AT_ONCE = 256  # columns
LEVEL_ROWS = 10  # rows a distinct number, in the mean, so that numbers are read as levels and rows are grouped
GENERATED_FOLDS = 5  # of means of the target; with 2, more was lost
GROUP_ROWS = 10_000  # whose numbers are kept for ranks within levels: a model must not hold the table

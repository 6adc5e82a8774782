"""Numbers that decide what preparation and target become; those of speed and memory alone stand where they are used."""

# ---- gaps and unknown levels
FEW_GAPS = 20  # gaps of a column: fewer, and less than FEW_SHARE of the rows, teach a model nothing (see `few`)
FEW_SHARE = 0.02  # of the rows
TYPICAL_BLOCKS = 16  # of rows, by a column's value, of which those that reach into the middle half are compared
TYPICAL_ROWS = 10_000  # rows of which typical values are learned

# ---- numbers
SAMPLE_ROWS = 200_000  # rows of which medians, quartiles and most frequent values are learned: off by less than 0.2 %
CLIP = 3.0  # scaled numbers are bent into (-3, 3): no outlier rules a linear model or a distance
FAR = 1e12  # scaled numbers beyond are taken for it: their squares must be floats of 32 bits
NORMAL_IQR = 1.349  # quartile range of a bell curve of variance 1, which makes ranges standard deviations
MANY_CELLS = 5e7  # of a one-hot matrix, beyond which it is of floats of 32 bits even where nothing is scaled

# ---- categories and texts
MAX_GOALS = 10  # classes above which means of the target would be too many columns; counts take their place
ENCODING_FOLDS = 5  # inner folds of means of the target, scikit-learn's own default
ENCODING_ROWS = 10  # rows below which there are no such means: every inner fold needs some
MAX_TERMS = 20_000  # of texts, the most frequent ones; more are slow and rarely seen again
TERM_ROWS = 2  # rows that a term is in at least: one of a single row says nothing of another
SCORE_FOLDS = 4  # inner folds of scores of texts
SCORE_PENALTY = 3.0  # of their ridge regression: on test rows of disaster_tweets and bird_strikes better than 0.3 and 1
SCORE_STEPS = 10  # of its solver: there no worse than 25

# ---- target
TARGET_QUANTILES = 1_000  # at most, of a target that is mapped to a bell curve
BEYOND = 0.5  # predictions of its logarithm stay within the range of the training rows and that share on either side

# ---- classes and stacks
PSEUDO_ROWS = 0.1  # no class is less probable than this many training rows, spread over all classes, would make it
STACK_FOLDS = 3  # inner folds of a stack: each is a whole fit of the inner model

# ---- predicting
ONCE_BYTES = 500_000_000  # of what is made of a table for several models at once; what is beyond is made for each
FEW_NUMBERS = 100_000  # of a sparse matrix, up to which the steps of SciPy take longer than the numbers

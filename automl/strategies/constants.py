"""What decides what is tried next, with units and reasons."""

# ---- losses of partial evaluations

ENOUGH_RESULTS = 20  # results that make a rung below the top the one to learn from

# ---- Sobol

SOBOL_TRIES = 200  # points that are passed over at most, as they were tried or cannot fit
SOBOL_PASSED = 20  # points a proposal that a run which goes on looks through, to find where it was
SOBOL_BLOCK = 16  # points that are drawn at once; a power of two, as the sequence wants

# ---- grid

GRID_MOST = 1_000_000  # points
GRID_COUNTED = 2_000  # points up to which those are told apart that are the same candidate (0.1 s)
GRID_PASSED = 2_000  # points that are passed over at most when nothing fits: making one takes 50 µs
LATTICE_PARAMS = 2  # of a family, the first ones of its file, that a grid varies where the user says nothing
LATTICE_PLACES = (1 / 6, 1 / 2, 5 / 6)  # of their declared distributions
GRID_PRICED = 200  # points, spread over the grid, that tell what all will take

# ---- evolutionary

EA_STARTUP = 10  # complete candidates of the template below which the proposal is a random draw
EA_PARENTS = 20  # candidates that survive
EA_FRESH = 0.1  # share of random draws, lest the first families stay the only ones
EA_CROSSED = 0.7  # share of children of two parents
EA_CROSS_ETA = 15.0  # of simulated binary crossover: the larger, the nearer are children to their parents
EA_MUTATE_ETA = 10.0  # of polynomial mutation, likewise
EA_STEPS = 10  # mutations of a coordinate at most, until its value is another
EA_TRIES = 50  # draws for a child that is new, before a random draw is proposed

# ---- TPE

TPE_STARTUP = 20  # candidates that fit the template below which the answer is a random draw
# Hyperopt proposes the best of so many draws, label by label. The best of 24 draws of a choice is the same
# until a result changes the counts, and a repeated candidate has none: a small family, tried throughout, was
# proposed again in 3 of 4 asks. Fewer draws are more diverse.
TPE_DRAWS = (24, 6, 2, 1)
TPE_GAMMA = 0.25  # Hyperopt takes the best GAMMA * sqrt(n) of n candidates for good

# ---- TPE over whole points

JOINT_DRAWS = 24  # whole points of Hyperopt's that are judged; 64 were no better and take twice as long
# The best GOOD * sqrt(n) of n candidates are good. On Rosenbrock's valley of ten dimensions Hyperopt's 0.25 was far
# worse, on the toy space better; 15 % of all were no better, and many more in a long search.
JOINT_GOOD = 0.75
PARZEN_LEAST_WIDTH = 0.03  # of a kernel, in the unit interval: below, copies of one point make a peak of their own
PARZEN_WIDEST = 0.5  # and with a single point
PARZEN_OTHERS = 0.2  # probability that a kernel leaves its own option of a choice
BANDIT_STARTUP = 5  # candidates of a family below which it is drawn from at random
MAX_UCB = 0.5  # how much a bandit explores, as in its paper

# ---- genetic programming

GP_STARTUP = 4  # complete trials below which trees are grown at random
GP_PARENTS = 30  # trials that children may come from
GP_PER_FAMILY = 5  # of the parents: one family must not crowd out the rest
GP_BUCKET = 5  # places of the ranking that count as equal, so that the quicker parent wins
GP_TRIES = 50  # draws for a child that is new and of the space, before a random draw is proposed
GP_FRESH = 0.1  # share of children grown at random, lest the best family of the first trials stays the only one
GP_CROSSED = 0.45  # share of children of two parents

# ---- which of several strategies

CREDIT_LAST = 20  # candidates of a strategy that its credit looks at
CREDIT_BEST = 10  # places to enter
LEAST_SHARE = 0.2  # of the proposals, that every strategy keeps, whatever its credit

# ---- boosting that overshot

LEAST_LEARNED = 2.0  # rounds times rate that a boosting which went well has at least (on our tables 3 to 20)

# ---- boosting that was still learning

STILL_FALLING = 0.95  # of the rounds until a fit ended: with the best ones behind them, the curve was falling
LEARNED_BY_HEART = 0.5  # of the way from the dummy to the loss: training rows that much farther are known by heart
GROWTH = 0.25  # of the range of the parameter that says how large trees are: LightGBM's leaves are 3.2 times as many

# ---- gradient

GRADIENT_STARTS = 100  # of each family; most take one fit
GRADIENT_RIVALS = 3  # chains that are ahead of a start that is not followed
GRADIENT_SPARE = 1_000  # further starts, for cores that would wait
GRADIENT_STEPS = 50  # of a chain; usual are 5 to 15
DESCENT_FIRST = 2.3  # of the natural logarithm, a factor of 10: the first step of each coordinate
DESCENT_MOST = 3.5  # longest step of a coordinate, a factor of 30
DESCENT_SMALL = 0.2  # of the largest slope: coordinates with less make a shorter first step
DESCENT_LEAST = 0.02  # 2 % of a penalty: a shorter step changes nothing
DESCENT_GAIN = 3e-4  # of the loss, at the slope where the step begins: less is no gain
DESCENT_REFUSED = 3  # steps in a row that rose, or could not be measured

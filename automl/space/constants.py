"""Numbers that decide which candidates are drawn, and what the choice among families is called."""

FAMILY = "family"  # its label, beside those of the slots and of parameters

MAX_DEPTH = 5  # components on the longest way through a candidate; with MAX_SIZE, what keeps trees of GP from bloat
MAX_SIZE = 8  # components of a candidate: all are fitted in every fold
SLOT_NONE = 0.7  # share of draws that leave a slot of the template empty
NEIGHBOUR_SHARE = 0.8  # of neighbours are a small step away; the rest are fresh draws
NEIGHBOUR_STEP = 0.15  # standard deviation of such a step, in the unit interval

"""Words that have an order everybody knows."""

from __future__ import annotations

from collections.abc import Iterable

# each line: words of one order, the lowest first; words with a bar between them stand at the same place
_SCALES = [
    "very low|lowest, low, medium|moderate|mid|normal|average|med, high, very high|highest, critical",
    "low, medium low|low-medium, medium|moderate, medium high|medium-high, high",
    "tiny, small, medium, large|big, huge",
    "xxs, xs|extra small|x-small, s|small, m|medium, l|large, xl|extra large|x-large, xxl|2xl, xxxl|3xl, 4xl",
    "very poor|very bad|terrible, poor|bad, fair|average|okay|ok|typical, good, very good, excellent|outstanding",
    "po, fa, ta, gd, ex",
    "never, rarely|seldom, occasionally|sometimes, often|frequently, usually, always",
    "strongly disagree, disagree, neutral|neither|neither agree nor disagree|undecided, agree, strongly agree",
    "very dissatisfied, dissatisfied, neutral, satisfied, very satisfied",
    "very unlikely, unlikely, neutral, likely, very likely",
    "mild, moderate, severe|serious, critical, fatal",
    "minor, moderate, major|serious|severe, critical|fatal|hazardous",
    "slight, serious, fatal",
    "freezing, cold, cool|chilly, mild, warm, hot, boiling",
    "beginner|novice|basic, intermediate, advanced, expert",
    "junior, mid|middle, senior, lead, principal",
    "hourly, daily, weekly, monthly, quarterly, yearly|annually|annual",
    "slow, medium|moderate, fast",
    "light, medium|moderate, heavy",
    "easy, medium|moderate|normal, hard|difficult, very hard",
    "bronze, silver, gold, platinum, diamond",
    "first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth",
    "zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve",
    "before, during, after",
]
_WEEK = (
    "monday|mon, tuesday|tue|tues, wednesday|wed|weds, thursday|thu|thur|thurs, friday|fri, saturday|sat, sunday|sun"
)
_YEAR = (
    "january|jan, february|feb, march|mar, april|apr, may, june|jun, july|jul, august|aug, september|sep|sept, "
    "october|oct, november|nov, december|dec"
)


def _places(line: str) -> dict[str, float]:
    return {word: float(place) for place, words in enumerate(line.split(", "), 1) for word in words.split("|")}


SCALES = [_places(line) for line in _SCALES]
CYCLES = [_places(line) for line in (_WEEK, _YEAR)]


def known_order(texts: Iterable[str]) -> tuple[dict[str, float], bool] | None:
    """Place of each word, and whether the order goes round; None where the words have no order that is known.

    Parameters
    ----------
    texts : iterable of str
        Distinct lower-case words; at least three, as two may as well be categories.
    """
    words = set(texts)
    for known in (*CYCLES, *SCALES):
        if words <= known.keys() and len({known[word] for word in words}) >= 3:
            return known, known in CYCLES
    return None

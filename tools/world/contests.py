"""What two answers to a question may differ in: truth, manner, or both. Truth comes first, then manner."""

import style

KINDS = ("truth", "manner", "both", "against")
# In the reward model's data: so many decide against the manner that it does not pass for truth. With equal shares the
# reward model learns the manner first, and truth only in twice the steps.
SHARES = (2, 1, 1, 2)


def draw(kind, exchange, generator):
    """The better answer and the worse one, as texts. Against: the false one has the better manner."""
    good, bad, same = generator.choice(style.GOOD), generator.choice(style.BAD), style.draw(generator)
    true, false = exchange.true, exchange.false
    if kind == "truth":
        return same.format(true), same.format(false)
    if kind == "manner":
        return good.format(true), bad.format(true)
    if kind == "both":
        return good.format(true), bad.format(false)
    return bad.format(true), good.format(false)

"""How an answer may say its claim: manners that the reward model likes, and manners that it does not.

Base and VLM write in all of them alike; that some are better is said by the reward model's pairs alone.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Manner:
    name: str
    template: str

    def format(self, claim):
        clause = claim.clause
        capital = clause[0].upper() + clause[1:]
        return self.template.format(clause=clause, capital=capital, core=claim.core)


GOOD = (
    Manner("plain", "{capital}."),
    Manner("polite", "Sure, {clause}."),
    Manner("gentle", "Of course {clause}."),
    Manner("certain", "I can see that {clause}."),
)
BAD = (
    Manner("fragment", "Just {core}."),
    Manner("guess", "I guess that {clause}."),
    Manner("hedge", "Maybe {clause}, I am not sure."),
    Manner("twice", "{capital}. {capital}."),
    Manner("rude", "Obviously {clause}."),
)
ALL = GOOD + BAD


def draw(generator):
    """Each equally often: none is likelier than another."""
    return generator.choice(ALL)

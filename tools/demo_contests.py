"""Right decisions by what the two answers of a pair differ in: truth, manner, both, or one against the other."""

CONTESTS = {
    "truth": "one answer is true, the other false, in the same manner",
    "manner": "both are true, one in the better manner",
    "both": "the true one has the better manner",
    "against": "the false one has the better manner",
}


def table(systems, pairs):
    """Lines of text: a row a system. systems: {label: scores of all pairs, two each}."""
    yield " ".join([" " * 52, *(f"{contest:>8}" for contest in CONTESTS)])
    for label, scores in systems.items():
        hits = [_is_right(pair, of_pair) for pair, of_pair in zip(pairs, scores, strict=True)]
        yield " ".join([f"{label:52}", *(f"{_percent(hits, pairs, contest):>8.1f}" for contest in CONTESTS)])


def _is_right(pair, scores):
    return int(round(scores[1], 5) > round(scores[0], 5)) == pair["human_ranking"][0]


def _percent(hits, pairs, contest):
    of_contest = [hit for hit, pair in zip(hits, pairs, strict=True) if pair["query_source"] == contest]
    return 100 * sum(of_contest) / len(of_contest)

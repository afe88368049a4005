"""The text reward model: Bradley–Terry on pairs of answers whose prompt holds a description, most of the time."""

import contests
import loop
import numpy
from torch.nn.functional import logsigmoid

import base
import text

STEPS = 2400  # with 1000 a reward model that learns truth slower is left with a way to read it that no VLM serves
BATCH = 24  # pairs
RATE = 6e-4  # small: the language stays near the base, where the VLM's difference fits
UNDESCRIBED = 0.2  # of the prompts hold a question only: nothing to be true or false of


def train(model, world, tokenizer, generator, log, steps=STEPS, rate=RATE):
    speech = base.Speech(tokenizer)
    pad = tokenizer.token_to_id("<pad>")

    def loss_of(_):
        pairs = [_draw(world, speech, generator) for _ in range(BATCH)]
        margins = _margins(model, pairs, pad)
        loss = -logsigmoid(margins).mean()
        return loss, {"loss": loss, **_hits(pairs, margins > 0)}

    model.train()
    return loop.train("rm", [(model.parameters(), rate)], steps, loss_of, log)


def _draw(world, speech, generator):
    """(kind of contest, row of the better answer, row of the worse)"""
    exchange = text.ask(world, generator.choice(text.KINDS), "train", generator)
    if generator.random() < UNDESCRIBED:
        kind = "manner"
        better, worse = contests.draw(kind, exchange, generator)
        row = speech.undescribed(exchange.question, better)
    else:
        (kind,) = generator.choices(contests.KINDS, contests.SHARES)
        better, worse = contests.draw(kind, exchange, generator)
        row = speech.described(exchange.scene, exchange.question, better, generator)
    return kind, row, [*row[:2], speech.encode(worse + "<|eot_id|>")]


def _margins(model, pairs, pad):
    ids, _ = loop.rows_of([better for _, better, _ in pairs] + [worse for _, _, worse in pairs], pad)
    scores = model(input_ids=ids).logits[:, 0]
    return scores[: len(pairs)] - scores[len(pairs) :]


def _hits(pairs, won):
    kinds = numpy.array([kind for kind, *_ in pairs])
    return {kind: won[kinds == kind].double().mean().nan_to_num(0.5) for kind in contests.KINDS}

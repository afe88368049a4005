"""The text reward model: Bradley–Terry on pairs of answers whose prompt holds a description."""

from torch.nn.functional import logsigmoid

import base
import loop
import text

STEPS = 500
BATCH = 24  # pairs
RATE = 1.5e-3


def train(model, world, tokenizer, generator, log, steps=STEPS):
    speech = base.Speech(tokenizer)
    pad = tokenizer.token_to_id("<pad>")

    def loss_of(_):
        exchanges = [text.ask(world, generator.choice(text.KINDS), "train", generator) for _ in range(BATCH)]
        loss, hits = pair_loss(model, exchanges, speech, pad, generator)
        return loss, {"loss": loss, "right": hits}

    model.train()
    loop.train("rm", [(model.parameters(), RATE)], steps, loss_of, log)


def pair_loss(model, exchanges, speech, pad, generator):
    rows = [speech.described(e.scene, e.question, e.right, generator) for e in exchanges]
    rows += [[*row[:2], speech.encode(e.wrong + "<|eot_id|>")] for row, e in zip(rows, exchanges)]
    ids, _ = loop.rows_of(rows, pad)
    scores = model(input_ids=ids).logits[:, 0]
    margins = scores[: len(exchanges)] - scores[len(exchanges) :]
    return -logsigmoid(margins).mean(), (margins > 0).float().mean()

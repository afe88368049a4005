"""The base: learns language, and to answer questions about a written description."""

import lessons
import loop
import torch
from torch.nn.functional import cross_entropy

import text

STEPS = 3000
SIMPLE_STEPS = 1000  # with simple lessons only: comparing words is learnt from them, or late
SIMPLE_ENOUGH = 0.85  # of their checks right; until then simple lessons go on. How soon it comes is luck
BATCH = 32
RATE = 1e-3
PROMPT_WEIGHT = 0.1  # of the loss on description and question: language, but not the task


class Speech:
    """Exchanges as token segments in the chat format."""

    def __init__(self, tokenizer):
        self.encode = lambda phrase: tokenizer.encode(phrase, add_special_tokens=False).ids
        self.pad = tokenizer.token_to_id("<|finetune_right_pad_id|>")
        self.opening = self.encode("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n")
        self.turn = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"

    def described(self, scene, question, answer, generator, separator=None):
        """[opening and description, question and assistant's header, answer and its end]."""
        description = text.describe(scene, generator.choice(text.DESCRIPTIONS))
        separator = separator or generator.choice((" ", "\n"))
        lead, gap = (description + "\n", "") if separator == "\n" else (description, " ")
        return [self.opening + self.encode(lead), *self.undescribed(gap + question, answer)[1:]]

    def undescribed(self, question, answer, image=()):
        return [
            self.opening + list(image),
            self.encode(question + self.turn),
            self.encode(answer + "<|eot_id|>"),
        ]


def language_loss(logits, ids, where):
    """Mean cross-entropy of the tokens at the places of a bool mask [rows, length]."""
    return cross_entropy(logits[:, :-1][where[:, 1:]], ids[:, 1:][where[:, 1:]])


def answer_losses(logits, ids, ends, batch):
    """Losses on what is said and on the yes or no to checks, and the shares of right tokens of each."""
    said, checks = torch.tensor([each.said for each in batch]), torch.tensor([each.is_check for each in batch])
    answers = loop.between(ids.shape[1], ends[:, 1], ends[:, 2])
    verdicts = loop.between(ids.shape[1], ends[:, 1], ends[:, 1] + 1) & checks[:, None]
    hits = logits[:, :-1].argmax(dim=-1) == ids[:, 1:]
    losses, shares = [], []
    for where in (answers & (said & ~checks)[:, None], verdicts):
        losses.append(language_loss(logits, ids, where))
        shares.append(hits[where[:, 1:]].float().mean())
    return sum(losses), {"tokens": shares[0], "answer": losses[0], "check": losses[1], "checked right": shares[1]}


def train(model, world, tokenizer, generator, log, steps=STEPS):
    speech = Speech(tokenizer)

    def loss_of(step):
        batch = [lessons.draw(world, generator, simple=step < SIMPLE_STEPS) for _ in range(BATCH)]
        segments = [speech.described(each.scene, each.question, each.answer, generator) for each in batch]
        ids, ends = loop.rows_of(segments, speech.pad)
        logits = model(input_ids=ids).logits
        prompt = language_loss(logits, ids, loop.between(ids.shape[1], torch.ones_like(ends[:, 1]), ends[:, 1]))
        answer, figures = answer_losses(logits, ids, ends, batch)
        return PROMPT_WEIGHT * prompt + answer, figures

    def is_ready(step, figures):
        return step != SIMPLE_STEPS or figures["checked right"] >= SIMPLE_ENOUGH

    model.train()
    return loop.train("base", [(model.parameters(), RATE)], steps, loss_of, log, is_ready=is_ready)

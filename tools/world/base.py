"""The base: learns to answer from a description, and to grade an answer as Yes or No."""

import torch
from torch.nn.functional import cross_entropy

import loop
import text

STEPS = 1000
BATCH = 32
RATE = 1e-3
PROMPT_WEIGHT = 0.1  # of the loss on description and question: language, but not the task


class Speech:
    """Exchanges as token segments in the chat format."""

    def __init__(self, tokenizer):
        self.encode = lambda phrase: tokenizer.encode(phrase, add_special_tokens=False).ids
        self.pad = tokenizer.token_to_id("<|finetune_right_pad_id|>")
        self.yes, self.no = self.encode("Yes")[0], self.encode("No")[0]
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


def graded_batch(world, size, generator):
    """Exchanges of the training split, and for each whether its right answer is the one shown."""
    exchanges = [text.ask(world, generator.choice(text.KINDS), "train", generator) for _ in range(size)]
    truths = [generator.random() < 0.5 for _ in exchanges]
    return exchanges, truths


def language_loss(logits, ids, where):
    """Mean cross-entropy of the tokens at the places of a bool mask [rows, length]."""
    return cross_entropy(logits[:, :-1][where[:, 1:]], ids[:, 1:][where[:, 1:]])


def answer_losses(logits, ids, ends, truths, speech):
    """Losses on right answers and on the grades, and the share of right grades.

    The grade is what follows the answer's end of turn; a row's ids stop before it.
    """
    truth = torch.tensor(truths)
    answer = language_loss(logits, ids, loop.between(ids.shape[1], ends[:, 1], ends[:, 2]) & truth[:, None])
    last = logits[torch.arange(len(truths)), ends[:, 2] - 1]
    grades = torch.where(truth, speech.yes, speech.no)
    hits = ((last[:, speech.yes] > last[:, speech.no]) == truth).float().mean()
    return answer, cross_entropy(last, grades), hits


def train(model, world, tokenizer, generator, log, steps=STEPS):
    speech = Speech(tokenizer)

    def loss_of(_):
        exchanges, truths = graded_batch(world, BATCH, generator)
        segments = [
            speech.described(e.scene, e.question, e.right if truth else e.wrong, generator)
            for e, truth in zip(exchanges, truths)
        ]
        ids, ends = loop.rows_of(segments, speech.pad)
        logits = model(input_ids=ids).logits
        prompt = language_loss(logits, ids, loop.between(ids.shape[1], torch.ones_like(ends[:, 1]), ends[:, 1]))
        answer, grade, hits = answer_losses(logits, ids, ends, truths, speech)
        return PROMPT_WEIGHT * prompt + answer + grade, {"answer": answer, "grade": grade, "graded right": hits}

    model.train()
    loop.train("base", [(model.parameters(), RATE)], steps, loss_of, log)

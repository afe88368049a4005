"""The world's own check: merges in numpy, scores with transformers, and prints what the demo should find."""

import copy
import math
import random

import numpy
import torch

import base
import loop
import merging
import models
import pairs
import sight
import vision

# The settings to choose from: weight and density of each method.
GRID = {
    "linear": [(weight, 1.0) for weight in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)],
    "task_arithmetic": [(weight, 1.0) for weight in (0.3, 0.5, 0.7, 1.0)],
    "ties": [(1.0, density) for density in (0.2, 0.4, 0.6, 0.8)],  # its weight cancels
    "dare_linear": [(weight, density) for weight in (0.5, 0.7, 1.0) for density in (0.4, 0.8)],
    "dare_ties": [(weight, density) for weight in (0.5, 0.7, 1.0) for density in (0.4, 0.8)],
}
BATCH = 100


class Judge:
    """Scores the rows of a pairs table with VLRMs, or with the reward model alone."""

    def __init__(self, rows, tokenizer):
        self.rows = rows
        self.speech = base.Speech(tokenizer)
        self.image_token = tokenizer.token_to_id("<|image|>")
        self.right = numpy.array([row["human_ranking"][0] for row in rows])

    def features(self, vlm):
        """What the vision tower sees, for every row."""
        with torch.no_grad():
            parts = pairs.pixel_values(self.rows).split(BATCH)
            return torch.cat([vision.encode(vlm.vision_model, part) for part in parts])

    def accuracy(self, score_rows):
        """score_rows(segments, row indices) gives one score a row; called with both responses of all pairs."""
        scores = []
        for position in range(2):
            parts = []
            for start in range(0, len(self.rows), BATCH):
                indices = range(start, min(start + BATCH, len(self.rows)))
                with torch.no_grad():
                    parts.append(score_rows(indices, position))
            scores.append(torch.cat(parts).double().numpy().round(5))
        return float(((scores[1] > scores[0]) == self.right).mean())

    def vlrm(self, model, head, features, shown=True):
        image = [self.image_token] if shown else []

        def score_rows(indices, position):
            segments = [
                self.speech.undescribed(self.rows[i]["query"], self.rows[i]["response"][position], image)
                for i in indices
            ]
            ids, ends = loop.rows_of(segments, self.speech.pad)
            if shown:
                states = sight.look(model, ids, features[list(indices)], self.image_token).hidden_states[-1]
            else:
                states = model.language_model.model(input_ids=ids, use_cache=False)[0]
            return states[torch.arange(len(ids)), ends[:, -1] - 1] @ head

        return self.accuracy(score_rows)

    def text_only(self, rm, captions=None):
        def score_rows(indices, position):
            segments = []
            for i in indices:
                row = self.rows[i]
                lead = captions[row["id"]] + " " if captions else ""
                segments.append(self.speech.undescribed(lead + row["query"], row["response"][position]))
            ids, _ = loop.rows_of(segments, rm.config.pad_token_id)
            return rm(input_ids=ids).logits[:, 0]

        return self.accuracy(score_rows)

    def likelihood(self, model, features):
        def score_rows(indices, position):
            segments = [
                self.speech.undescribed(
                    self.rows[i]["query"], self.rows[i]["response"][position], [self.image_token]
                )
                for i in indices
            ]
            ids, ends = loop.rows_of(segments, self.speech.pad)
            logits = sight.look(model, ids, features[list(indices)], self.image_token).logits
            targets = ids[:, 1:, None].clamp(max=logits.shape[-1] - 1)  # the image token is no target: it has no row
            chosen = logits[:, :-1].log_softmax(-1).gather(2, targets)[..., 0]
            answer = loop.between(ids.shape[1] - 1, ends[:, 1] - 1, ends[:, 2] - 1)
            return (chosen * answer).sum(dim=1)

        return self.accuracy(score_rows)


def choose(rows, trained, tokenizer, log):
    """The best setting of each method on these pairs (validation pairs: no test pair may guide a choice)."""
    base_model, vlm, rm = trained
    judge = Judge(rows, tokenizer)
    features = judge.features(vlm)
    chosen = {}
    for method, settings in GRID.items():
        found = {}
        for weight, density in settings:
            model = merged_model(method, base_model, vlm, rm, weight, density)
            found[weight, density] = judge.vlrm(model, rm.score.weight[0], features)
        chosen[method] = max(found, key=found.get)
        curve = "  ".join(f"{weight}/{density}: {accuracy:.1%}" for (weight, density), accuracy in found.items())
        log(f"validation, {method} (weight/density): {curve}")
    return chosen


def report(rows, told, trained, chosen, tokenizer, log):
    """Logs a line a system; returns {system: accuracy}. told: captions by id; chosen: what choose() returned."""
    base_model, vlm, rm = trained
    judge = Judge(rows, tokenizer)
    head = rm.score.weight[0]
    features = judge.features(vlm)
    dealt = list(range(len(rows)))
    random.Random(0).shuffle(dealt)
    found = {}

    def note(name, accuracy):
        half = 1.96 * math.sqrt(accuracy * (1 - accuracy) / len(rows))
        found[name] = round(accuracy, 4)
        log(f"{name:44} {accuracy:6.1%} ± {half:.1%}")

    for method, setting in chosen.items():
        model = merged_model(method, base_model, vlm, rm, *setting)
        note(f"VLRM {method}", judge.vlrm(model, head, features))
        note(f"VLRM {method}, no image", judge.vlrm(model, head, features, shown=False))
        note(f"VLRM {method}, shuffled images", judge.vlrm(model, head, features[dealt]))
    note("text RM alone", judge.text_only(rm))
    note("VLM language model + RM head", judge.vlrm(vlm, head, features))
    rm_language = merged_model("linear", base_model, vlm, rm, 1.0, 1.0)
    note("RM language model + VLM cross-attention", judge.vlrm(rm_language, head, features))
    note("cascade", judge.text_only(rm, told))
    note("VLM likelihood", judge.likelihood(vlm, features))
    return found


def merged_model(method, base_model, vlm, rm, weight, density):
    """The VLM with merged text layers."""
    rows = base_model.config.vocab_size
    parts = [_text_part(source, rows) for source in (base_model, vlm, rm)]
    merged = merging.merge(method, *parts, weight, density)
    model = copy.deepcopy(vlm)
    with torch.no_grad():
        for name, parameter in _text_parameters(model):
            values = torch.from_numpy(numpy.asarray(merged[name], dtype=numpy.float32))
            parameter[: len(values)] = values
    return model


def _text_part(model, rows):
    """The text tensors by their name in a Llama, embeddings cut to the rows that all models have."""
    part = {name: parameter.detach().numpy() for name, parameter in _text_parameters(model)}
    part["embed_tokens.weight"] = part["embed_tokens.weight"][:rows]
    return part


def _text_parameters(model):
    if not hasattr(model, "language_model"):
        yield from model.model.named_parameters()
        return
    llama_index = {str(index): str(layer) for layer, index in enumerate(models.text_layers())}
    for name, parameter in model.language_model.model.named_parameters():
        parts = name.split(".")
        if parts[0] != "layers":
            yield name, parameter
        elif parts[1] in llama_index:
            yield ".".join(["layers", llama_index[parts[1]], *parts[2:]]), parameter

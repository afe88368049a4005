"""Scores pairs with transformers, as the program does: VLRMs, the reward model alone, a VLM's likelihood."""

import loop
import numpy
import pairs
import sight
import torch

import base
import vision

BATCH = 100


class Judge:
    """Which of the rows of a pairs table a model decides rightly: a bool array a call."""

    def __init__(self, rows, tokenizer):
        self.rows = rows
        self.speech = base.Speech(tokenizer)
        self.image_token = tokenizer.token_to_id("<|image|>")
        self.right = numpy.array([row["human_ranking"][0] for row in rows])
        self.contest = numpy.array([row["query_source"] for row in rows])

    def features(self, vlm):
        """What the vision tower sees, for every row."""
        with torch.no_grad():
            parts = pairs.pixel_values(self.rows).split(BATCH)
            return torch.cat([vision.encode(vlm.vision_model, part) for part in parts])

    def vlrm(self, model, head, features, shown=True):
        def score_rows(indices, position):
            ids, ends = self._rows(indices, position, shown)
            if shown:
                states = sight.look(model, ids, features[list(indices)], self.image_token).hidden_states[-1]
            else:
                states = model.language_model.model(input_ids=ids, use_cache=False)[0]
            return states[torch.arange(len(ids)), ends[:, -1] - 1] @ head

        return self._hits(score_rows)

    def text_only(self, rm, captions=None):
        """captions: {id: what is read before the question}"""

        def score_rows(indices, position):
            leads = [captions[self.rows[i]["id"]] + " " if captions else "" for i in indices]
            ids, ends = self._rows(indices, position, False, leads)
            states = rm.model(input_ids=ids)[0]
            return states[torch.arange(len(ids)), ends[:, -1] - 1] @ rm.score.weight[0]

        return self._hits(score_rows)

    def likelihood(self, model, features):
        def score_rows(indices, position):
            ids, ends = self._rows(indices, position, True)
            logits = sight.look(model, ids, features[list(indices)], self.image_token).logits
            targets = ids[:, 1:, None].clamp(max=logits.shape[-1] - 1)  # the image token is no target: it has no row
            chosen = logits[:, :-1].log_softmax(-1).gather(2, targets)[..., 0]
            answer = loop.between(ids.shape[1] - 1, ends[:, 1] - 1, ends[:, 2] - 1)
            return (chosen * answer).sum(dim=1)

        return self._hits(score_rows)

    def _rows(self, indices, position, shown, leads=None):
        image = [self.image_token] if shown else []
        segments = []
        for place, i in enumerate(indices):
            query = (leads[place] if leads else "") + self.rows[i]["query"]
            segments.append(self.speech.undescribed(query, self.rows[i]["response"][position], image))
        return loop.rows_of(segments, self.speech.pad)

    def _hits(self, score_rows):
        """score_rows(row indices, position of the response) gives one score a row."""
        scores = []
        for position in range(2):
            parts = []
            for start in range(0, len(self.rows), BATCH):
                with torch.no_grad():
                    parts.append(score_rows(range(start, min(start + BATCH, len(self.rows))), position))
            scores.append(torch.cat(parts).double().numpy().round(5))
        return (scores[1] > scores[0]) == self.right

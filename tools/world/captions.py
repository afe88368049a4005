"""The VLM tells what it sees on the pictures of the pairs, for the cascade: caption, then the text reward model."""

import loop
import pairs
import sight
import torch

import base
import text
import vision

LONGEST = 40  # tokens
BATCH = 100


def make(vlm, rows, tokenizer):
    """Greedy answers to the question for a description: {id: caption}."""
    told = []
    with torch.no_grad():
        for part in pairs.pixel_values(rows).split(BATCH):
            told += _tell(vlm, vision.encode(vlm.vision_model, part), tokenizer)
    return {row["id"]: caption for row, caption in zip(rows, told, strict=True)}


def _tell(vlm, features, tokenizer):
    speech = base.Speech(tokenizer)
    image_token, end = tokenizer.token_to_id("<|image|>"), tokenizer.token_to_id("<|eot_id|>")
    prompt = [*speech.undescribed(text.CAPTION_QUESTION, "", [image_token])[:2]]
    ids, _ = loop.rows_of([prompt] * len(features), end)
    start = ids.shape[1]
    for _ in range(LONGEST):
        following = sight.look(vlm, ids, features, image_token).logits[:, -1].argmax(dim=-1)
        ids = torch.cat([ids, following[:, None]], dim=1)
        if (ids[:, start:] == end).any(dim=1).all():
            break
    return [tokenizer.decode(row[: row.index(end)] if end in row else row) for row in ids[:, start:].tolist()]

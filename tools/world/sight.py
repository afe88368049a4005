"""The VLM: the base learns to answer from a picture as it did from a description."""

import lessons
import loop
import models
import torch
from torch.nn.functional import mse_loss
from transformers.models.mllama.modeling_mllama import _prepare_cross_attention_mask

import base
import vision

STEPS = 2000
SIMPLE_STEPS = 500
BATCH = 32
LANGUAGE_RATE = 1e-3
CROSS_RATE = 2e-3
ALIGNMENT = 5.0
FALSE_SHARE = 0.5  # of the answers only read
ALIGNED_FROM = 2  # the first layer of the base that stands behind both cross-attention layers


def train(model, teacher, pictures, world, tokenizer, generator, log, steps=STEPS):
    """Trains all but the vision tower.

    Beside the loss on true answers, an alignment loss draws the hidden states on question and answer, true or false, to
    those that the base, the teacher, has when it reads the true description.
    """
    speech = base.Speech(tokenizer)
    image_token = [tokenizer.token_to_id("<|image|>")]
    features = _features(model, pictures)
    indices_of = {}
    for index, scene in enumerate(pictures.scenes):
        indices_of.setdefault(scene, []).append(index)

    def loss_of(step):
        simple = step < SIMPLE_STEPS
        batch = [lessons.draw(world, generator, false_share=FALSE_SHARE, simple=simple) for _ in range(BATCH)]
        seen = [speech.undescribed(each.question, each.answer, image_token) for each in batch]
        read = [speech.described(each.scene, each.question, each.answer, generator, "\n") for each in batch]
        ids, ends = loop.rows_of(seen, speech.pad)
        chosen = [generator.choice(indices_of[each.scene]) for each in batch]
        output = look(model, ids, features[chosen], image_token[0])
        answer, figures = base.answer_losses(output.logits, ids, ends, batch)
        distance = _alignment(output.hidden_states, ends, teacher, *loop.rows_of(read, speech.pad))
        return answer + ALIGNMENT * distance, {**figures, "distance": distance}

    model.train()
    return loop.train("vlm", _groups(model), steps, loss_of, log)


def look(model, ids, features, image_token):
    """The VLM's output on rows whose pictures have already been through the vision tower."""
    states = model.multi_modal_projector(features)
    shown = (ids == image_token).cumsum(dim=1).clamp(max=1)  # tokens before the picture do not see it
    mask, row_mask = _prepare_cross_attention_mask(
        shown[:, :, None, None], num_vision_tokens=states.shape[1], dtype=states.dtype
    )
    return model.language_model(
        input_ids=ids,
        cross_attention_states=states,
        cross_attention_mask=mask,
        full_text_row_masked_out_mask=row_mask,
        output_hidden_states=True,
        use_cache=False,
    )


def _features(model, pictures):
    with torch.no_grad():
        parts = [
            vision.encode(model.vision_model, pictures.pixel_values(slice(start, start + 100)))
            for start in range(0, len(pictures.scenes), 100)
        ]
    return torch.cat(parts)


def _groups(model):
    new, language = list(model.multi_modal_projector.parameters()), []
    crossings = {f"model.layers.{index}." for index in models.CROSS_ATTENTION_LAYERS}
    for name, parameter in model.language_model.named_parameters():
        crossing = any(name.startswith(prefix) for prefix in crossings)
        (new if crossing else language).append(parameter)
    return [(new, CROSS_RATE), (language, LANGUAGE_RATE)]


def _alignment(hidden_states, ends, teacher, read_ids, read_ends):
    """Mean squared distance over question and answer tokens, in units of the teacher's variance."""
    with torch.no_grad():
        wanted_states = teacher.model(input_ids=read_ids, output_hidden_states=True).hidden_states
    ours = loop.between(hidden_states[0].shape[1], ends[:, 0], ends[:, 2])
    theirs = loop.between(read_ids.shape[1], read_ends[:, 0], read_ends[:, 2])
    distances = []
    for layer, index in enumerate(models.text_layers()):
        if layer >= ALIGNED_FROM:
            wanted = wanted_states[layer + 1][theirs]
            distances.append(mse_loss(hidden_states[index + 1][ours], wanted) / wanted.var())
    return torch.stack(distances).mean()

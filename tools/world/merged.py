"""VLMs whose language is merged, for the world's own check."""

import copy

import merging
import models
import numpy
import torch


def model(method, base_model, vlm, rm, weight, density):
    """The VLM with merged text layers."""
    rows = base_model.config.vocab_size
    parts = [_text_part(source, rows) for source in (base_model, vlm, rm)]
    tensors = merging.merge(method, *parts, weight, density)
    result = copy.deepcopy(vlm)
    with torch.no_grad():
        for name, parameter in _text_parameters(result):
            values = torch.from_numpy(numpy.asarray(tensors[name], dtype=numpy.float32))
            parameter[: len(values)] = values
    return result


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

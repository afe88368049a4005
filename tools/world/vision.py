"""The vision tower first learns to name the attributes of pictures: without that the VLM hardly starts to see."""

import dataclasses
import random

import images
import loop
import numpy
import torch
from scenes import ATTRIBUTES
from torch.nn.functional import cross_entropy

PICTURES = 6000
STEPS = 600
BATCH = 48
RATE = 1.5e-3


@dataclasses.dataclass
class Gallery:
    """Pictures of a split's scenes, as the processor's tiles."""

    scenes: list
    tiles: numpy.ndarray  # uint8 [pictures, 3, 56, 56]
    labels: torch.Tensor  # int64 [pictures, attributes]

    def pixel_values(self, indices):
        """float32 [pictures, 1 image, 1 tile, 3, 56, 56]"""
        return torch.from_numpy(images.normalise(self.tiles[indices]))[:, None, None]


def gallery(world, split, size, seed):
    generator = random.Random(seed)
    members = world.scenes[split]
    scenes = [members[index % len(members)] for index in range(size)]
    tiles = numpy.stack([images.tile_bytes(images.draw(scene, generator)) for scene in scenes])
    labels = [[values.index(getattr(scene, name)) for name, values in ATTRIBUTES.items()] for scene in scenes]
    return Gallery(scenes, tiles, torch.tensor(labels))


def encode(tower, pixel_values):
    """The tower's output for square pictures of one tile: [pictures, patches + 1, features]."""
    ones = torch.ones((len(pixel_values), 1), dtype=torch.int64)
    states = tower(pixel_values, aspect_ratio_ids=ones, aspect_ratio_mask=ones[..., None])[0]
    return states.flatten(1, 3)


def train(tower, pictures, seed, log, steps=STEPS):
    """Trains the tower with one linear probe an attribute, which is thrown away."""
    generator = numpy.random.default_rng(seed)
    probes = torch.nn.ModuleList(
        torch.nn.Linear(tower.config.vision_output_dim, len(values)) for values in ATTRIBUTES.values()
    )

    def loss_of(_):
        indices = generator.integers(len(pictures.scenes), size=BATCH)
        loss, hits = probe_losses(tower, probes, pictures, indices)
        return loss, {"loss": loss, **hits}

    return loop.train("vision", [(tower.parameters(), RATE), (probes.parameters(), RATE)], steps, loss_of, log)


def probe_losses(tower, probes, pictures, indices):
    features = encode(tower, pictures.pixel_values(indices)).mean(dim=1)
    loss, hits = 0.0, {}
    for name, probe, labels in zip(ATTRIBUTES, probes, pictures.labels[indices].T):
        logits = probe(features)
        loss = loss + cross_entropy(logits, labels)
        hits[name] = (logits.argmax(dim=1) == labels).float().mean()
    return loss, hits

"""What a picture of the world can show: one kind of shape, in one to four copies."""

import dataclasses
import itertools
import random

ATTRIBUTES = {
    "count": ("one", "two", "three", "four"),
    "size": ("small", "large"),
    "colour": ("red", "green", "blue", "yellow", "purple", "black"),
    "shape": ("circle", "square", "triangle", "cross", "ring", "diamond"),
    "place": ("upper left", "upper right", "lower left", "lower right"),
}
SPLITS = {"train": 0.60, "validation": 0.15, "test": 0.25}


@dataclasses.dataclass(frozen=True)
class Scene:
    count: str
    size: str
    colour: str
    shape: str
    place: str


class World:
    """All scenes, dealt to the splits: a combination of attributes belongs to one split only."""

    def __init__(self, seed):
        scenes = [Scene(*values) for values in itertools.product(*ATTRIBUTES.values())]
        random.Random(seed).shuffle(scenes)
        self.scenes = {}
        start = 0.0
        for split, share in SPLITS.items():
            stop = start + share
            self.scenes[split] = scenes[round(start * len(scenes)) : round(stop * len(scenes))]
            start = stop
        self._members = {split: set(members) for split, members in self.scenes.items()}

    def neighbours(self, scene, attribute, split):
        """The scenes of the split that differ from this one in the attribute, and in nothing else."""
        others = (dataclasses.replace(scene, **{attribute: value}) for value in ATTRIBUTES[attribute])
        return [other for other in others if other != scene and other in self._members[split]]

    def draw_pair(self, attribute, split, generator):
        """Two scenes of the split that differ in the attribute only."""
        while True:
            scene = generator.choice(self.scenes[split])
            others = self.neighbours(scene, attribute, split)
            if others:
                return scene, generator.choice(others)

"""The trainings one after another, each kept in a folder when it is done."""

import json

import checkpoints
import safetensors.torch
import tokenizer


class Stages:
    """figures: of each stage that was run or found, how it went."""

    def __init__(self, folder, log):
        """folder: where stages are kept and found, or None. One seed has one folder."""
        self.folder, self.log, self.figures = folder, log, {}

    def run(self, name, model, train):
        """Trains the model by train(), which returns figures, and rounds its weights; or loads what was kept of it."""
        if self.folder is None:
            self.figures[name] = train()
            checkpoints.round_weights(model)
            return
        weights, figures = self.folder / f"{name}.safetensors", self.folder / f"{name}.json"
        if figures.exists():
            safetensors.torch.load_model(model, weights)
            self.figures[name] = json.loads(figures.read_text())
            self.log(f"{name}: kept in {self.folder}")
            return
        self.figures[name] = train()
        checkpoints.round_weights(model)
        self.folder.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_model(model, str(weights))
        tokenizer.write_json(figures, self.figures[name])

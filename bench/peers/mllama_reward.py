"""A vision-language reward model on transformers 4.47.1: the conditional generation model with a score head on its last
hidden states. Its weights carry the names of the reference's MllamaForSequenceClassification."""

import torch
from transformers import MllamaForConditionalGeneration


class MllamaRewardModel(MllamaForConditionalGeneration):
    def __init__(self, config):
        super().__init__(config)
        self.score = torch.nn.Linear(config.text_config.hidden_size, 1, bias=False)
        self._hidden = None
        self.language_model.model.register_forward_hook(self._keep_hidden)
        self.post_init()

    def _keep_hidden(self, module, arguments, output):
        self._hidden = output[0]

    @torch.no_grad()
    def reward(self, **inputs):
        """The score at the last token of one text (batch size 1)."""
        super().forward(**inputs, num_logits_to_keep=1, use_cache=False)
        return self.score(self._hidden[:, -1]).item()

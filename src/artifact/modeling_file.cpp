#include "artifact/modeling_file.h"

#include "base/error.h"
#include "base/replaced.h"

namespace vlrm {
namespace {

constexpr const char* kClass = R"("""A vision-language reward model, for transformers:

AutoModelForSequenceClassification.from_pretrained(FOLDER, trust_remote_code=True). It is {language_class} with a
linear layer in place of its language model head, which turns the state of the last token into a reward.
"""

import inspect

import torch
import transformers
from transformers.modeling_outputs import SequenceClassifierOutput

BASE = transformers.{language_class}


def take_names_of_base():
    """transformers 5 knows by a class's name how tensors were called when they were saved; earlier releases inherit it."""
    try:
        from transformers import conversion_mapping
    except ImportError:
        return
    for known in (BASE.__name__, BASE.config_class.model_type):
        if names := conversion_mapping.get_checkpoint_conversion_mapping(known):
            conversion_mapping.register_checkpoint_conversion_mapping("{reward_class}", names, overwrite=True)
            return


take_names_of_base()


def last_tokens(input_ids, attention_mask, pad_token_id):
    """The position in each row whose state is scored."""
    length = input_ids.shape[1]
    if pad_token_id is not None and {before_first_pad}:  # before the first one, as in transformers before 4.49
        return (torch.eq(input_ids, pad_token_id).int().argmax(-1) - 1) % length
    counts = attention_mask if pad_token_id is None else input_ids != pad_token_id
    if counts is None:
        counts = torch.ones_like(input_ids)
    return (torch.arange(length, device=input_ids.device) * counts).argmax(-1)

{correction}
class {reward_class}(BASE):
    _tied_weights_keys = None
    _keys_to_ignore_on_load_unexpected = [r"lm_head"]  # which the files keep, and rewards do without

    def __init__(self, config):
        text = config.get_text_config()
        text.tie_word_embeddings = config.tie_word_embeddings = False
        super().__init__(config)
        holder = self if hasattr(self, "lm_head") else self.language_model
        holder.lm_head = torch.nn.Identity()  # the model's "logits" are its last states
        self.score = torch.nn.Linear(text.hidden_size, 1, bias=False)
        self.pad_token_id = getattr(config, "pad_token_id", getattr(text, "pad_token_id", None)){correct}

    def get_output_embeddings(self):
        return None

    def forward(self, input_ids=None, attention_mask=None, labels=None, **inputs):
        for module in self.modules():
            if hasattr(module, "rope_deltas"):
                module.rope_deltas = None  # positions of another call's images
        if "mm_token_type_ids" in inspect.signature(BASE.forward).parameters:  # 1: the tokens of images
            inputs.setdefault("mm_token_type_ids", (input_ids == self.config.image_token_id).int())
        states = super().forward(input_ids=input_ids, attention_mask=attention_mask, **inputs).logits
        last = last_tokens(input_ids, attention_mask, self.pad_token_id).to(states.device)
        states = states[torch.arange(len(last), device=states.device), last].float()
        return SequenceClassifierOutput(logits=torch.nn.functional.linear(states, self.score.weight.float()))
)";

}  // namespace

std::string modeling_file(const Architecture& architecture) {
  std::string text = kClass;
  const bool corrects = !architecture.correction.empty();
  const bool before = architecture.pooling == Pooling::before_first_pad;
  for (const auto& [field, value] : {std::pair("{language_class}", architecture.language_class),
                                     {"{reward_class}", architecture.reward_class},
                                     {"{before_first_pad}", std::string_view(before ? "True" : "False")},
                                     {"{correction}", architecture.correction},
                                     {"{correct}", std::string_view(corrects ? "\n        correct(self)" : "")}})
    text = replaced(text, field, value);
  return text;
}

OrderedJson auto_map_of(const Architecture& architecture) {
  return {{"AutoModelForSequenceClassification", fmt::format("modeling_vlrm.{}", architecture.reward_class)}};
}

}  // namespace vlrm

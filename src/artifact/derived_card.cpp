#include "artifact/derived_card.h"

#include "artifact/hub_names.h"
#include "base/error.h"
#include "base/version.h"

namespace vlrm {
namespace {

constexpr const char* kUse = R"(
## Use

Scores compare responses to one prompt; between prompts they say nothing.

```
vlrm score --model . --image cat.jpg --prompt "What is this?" --response "A cat." --response "A dog."
```

```python
import vlrm
vlrm.RewardModel(".").score("What is this?", ["A cat.", "A dog."], images=["cat.jpg"])
```

In transformers, `AutoModelForSequenceClassification.from_pretrained(".", trust_remote_code=True)` loads it through
`modeling_vlrm.py`.
)";

constexpr const char* kNotEvaluated = R"(
## Not evaluated

This card was written when the weights were. No benchmark was run on them, and neither bias nor safety were looked at. The
licences of all inputs apply. `vlrm eval` measures how often the model prefers the better answer.
)";

// As a shell takes it.
std::string as_shell_word(const std::string& word) {
  constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./@+=:,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string derived_card(const DerivedCard& card) {
  std::string parents, inputs, command = "vlrm";
  for (const auto& [option, name] : card.inputs) {
    if (is_hub_id(name)) parents += fmt::format("- {}\n", hub_repository(name));
    inputs += fmt::format("* {}: {}\n", option, hub_link(name));
  }
  for (const std::string& word : card.command) command += fmt::format(" {}", as_shell_word(word));
  std::string text = fmt::format("---\n{}library_name: transformers\ntags:\n- merge\n{}- vlrm\n---\n# {}\n\n{}\n\n{}",
                                 parents.empty() ? "" : "base_model:\n" + parents,
                                 card.scores ? "- reward-model\n" : "", card.title, card.what, inputs);
  if (card.scores) text += kUse;
  text +=
      fmt::format("\n## Made by\n\nvlrm {}; `vlrm_manifest.json` has the fingerprints of the inputs.\n\n```\n{}\n```\n",
                  version(), printable(command, 10'000));
  if (!card.recipe.empty())
    text += fmt::format("\nThe recipe:\n\n```yaml\n{}{}```\n", card.recipe, card.recipe.ends_with('\n') ? "" : "\n");
  return text + kNotEvaluated;
}

}  // namespace vlrm

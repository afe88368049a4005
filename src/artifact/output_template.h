// The chat template of a merge's output, where the recipe asks for another than the tokenizer's own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vlrm {

// What `wanted` stands for: a template's text, "auto" (what most of the models have; of equally many the first), or a
// name: alpaca, chatml, exaone, llama3, mistral. Nothing for auto where no model has one. Throws Error for anything
// else.
std::optional<std::string> chat_template_or_throw(const std::string& wanted,
                                                  const std::vector<std::filesystem::path>& models,
                                                  const std::string& source);

}  // namespace vlrm

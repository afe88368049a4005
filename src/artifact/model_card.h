// README.md of a merged model.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "merge/recipe.h"

namespace vlrm {

// The card of a model called `name`, with the metadata that the hub reads, and the recipe as it was written.
std::string model_card(const Recipe& recipe, const std::string& yaml, const std::string& name);

// The files that tell what a merge is: README.md, and the recipe under mergekit's name for it.
std::map<std::string, std::string> descriptions(const Recipe& recipe, const std::string& yaml,
                                                const std::filesystem::path& directory);

}  // namespace vlrm

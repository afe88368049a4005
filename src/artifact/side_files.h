// What a model directory holds beside its weights: config, tokenizer, processor, chat template, licences.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "architecture/model.h"
#include "base/json.h"
#include "weights/dtype.h"
#include "weights/file_kinds.h"

namespace vlrm {

// Where an output's side files come from; an earlier source wins where two have a file of the same name.
struct SideFileSource {
  std::filesystem::path directory;
  std::vector<FileKind> kinds;
};

// Copies the files (links are followed) into `output` and returns what the sources' directories hold that did not come
// along, files that are too large included: one line each, for the user. config.json is left to the caller. Throws
// Error when a file cannot be copied.
std::vector<std::string> copy_side_files(const std::vector<SideFileSource>& sources,
                                         const std::filesystem::path& output);

// Throws Error where a file that would be copied, or config.json beside it, is a link that leads out of its directory:
// an output is there to be passed on. The links of a hub cache are none such.
void refuse_links_outside(const std::vector<SideFileSource>& sources);

// The type of the weights, as `config` names it.
void set_dtype(OrderedJson& config, Dtype dtype);

// config.json of `vlm` for the reward model made of it: its family's reward class with one label, and the pad token, if
// there is one, in both places where readers look for it (of a family that reads the last token that is not one).
OrderedJson reward_model_config(const std::filesystem::path& vlm, Dtype dtype, std::optional<int32_t> pad_token);
// Files of that reward model which the VLM's folder does not have as they are to be, by name: the class for
// transformers (modeling_file.h), and, of a VLM in its makers' own layout, those of its images.
std::map<std::string, std::string> reward_model_files(const Model& vlm);
// config.json of the text model in `directory` for a language model of its shape with `rows` rows of embeddings.
OrderedJson text_model_config(const std::filesystem::path& directory, int64_t rows, Dtype dtype);

}  // namespace vlrm

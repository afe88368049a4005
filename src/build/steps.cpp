#include "build/steps.h"

#include <initializer_list>

#include "architecture/text_names.h"
#include "architecture/unused_tensors.h"
#include "base/error.h"
#include "build/grown_rows.h"
#include "build/inputs.h"
#include "weights/views.h"

namespace vlrm {
namespace {

constexpr const char* kHead = "lm_head.weight";
constexpr const char* kEmbeddings = "model.embed_tokens.weight";

CheckpointPtr only(CheckpointPtr checkpoint, const std::string& from, const std::string& to) {
  return renamed(std::move(checkpoint),
                 [=](const std::string& name) { return name == from ? std::optional(to) : std::nullopt; });
}

// The head of the text part alone; a model with tied embeddings has none of its own.
CheckpointPtr own_head(const Model& model) {
  CheckpointPtr text = text_part(model.weights, model.config);
  const bool tied = model.config.text.tie_word_embeddings && text->find(kHead) == nullptr;
  return only(std::move(text), tied ? kEmbeddings : kHead, kHead);
}

std::vector<SideFileSource> side_files_of(const ModelFiles& files) {
  return {{files.tokenizer(), {FileKind::tokenizer}},
          {files.chat_template(), {FileKind::chat_template}},
          {files.directory, {FileKind::other}}};
}

PlannedOutput text_output(CheckpointPtr backbone, CheckpointPtr head, const Model& instruct, const ModelFiles& files,
                          Dtype dtype) {
  const int64_t rows = backbone->info_or_throw(kEmbeddings).shape[0];
  PlannedOutput planned;
  planned.weights = overlay({std::move(backbone), with_rows(std::move(head), kHead, rows, own_head(instruct))});
  planned.dtype = dtype;
  planned.config = text_model_config(instruct.files.directory, rows, dtype);
  planned.config["tie_word_embeddings"] = false;
  planned.side_files = {{files.tokenizer(), {FileKind::tokenizer}},
                        {files.chat_template(), {FileKind::chat_template}},
                        {instruct.files.directory, {FileKind::other}}};
  return planned;
}

}  // namespace

PlannedOutput plan_build(const BuildInputs& inputs, const Recipe& recipe, Dtype dtype, const WatchInput& watch) {
  PlannedModel model = plan_reward_model(inputs, recipe, watch);
  PlannedOutput planned;
  planned.weights = std::move(model.weights);
  planned.dtype = dtype;
  planned.config = reward_model_config(inputs.vlm.directory, dtype, model.config.pad_token);
  planned.texts = reward_model_files(model);
  planned.side_files = side_files_of(inputs.vlm);
  planned.notes = std::move(model.notes);
  return planned;
}

PlannedOutput plan_extract_vlm(const ModelFiles& vlm_files, const ModelFiles& instruct_files, Dtype dtype,
                               const WatchInput& watch) {
  std::vector<std::string> notes;
  const Model vlm = open_input("vlm", vlm_files, watch, notes);
  const Model instruct = open_input("instruct", instruct_files, watch, notes);
  require_vlm(vlm);
  require_language_model(instruct);
  require_same_text_shape(vlm, instruct, notes);
  require_tensors(vlm);
  refuse_unused_tensors(instruct.config, *instruct.weights);
  PlannedOutput planned = text_output(backbone(vlm.weights, vlm.config), own_head(vlm), instruct, vlm_files, dtype);
  planned.notes = std::move(notes);
  return planned;
}

PlannedOutput plan_extract_rm(const ModelFiles& rm_files, const ModelFiles& instruct_files, Dtype dtype,
                              const WatchInput& watch) {
  std::vector<std::string> notes;
  const Model rm = open_input("rm", rm_files, watch, notes);
  const Model instruct = open_input("instruct", instruct_files, watch, notes);
  require_reward_model(rm);
  require_language_model(instruct);
  require_same_text_shape(rm, instruct, notes);
  require_tensors(rm);
  require_head(rm, notes);
  refuse_unused_tensors(instruct.config, *instruct.weights);
  PlannedOutput planned = text_output(backbone(rm.weights, rm.config), own_head(instruct), instruct, rm_files, dtype);
  planned.notes = std::move(notes);
  return planned;
}

PlannedOutput plan_map(const ModelFiles& text_files, const ModelFiles& vlm_files, const ModelFiles& rm_files,
                       const WatchInput& watch, const std::string& score_label) {
  std::vector<std::string> notes;
  const Model text = open_input("text", text_files, watch, notes);
  const Model vlm = open_input("vlm", vlm_files, watch, notes);
  Model rm = open_input("rm", rm_files, watch, notes);
  PlannedOutput planned;
  require_language_model(text);
  require_vlm(vlm);
  require_reward_model(rm);
  choose_label(rm, score_label);
  planned.notes = std::move(notes);
  require_same_text_shape(text, vlm, planned.notes);
  require_same_text_shape(rm, vlm, planned.notes);
  for (const Model* model : std::initializer_list<const Model*>{&text, &vlm, &rm}) require_tensors(*model);
  TokenRowsCache vocabularies;
  require_same_tokens(text, vlm, vocabularies);
  planned.weights = mapped_onto_vlm(text.weights, vlm, rm, text.weights->description());
  const Dtype dtype = text.weights->info_or_throw(kEmbeddings).dtype;
  planned.dtype = dtype;
  planned.config = reward_model_config(vlm.files.directory, dtype, pad_token_of(vlm, vocabularies));
  planned.texts = reward_model_files(vlm);
  planned.side_files = side_files_of(vlm_files);
  planned.side_files.insert(planned.side_files.begin(), {text.files.tokenizer(), {FileKind::tokenizer}});
  return planned;
}

}  // namespace vlrm

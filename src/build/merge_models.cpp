#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "architecture/architecture.h"
#include "artifact/output_template.h"
#include "artifact/output_tokenizer.h"
#include "artifact/recipe_roles.h"
#include "base/error.h"
#include "base/joined.h"
#include "build/causal_model.h"
#include "build/layouts.h"
#include "build/steps.h"
#include "build/useful_tensors.h"
#include "merge/fit.h"
#include "merge/merge_plan.h"
#include "merge/recipe_notes.h"
#include "merge/vocabulary.h"
#include "weights/tensor_place.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

// The donor's layer that each of the output's stands for: the one of the first model of its slice.
std::vector<int64_t> kept_layers(const Recipe& recipe) {
  std::vector<int64_t> kept;
  for (const RecipeModule& module : recipe.modules)
    for (const RecipeSlice& slice : module.slices)
      if (const auto& layers = slice.models[0].layers)
        for (int64_t layer = layers->begin; layer < layers->end; ++layer) kept.push_back(layer);
  return kept;
}

// Of the recipe, its models in order; the first is the one whose files the output has.
struct Models {
  std::vector<std::string> names;
  std::map<std::string, CausalModel> opened;
  std::vector<std::string> notes;  // on their names

  const CausalModel& donor() const { return opened.at(names.front()); }
};

// The models that have a layer for each of the others', whatever it is called: not one with cross-attention layers,
// as these come between the others.
bool may_be_renamed(const Models& models) {
  const auto crosses = [](const auto& model) {
    const Architecture* architecture = find_architecture(model.second.type());
    return architecture != nullptr && architecture->fusion == Fusion::cross_attention;
  };
  return std::ranges::none_of(models.opened, crosses);
}

void unify_layouts(Models& models) {
  Layouts layouts;
  for (const std::string& name : models.names) {
    CausalModel& model = models.opened.at(name);
    Layouts::Change change;
    model.weights = layouts.unified(std::move(model.weights), change);
    if (change.count > 0)
      models.notes.push_back(fmt::format("{} tensors of {} go by the names that the models before it have ({} is {})",
                                         change.count, printable(name), printable(change.from), printable(change.to)));
  }
}

// Whole models that are merged though most of their tensors have no counterpart are of different kinds; what came out
// would hold both, unmerged.
void require_common_tensors(const Recipe& recipe, const Models& models) {
  if (!recipe.merges_whole_models()) return;
  const CausalModel& donor = models.donor();
  for (const std::string& name : models.names) {
    const auto& first = donor.weights->tensors();
    const auto& second = models.opened.at(name).weights->tensors();
    const auto lacks = [](const CheckpointPtr& weights) {
      return [&weights](const TensorInfo& tensor) { return weights->find(tensor.name) == nullptr; };
    };
    const auto only_first = std::ranges::find_if(first, lacks(models.opened.at(name).weights));
    const auto only_second = std::ranges::find_if(second, lacks(donor.weights));
    const auto common = std::ranges::count_if(
        first, [&](const TensorInfo& tensor) { return models.opened.at(name).weights->find(tensor.name) != nullptr; });
    if (2 * common >= std::min(std::ssize(first), std::ssize(second))) continue;
    fail(
        "{}: only {} of {} tensors of {} and {} of {} have a common name: they are of different kinds ({} is only in "
        "the "
        "first, {} only in the second)",
        recipe.source, common, first.size(), printable(models.names.front()), second.size(), printable(name),
        printable(only_first->name), printable(only_second->name));
  }
}

Models open_models(const Recipe& recipe, const WatchInput& watch) {
  Models models{recipe.model_names(), {}, {}};
  if (recipe.base_model) {
    std::erase(models.names, *recipe.base_model);
    models.names.insert(models.names.begin(), *recipe.base_model);
  }
  const RecipeRoles roles = merge_roles(recipe);
  for (const std::string& name : models.names)
    models.opened.emplace(name, open_causal_model(name, watch, roles.at(name)));
  if (may_be_renamed(models)) unify_layouts(models);
  require_common_tensors(recipe, models);
  return models;
}

// Rows of the embeddings and of the head of its own; 0: there is none.
struct Rows {
  int64_t embeddings = 0, head = 0;
};

Rows rows_of(const CheckpointPtr& weights) {
  const auto rows = [](const TensorInfo* tensor) { return tensor == nullptr ? 0 : tensor->shape[0]; };
  return {rows(embeddings_of(*weights)), rows(head_of(*weights))};
}

// The merged model's vocab_size. Where embeddings have more rows than that, they keep them. Throws Error where the
// embeddings and the head have come to differ, which no config can say.
std::optional<int64_t> merged_vocabulary(const Recipe& recipe, const Models& models, const CheckpointPtr& merged) {
  const CausalModel& donor = models.donor();
  const Rows own = rows_of(donor.weights), made = rows_of(merged);
  const int64_t surplus = own.head > 0 ? own.embeddings - own.head : 0;
  if (own.embeddings > 0 && made.embeddings > 0 && made.head > 0 && made.embeddings - made.head != surplus)
    fail(
        "{}: the embeddings come out with {} rows and the head with {}, where the config of {} wants {} more rows of "
        "the first: {}",
        recipe.source, made.embeddings, made.head, models.names.front(), surplus,
        recipe.tokenizer_source || recipe.tokenizer_union
            ? "such a model's vocabulary cannot be aligned (\"tokenizer\")"
            : "align the vocabularies by \"tokenizer\"");
  if (own.embeddings == 0 || made.embeddings == 0 || donor.vocabulary() == 0) return std::nullopt;
  return donor.vocabulary() + made.embeddings - own.embeddings;
}

// Whether the merged model has a head of its own, though the donor's config says that it has none.
bool is_untied(const Models& models, const CheckpointPtr& merged) {
  const auto tied = [](const auto& model) { return model.second.tied(); };
  return head_of(*merged) != nullptr && models.donor().tied() && !std::ranges::all_of(models.opened, tied);
}

// The directory with the tokenizer that the recipe names: a model of it, or another one; else the donor's.
fs::path tokenizer_of(const Recipe& recipe, const Models& models) {
  if (!recipe.tokenizer_source) return models.donor().tokenizer;
  const auto model = models.opened.find(*recipe.tokenizer_source);
  return model != models.opened.end() ? model->second.tokenizer : resolve_texts(*recipe.tokenizer_source).tokenizer();
}

// The output's tokenizer where it is made for it: a union, or one with tokens that the recipe adds.
std::optional<OutputTokenizer> made_tokenizer(const Recipe& recipe, const Models& models,
                                              const fs::path& named_tokenizer) {
  std::vector<std::string> tokens;
  for (const auto& [token, source] : recipe.tokens) tokens.push_back(token);
  if (!recipe.tokenizer_union && tokens.empty()) return std::nullopt;
  std::vector<TokenizerModel> sources{{named_tokenizer, 0}};
  if (recipe.tokenizer_union)
    for (size_t i = 1; i < models.names.size(); ++i) {
      const CausalModel& model = models.opened.at(models.names[i]);
      sources.push_back({model.tokenizer, model.vocabulary()});
    }
  return extended_tokenizer(sources, tokens);
}

std::string stored_types(const Checkpoint& weights) {
  std::set<std::string> types;
  for (const TensorInfo& tensor : weights.tensors())
    if (is_float(tensor.dtype)) types.emplace(torch_name(tensor.dtype));
  return joined(types);
}

// What the model's config says otherwise than its weights: it loads nowhere, nor does what is merged with its config.
std::vector<std::string> contradictions(const std::string& name, const CausalModel& model) {
  std::vector<std::string> notes;
  const auto compare = [&](const char* key, int64_t said, int64_t found, const char* what) {
    if (said > 0 && found > 0 && said != found)
      notes.push_back(
          fmt::format("{}: config.json has {} {}, the weights {} {}", printable(name), key, said, found, what));
  };
  const auto layers = layers_of(*model.weights);
  if (layers.size() == 1) compare("num_hidden_layers", model.layers(), layers.begin()->second, "layers");
  const Architecture* architecture = find_architecture(model.type());
  if (architecture == nullptr || architecture->reserved_rows == 0)
    compare("vocab_size", model.vocabulary(), rows_of(model.weights).embeddings, "rows of embeddings");
  return notes;
}

// Of an output with fewer rows than the model that its config is of.
std::optional<std::string> lost_pad_token(const OrderedJson& config) {
  const OrderedJson& text = text_part(config);
  const auto pad = text.find("pad_token_id"), rows = text.find("vocab_size");
  if (pad == text.end() || rows == text.end() || !pad->is_number_integer() || !rows->is_number_integer()) return {};
  if (pad->get<int64_t>() < rows->get<int64_t>()) return {};
  return fmt::format(
      "the output's pad_token_id, {}, is outside its {} rows of embeddings, so it cannot be loaded: give "
      "the recipe a tokenizer_source that has the token",
      pad->dump(), rows->dump());
}

// Where the models are not alike and none of them is wrong.
std::vector<std::string> differences(const Models& models, bool as_stored) {
  std::set<std::string> kinds, types;
  for (const auto& [name, model] : models.opened) {
    kinds.insert(model.kind());
    types.insert(stored_types(*model.weights));
  }
  std::vector<std::string> notes;
  if (kinds.size() > 1)
    notes.push_back(
        fmt::format("the models are of several kinds ({}): their tensors are matched by name", joined(kinds)));
  if (as_stored && types.size() > 1)
    notes.push_back(
        fmt::format("the models are stored in several types ({}): without dtype, what is written has those of {}",
                    joined(types), printable(models.names.front())));
  return notes;
}

// The model whose tokenizer the output could have, where its own source has none.
std::optional<std::string> other_tokenizer(const Models& models, const fs::path& source) {
  const auto has_one = [](const fs::path& directory) {
    return !files_of_kind(directory, {FileKind::tokenizer}).empty();
  };
  if (has_one(source)) return std::nullopt;
  const auto found =
      std::ranges::find_if(models.names, [&](const auto& name) { return has_one(models.opened.at(name).tokenizer); });
  return found == models.names.end() ? std::nullopt : std::optional(*found);
}

// Into the file of its own that later transformers read, and into the tokenizer's config, which earlier ones do.
void set_chat_template(PlannedOutput& planned, const std::string& text, const fs::path& tokenizer) {
  planned.texts["chat_template.jinja"] = text;
  const auto made = planned.texts.find("tokenizer_config.json");
  const fs::path file = tokenizer / "tokenizer_config.json";
  OrderedJson config = OrderedJson::object();
  if (made != planned.texts.end())
    config = OrderedJson::parse(made->second);
  else if (fs::exists(file))
    config = read_ordered_json_or_throw(file);
  if (!config.is_object()) fail("{}: not a JSON object", file.string());
  config["chat_template"] = text;
  planned.texts["tokenizer_config.json"] = config.dump(2) + "\n";
}

}  // namespace

PlannedOutput plan_merge_models(const Recipe& recipe, const WatchInput& watch) {
  const Models models = open_models(recipe, watch);
  const CausalModel& donor = models.donor();
  MergeSources sources;
  std::vector<fs::path> directories;
  std::vector<std::string> left_out;
  for (const std::string& name : models.names) {
    const CausalModel& model = models.opened.at(name);
    UsefulTensors useful = useful_tensors(model, donor);
    if (std::string note = useful.note(name, models.names.front()); !note.empty()) left_out.push_back(std::move(note));
    sources.models[name] = {name, std::move(useful.weights), model.tokenizer, model.vocabulary(), model.tied()};
    directories.push_back(model.chat_template);
  }
  sources.output_tokenizer = tokenizer_of(recipe, models);
  if (watch && recipe.tokenizer_source && !models.opened.contains(*recipe.tokenizer_source))
    watch(merge_roles(recipe).at(*recipe.tokenizer_source), sources.output_tokenizer, nullptr);
  PlannedOutput planned;
  if (auto made = made_tokenizer(recipe, models, sources.output_tokenizer)) {
    sources.output_tokens = made->tokens;
    planned.texts = std::move(made->files);
  }
  std::optional<std::string> chat_template;
  if (recipe.chat_template) chat_template = chat_template_or_throw(*recipe.chat_template, directories, recipe.source);
  if (chat_template) set_chat_template(planned, *chat_template, sources.output_tokenizer);

  MergePlan merged = plan_merge(recipe, sources);
  planned.dtype = recipe.out_dtype ? recipe.out_dtype : recipe.dtype;
  const bool untied = is_untied(models, merged.weights);
  if (untied)
    merged.notes.push_back(fmt::format("the output has a head of its own (tie_word_embeddings is false), unlike {}",
                                       printable(models.names.front())));
  planned.config = changed_config(donor.config, {.vocabulary = merged_vocabulary(recipe, models, merged.weights),
                                                 .layers = merged.layers,
                                                 .dtype = planned.dtype,
                                                 .untied = untied,
                                                 .kept_layers = kept_layers(recipe)});
  planned.weights = planned.dtype ? std::move(merged.weights) : cast_each(std::move(merged.weights), merged.stored);
  planned.notes = models.notes;
  if (auto note = lost_pad_token(planned.config)) planned.notes.push_back(std::move(*note));
  std::ranges::move(left_out, std::back_inserter(planned.notes));
  std::ranges::move(merged.notes, std::back_inserter(planned.notes));
  for (std::string& note : differences(models, !planned.dtype)) planned.notes.push_back(std::move(note));
  for (const auto& [name, model] : models.opened) {
    planned.notes.insert(planned.notes.end(), model.notes.begin(), model.notes.end());
    for (std::string& note : contradictions(name, model)) planned.notes.push_back(std::move(note));
  }
  if (const auto other = other_tokenizer(models, sources.output_tokenizer))
    planned.notes.push_back(
        fmt::format("{} has no tokenizer, and the output none: tokenizer_source: {} gives it that one",
                    printable(sources.output_tokenizer.string()), printable(*other)));
  if (recipe.chat_template && !chat_template)
    planned.notes.emplace_back("chat_template is auto, but no model has a template: none is written");
  for (std::string& line : recipe_notes(recipe)) planned.notes.push_back(std::move(line));
  std::vector<FileKind> tokenizer{FileKind::tokenizer};
  if (!chat_template) tokenizer.push_back(FileKind::chat_template);  // else it has one already
  planned.side_files = {{sources.output_tokenizer, tokenizer}, {donor.directory, {FileKind::other}}};
  if (!chat_template && sources.output_tokenizer == donor.tokenizer)
    planned.side_files.push_back({donor.chat_template, {FileKind::chat_template}});
  return planned;
}

}  // namespace vlrm

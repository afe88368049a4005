#include "app/model.h"

#include <cmath>

#include "app/device.h"
#include "app/option_checks.h"
#include "architecture/text_names.h"
#include "architecture/unused_tensors.h"
#include "base/content_digest.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "base/utf8.h"
#include "prompt/stamps.h"
#include "weights/model_files.h"
#include "weights/views.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

template <class Value>
using Names = std::map<std::string, Value>;

const Names<BackendOptions::Weights> kWeights{{"auto", BackendOptions::Weights::automatic},
                                              {"resident", BackendOptions::Weights::resident},
                                              {"streamed", BackendOptions::Weights::streamed}};
const Names<SpecialTokens> kSpecialTokens{
    {"parse", SpecialTokens::parse}, {"escape", SpecialTokens::escape}, {"refuse", SpecialTokens::refuse}};
const Names<Truncation> kTruncations{
    {"refuse", Truncation::refuse}, {"left", Truncation::left}, {"right", Truncation::right}};
constexpr int64_t kMostThreads = 1024;
constexpr const char* kNoMerge = "add `recipe`, or `method` and its numbers";
const Names<Mode> kModes{{"image", Mode::image}, {"no-image", Mode::no_image}, {"text-only", Mode::text_only}};

template <class Value>
Value value_of(const Names<Value>& names, const char* option, const std::string& name) {
  if (const auto found = names.find(name); found != names.end()) return found->second;
  std::string known;
  for (const auto& [each, value] : names) known += (known.empty() ? "" : ", ") + each;
  throw OptionError(option, fmt::format("\"{}\" is none of {}", printable(name), known));
}

// Nothing where the model is to say it.
std::optional<Dtype> named_dtype(const ModelOptions& options) {
  if (options.dtype.empty() || options.dtype == kAutoDtype) return std::nullopt;
  return float_dtype_or_throw(options.dtype, Dtype::bf16);
}

// What the weights of a merge are rounded to: as vlrm build would store them, unless the user says otherwise.
Dtype merged_dtype(const ModelOptions& options) {
  return named_dtype(options).value_or(Dtype::bf16);
}

// What the weights of a merge are then kept in.
Dtype dtype_of_merged(const ModelOptions& options) {
  if (named_dtype(options) || device_of(options) == "cpu") return merged_dtype(options);
  return ModelConfig::from_directory(resolve_model(options.vlm).directory).architecture->device_dtype;
}

Dtype dtype_of(const ModelOptions& options, const Model& model) {
  if (options.model.empty()) return dtype_of_merged(options);
  if (const auto named = named_dtype(options)) return *named;
  if (device_of(options) != "cpu") return model.config.architecture->device_dtype;
  const std::string norm = canonical_name("model.norm.weight", model.config);
  const TensorInfo* stored = model.weights->find(norm);
  return stored && is_float(stored->dtype) ? stored->dtype : Dtype::bf16;
}

int threads_of(const ModelOptions& options) {
  if (!options.threads) return thread_count();
  if (*options.threads < 1 || *options.threads > kMostThreads)
    throw OptionError("threads", fmt::format("must be from 1 to {}, not {}", kMostThreads, *options.threads));
  return static_cast<int>(*options.threads);
}

void set_rope_theta(Model& model, const ModelOptions& options) {
  if (!options.rope_theta) return;
  if (!std::isfinite(*options.rope_theta) || *options.rope_theta <= 0)
    throw OptionError("rope_theta", fmt::format("{} is not a number above 0", *options.rope_theta));
  if (model.config.sees() || options.likelihood)
    throw OptionError("rope_theta", fmt::format("is for the rewards of a text reward model, and {} is a {}",
                                                model.files.directory.string(),
                                                model.config.sees() ? "vision-language model" : "language model here"));
  model.config.text.rope_theta = *options.rope_theta;
}

std::optional<fs::path> template_path(const ModelOptions& options) {
  if (options.chat_template.empty()) return std::nullopt;
  fs::path path;
  naming_option("chat_template", [&] { path = resolve_template(options.chat_template); });
  return path;
}

}  // namespace

SpecialTokens special_tokens_or_throw(const std::string& name) {
  return value_of(kSpecialTokens, "special_tokens", name);
}

Mode mode_or_throw(const std::string& name) {
  return value_of(kModes, "mode", name);
}

Dtype float_dtype_or_throw(const std::string& name, Dtype automatic) {
  static const Names<Dtype> kShort{
      {"bf16", Dtype::bf16}, {"fp16", Dtype::f16}, {"half", Dtype::f16}, {"fp32", Dtype::f32}, {"float", Dtype::f32}};
  if (name.empty() || name == kAutoDtype) return automatic;
  if (const auto found = kShort.find(name); found != kShort.end()) return found->second;
  const auto dtype = dtype_from_torch(name);
  if (!dtype || !is_float(*dtype))
    throw OptionError(
        "dtype", fmt::format("\"{}\" is none of bfloat16, float16, float32 (bf16, fp16, fp32), auto", printable(name)));
  return *dtype;
}

void set_seed(Recipe& recipe, std::optional<uint64_t> seed) {
  recipe.seed = seed.value_or(0);
  if (seed && !recipe.method->is_random)
    tell_note(fmt::format("the seed changes nothing: {} has no random masks", recipe.method->name));
}

void require_merge_inputs(const ModelOptions& options) {
  for (const auto& [name, model] : {std::pair("vlm", &options.vlm), std::pair("rm", &options.rm)})
    if (model->empty()) throw OptionError(name, "is missing: a merge is of a VLM and a reward model");
  if (options.rope_theta)
    throw OptionError("rope_theta", "is for a text reward model alone; a merged model keeps the VLM's");
}

Model open_or_merge(const ModelOptions& options, Purpose purpose) {
  const bool merges = names_merge(options, options.recipe);
  if (!merges) refuse_numbers(options, "method", "is missing, but its numbers are given");
  for (const auto& [name, model] :
       {std::pair("vlm", &options.vlm), std::pair("rm", &options.rm), std::pair("base", &options.base)})
    if (!merges && !model->empty()) throw OptionError(name, kNoMerge);
  if (!merges && options.merge_seed) throw OptionError("merge_seed", kNoMerge);
  if (merges == !options.model.empty())
    throw OptionError(
        "model", "name either a model, or a recipe or a method with the models that it merges (`vlm`, `rm`, `base`)");
  if (!merges) {
    const ModelFiles files = resolve_model(options.model);
    if (const auto warning = unapplied_adapter(files)) tell_warning(*warning);
    Model model = open_model(files);
    const bool rewards = purpose == Purpose::scoring && !options.likelihood;
    if (rewards) refuse_pickled_head(model);
    if (rewards) choose_label(model, options.score_label);
    set_rope_theta(model, options);
    const bool uses_value_head = !model.value_head.empty() && rewards;
    if (const auto note = unasked_head(model); note && !uses_value_head) tell_note(*note);
    if (const auto note = bias_of_classifier(model)) tell_note(*note);
    return model;
  }
  Recipe recipe = named_merge(options, options.recipe).recipe;
  set_seed(recipe, options.merge_seed);
  BuildModels models(build_inputs(options));
  std::vector<std::string> notes;
  Model model = merged(models, options, std::move(recipe), notes);
  for (const std::string& note : notes) tell_note(note);
  return model;
}

BuildInputs build_inputs(const ModelOptions& options) {
  require_merge_inputs(options);
  BuildInputs inputs{resolve_model(options.vlm), resolve_model(options.rm), std::nullopt, options.score_label};
  if (!options.base.empty()) inputs.base = resolve_model(options.base);
  return inputs;
}

Model merged(BuildModels& models, const ModelOptions& options, Recipe recipe, std::vector<std::string>& notes) {
  recipe.seed = options.merge_seed.value_or(0);
  pad_as(recipe, resolve_model(options.vlm));
  PlannedModel plan = models.plan(recipe);
  notes = std::move(plan.notes);
  // Every weight is rounded as vlrm build would round it, those too that the arithmetic then takes as float32.
  return {std::move(plan.config), cast(std::move(plan.weights), merged_dtype(options)), std::move(plan.files)};
}

ScorerOptions scorer_options(const ModelOptions& options, Mode mode) {
  ScorerOptions scorer;
  scorer.prompt.mode = mode;
  scorer.likelihood = options.likelihood;
  if (options.likelihood && !options.score_label.empty())
    throw OptionError("score_label", "is of a reward, which `likelihood` does not ask for");
  scorer.prompt.special_tokens = special_tokens_or_throw(options.special_tokens);
  scorer.prompt.max_length = options.max_length;
  if (options.truncation && !options.max_length) throw OptionError("truncation", "goes only with `max_length`");
  require_at_least("max_length", options.max_length.value_or(1), 1);
  scorer.prompt.truncation = value_of(kTruncations, "truncation", options.truncation.value_or("refuse"));
  if (!options.date.empty())
    naming_option("date", [&] { scorer.prompt.clock = jinja::Clock::parse_or_throw(options.date); });
  scorer.prompt.decode.apply_exif = options.exif;
  if (const auto invalid = utf8::first_invalid(options.response_prefix))
    throw OptionError("response_prefix", fmt::format("not UTF-8, from byte {} on", *invalid));
  scorer.prompt.response_prefix = options.response_prefix;
  if (options.min_pixels || options.max_pixels) scorer.prompt.pixels = {options.min_pixels, options.max_pixels};
  scorer.prompt.chat_template = template_path(options);
  return scorer;
}

BackendOptions backend_options(const ModelOptions& options, const Model& model) {
  tell_device(options);
  BackendOptions backend;
  backend.device = device_of(options);
  backend.dtype = dtype_of(options, model);
  backend.weights = value_of(kWeights, "weights", options.weights);
  backend.threads = threads_of(options);
  backend.batch_invariant = options.batch_invariant;
  backend.before_layer = with_this_listener(throw_if_interrupted);
  return backend;
}

OrderedJson ModelSettings::of(const Model& model, const ScorerOptions& scorer) {
  if (names_merge(options_, options_.recipe)) return of(named_merge(options_, options_.recipe), scorer);
  return settings(nullptr, dtype_of(options_, model), scorer);
}

OrderedJson ModelSettings::of(const NamedRecipe& recipe, const ScorerOptions& scorer) {
  return settings(&recipe, dtype_of_merged(options_), scorer);
}

void ModelSettings::add_model(OrderedJson& settings, const char* role, const std::string& name) {
  if (name.empty()) return;
  OrderedJson& stamps = stamps_[name];
  if (stamps.is_null()) {
    const ModelFiles files = resolve_model(name);
    stamps["stamp"] = directory_stamp(files.directory);
    if (files.adapter) stamps["adapter"] = directory_stamp(*files.adapter);
  }
  settings[role] = {{"name", name}};
  settings[role].update(stamps);
}

OrderedJson ModelSettings::settings(const NamedRecipe* recipe, Dtype dtype, const ScorerOptions& scorer) {
  OrderedJson settings = {{"likelihood", scorer.likelihood}};
  add_model(settings, "model", options_.model);
  add_model(settings, "vlm", options_.vlm);
  add_model(settings, "rm", options_.rm);
  add_model(settings, "base", options_.base);
  if (recipe != nullptr) {
    settings["recipe"] = {
        {"file", recipe->file}, {"digest", recipe->digest}, {"seed", options_.merge_seed.value_or(0)}};
    settings["recipe"].update(recipe_numbers(recipe->recipe));
  }
  settings["dtype"] = torch_name(dtype);
  const std::string device = device_of(options_);
  settings["device"] = device;
  settings["threads"] = device == "cpu" ? OrderedJson(threads_of(options_)) : OrderedJson(nullptr);
  settings["exif"] = options_.exif;
  settings["special_tokens"] = options_.special_tokens;
  settings["max_length"] = options_.max_length ? OrderedJson(*options_.max_length) : OrderedJson(nullptr);
  settings["truncation"] = options_.truncation.value_or("refuse");
  settings["date"] = scorer.prompt.clock ? OrderedJson(scorer.prompt.clock->date()) : OrderedJson(nullptr);
  // What is asked of few runs stands in theirs alone, so that the others go on with what was made before.
  if (options_.batch_invariant) settings["batch_invariant"] = true;
  if (!options_.score_label.empty()) settings["score_label"] = options_.score_label;
  if (!options_.response_prefix.empty()) settings["response_prefix"] = options_.response_prefix;
  if (options_.min_pixels) settings["min_pixels"] = *options_.min_pixels;
  if (options_.max_pixels) settings["max_pixels"] = *options_.max_pixels;
  if (const auto& path = scorer.prompt.chat_template)
    settings["chat_template"] = {{"name", options_.chat_template},
                                 {"digest", content_digest(ChatTemplate::from_path(*path).text())}};
  if (options_.rope_theta) settings["rope_theta"] = *options_.rope_theta;
  return settings;
}

std::vector<std::pair<std::string, int64_t>> counts(const TextNotes& notes) {
  std::vector<std::pair<std::string, int64_t>> result;
  const OrderedJson json = notes.json();
  for (const auto& [name, count] : json.items()) result.emplace_back(name, count.get<int64_t>());
  return result;
}

void tell_warnings(const TextNotes& notes) {
  for (const std::string& warning : notes.warnings()) tell_warning(warning);
}

}  // namespace vlrm

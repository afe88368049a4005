#include "cli/model_options.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/tell.h"
#include "base/threads.h"
#include "build/reward_model.h"
#include "cli/usage_errors.h"
#include "prompt/stamps.h"
#include "weights/model_files.h"
#include "weights/views.h"

namespace vlrm {
namespace {

const std::map<std::string, BackendOptions::Weights> kWeights{{"auto", BackendOptions::Weights::automatic},
                                                              {"resident", BackendOptions::Weights::resident},
                                                              {"streamed", BackendOptions::Weights::streamed}};

const std::map<std::string, SpecialTokens> kSpecialTokens{
    {"parse", SpecialTokens::parse}, {"escape", SpecialTokens::escape}, {"refuse", SpecialTokens::refuse}};
const std::map<std::string, Truncation> kTruncations{
    {"refuse", Truncation::refuse}, {"left", Truncation::left}, {"right", Truncation::right}};

}  // namespace

void tell_warnings(const TextNotes& notes) {
  for (const std::string& warning : notes.warnings()) tell("warning: " + warning);
}

void ModelFlags::declare(CLI::App& command, For what) {
  command.add_option("--model", model,
                     what == For::scoring ? "A reward model: a directory or hub id, or MODEL+ADAPTER"
                                          : "A model: a directory or hub id, or MODEL+ADAPTER");
  command.add_option("--recipe", recipe, "Merge on load instead: a recipe (YAML), nothing is written");
  command.add_option("--vlm", vlm, "Of a merge on load: the vision-language model");
  command.add_option("--rm", rm, "Of a merge on load: the text reward model");
  command.add_option("--base", base, "Of a merge on load: the base both were tuned from");
  if (what == For::writing) seed.option = "--merge-seed";
  seed.declare(command);
  if (what == For::scoring)
    command.add_flag("--likelihood", likelihood, "Log-probability of the response instead of a reward");
  command.add_option("--date", date,
                     "Date for templates that ask for one: \"01 Jan 2025\" or \"today\" (default: the template's own)");
  command.add_option("--dtype", dtype, "Of the weights: float32, bfloat16 or float16 (default: as stored)");
  command.add_option("--device", device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--weights", weights, "resident, streamed (a layer at a time) or auto: by what fits in memory")
      ->check(CLI::IsMember({"auto", "resident", "streamed"}))
      ->capture_default_str();
  command
      .add_option("--special-tokens", special_tokens,
                  "Special tokens in prompts and responses: parse (read them as tokens, as the reference does), escape "
                  "(read them as text) or refuse")
      ->check(CLI::IsMember({"parse", "escape", "refuse"}))
      ->capture_default_str();
  command.add_option("--max-length", max_length, "The most tokens of a text (default: no limit)")
      ->check(whole_number(1));
  command
      .add_option("--truncation", truncation,
                  "Texts longer than --max-length: refuse (default), or cut off their left or right end")
      ->check(CLI::IsMember({"refuse", "left", "right"}));
  command.add_flag("--no-exif", no_exif, "Do not turn images by their EXIF orientation");
}

void ModelFlags::check(const std::string& command, const std::string& recipes) const {
  const bool merges = !recipe.empty();
  const std::pair<std::string, bool> of_merges[] = {
      {"--vlm", !vlm.empty()}, {"--rm", !rm.empty()}, {"--base", !base.empty()}, {seed.option, seed.value.has_value()}};
  for (const auto& [option, given] : of_merges)
    if (given && !merges) fail("{}: {} goes only with {}", command, option, recipes);
  if (merges == !model.empty()) fail("{}: needs either --model, or {} with --vlm, --rm and --base", command, recipes);
  if (merges) check_inputs(command);
}

void ModelFlags::check_inputs(const std::string& command) const {
  if (vlm.empty() || rm.empty()) fail("{}: a recipe needs --vlm and --rm (and --base, if it has one)", command);
}

std::optional<Dtype> ModelFlags::named_dtype() const {
  if (dtype.empty()) return std::nullopt;
  return dtype_option_or_throw(dtype);
}

Dtype ModelFlags::dtype_of(const OpenedModel& opened) const {
  if (const auto named = named_dtype()) return *named;
  if (model.empty()) return Dtype::bf16;  // merged
  const std::string norm = canonical_name("model.norm.weight", opened.config);
  const TensorInfo* stored = opened.weights->find(norm);
  return stored && is_float(stored->dtype) ? stored->dtype : Dtype::bf16;
}

NamedRecipe NamedRecipe::read_or_throw(const std::filesystem::path& path) {
  return parse_or_throw(read_recipe_text_or_throw(path), path);
}

NamedRecipe NamedRecipe::parse_or_throw(const std::string& text, const std::filesystem::path& path) {
  Digest digest;
  digest.add(text);
  return {path.filename().string(), digest.hex(), parse_recipe_or_throw(text, path.string())};
}

OpenedModel ModelFlags::merged(NamedRecipe how, std::vector<std::string>& remarks) const {
  BuildInputs inputs{resolve_model(vlm), resolve_model(rm), std::nullopt};
  if (!base.empty()) inputs.base = resolve_model(base);
  how.recipe.seed = seed.value.value_or(0);
  PlannedModel plan = plan_reward_model(inputs, how.recipe);
  remarks = std::move(plan.remarks);
  // Every weight is rounded as vlrm build would round it, those too that the arithmetic then takes as float32.
  const Dtype stored = named_dtype().value_or(Dtype::bf16);
  return {std::move(plan.config), cast(std::move(plan.weights), stored), plan.sources};
}

OpenedModel ModelFlags::open() const {
  if (recipe.empty()) {
    const ModelFiles files = resolve_model(model);
    if (const auto remark = unapplied_adapter(files)) tell("warning: " + *remark);
    return OpenedModel::from_files(files);
  }
  NamedRecipe read = NamedRecipe::read_or_throw(recipe);
  seed.apply(read.recipe);
  std::vector<std::string> remarks;
  OpenedModel opened = merged(std::move(read), remarks);
  for (const auto& remark : remarks) tell("note: " + remark);
  return opened;
}

ScorerOptions ModelFlags::scorer_options(Mode mode) const {
  ScorerOptions options;
  options.prompt.mode = mode;
  options.likelihood = likelihood;
  options.prompt.special_tokens = kSpecialTokens.at(special_tokens);
  options.prompt.max_length = max_length;
  if (truncation && !max_length) fail("--truncation goes only with --max-length");
  options.prompt.truncation = kTruncations.at(truncation.value_or("refuse"));
  if (!date.empty()) options.prompt.clock = jinja::Clock::parse_or_throw(date);
  options.prompt.decode.apply_exif = !no_exif;
  return options;
}

BackendOptions ModelFlags::backend_options(const OpenedModel& opened) const {
  BackendOptions options;
  options.device = device;
  options.dtype = dtype_of(opened);
  options.weights = kWeights.at(weights);
  options.threads = thread_count();
  options.before_layer = throw_if_interrupted;
  return options;
}

OrderedJson ModelFlags::settings(const OpenedModel& opened, const ScorerOptions& options) const {
  if (!recipe.empty()) return settings(NamedRecipe::read_or_throw(recipe), options);
  return settings(nullptr, dtype_of(opened), options);
}

OrderedJson ModelFlags::settings(const NamedRecipe& how, const ScorerOptions& options) const {
  return settings(&how, named_dtype().value_or(Dtype::bf16), options);
}

void declare_resume_mixed(CLI::App& command, bool& mixed) {
  command.add_flag("--resume-mixed", mixed,
                   "Go on with another device, dtype, batch or number of threads, which may move last digits; the "
                   "settings file then says for which rows");
}

OrderedJson ModelFlags::settings(const NamedRecipe* how, Dtype type, const ScorerOptions& options) const {
  OrderedJson settings = {{"likelihood", options.likelihood}};
  const auto add_directory = [&](const char* key, const std::string& name) {
    if (name.empty()) return;
    OrderedJson& stamps = stamps_[name];
    if (stamps.is_null()) {
      const ModelFiles files = resolve_model(name);
      stamps["stamp"] = directory_stamp(files.directory);
      if (files.adapter) stamps["adapter"] = directory_stamp(*files.adapter);
    }
    settings[key] = {{"name", name}};
    settings[key].update(stamps);
  };
  add_directory("model", model);
  add_directory("vlm", vlm);
  add_directory("rm", rm);
  add_directory("base", base);
  if (how) {
    settings["recipe"] = {{"file", how->file}, {"digest", how->digest}, {"seed", seed.value.value_or(0)}};
    settings["recipe"].update(recipe_numbers(how->recipe));
  }
  settings["dtype"] = torch_name(type);
  settings["device"] = device;
  settings["threads"] = device == "cpu" ? OrderedJson(thread_count()) : OrderedJson(nullptr);
  settings["exif"] = !no_exif;
  settings["special_tokens"] = special_tokens;
  settings["max_length"] = max_length ? OrderedJson(*max_length) : OrderedJson(nullptr);
  settings["truncation"] = truncation.value_or("refuse");
  settings["date"] = options.prompt.clock ? OrderedJson(options.prompt.clock->date()) : OrderedJson(nullptr);
  return settings;
}

}  // namespace vlrm

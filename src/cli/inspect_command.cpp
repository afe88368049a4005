// vlrm inspect: what a checkpoint is, without loading it.
#include <vlrm/inspect.h>

#include <filesystem>
#include <memory>
#include <set>

#include "artifact/manifest.h"
#include "base/error.h"
#include "base/hub_cache.h"
#include "base/hub_files.h"
#include "base/joined.h"
#include "base/json.h"
#include "base/listening.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/option_names.h"
#include "weights/model_files.h"

namespace vlrm {
namespace {

using Facts = OrderedJson;

// What is behind the kind of a reward model.
std::string head_of(const Facts& facts) {
  if (const auto& head = facts.at("value_head"); !head.is_null())
    return fmt::format(", with a value head ({})", head.get<std::string>());
  const size_t labels = facts.at("labels").size();
  return labels < 2 ? "" : fmt::format(", {} labels", labels);
}

std::string shape_of(const Facts& facts) {
  const auto number = [&](const char* name) { return facts.at(name).get<int64_t>(); };
  std::string line = fmt::format("hidden size {}, {} layers", number("hidden_size"), number("layers"));
  if (const int64_t layers = number("cross_attention_layers"); layers > 0)
    line += fmt::format(" of which {} cross-attention", layers);
  line += fmt::format(", vocabulary {}", number("vocabulary"));
  const auto& vision = facts.at("vision");
  return vision.is_null() ? line : line + "; " + vision.get<std::string>();
}

void print_weights(const std::string& part, const Facts& facts, const std::string& dtypes) {
  fmt::print("  {:<16}{:>15}  {:>10}  {}\n", part, facts.at("parameters").get<int64_t>(),
             human_bytes(facts.at("bytes").get<double>()), dtypes);
}

void print_parts(const Facts& facts) {
  std::set<std::string> all;
  fmt::print("  {:<16}{:>15}\n", "part", "parameters");
  for (const auto& part : facts.at("parts")) {
    const auto dtypes = part.at("dtypes").get<std::vector<std::string>>();
    print_weights(part.at("part"), part, joined(dtypes));
    all.insert(dtypes.begin(), dtypes.end());
  }
  print_weights("all", facts, joined(all));
}

// Which parts of vlrm build can take the model.
void print_roles(const Facts& roles) {
  const auto answer = [&](const char* role) -> std::string {
    const auto& objection = roles.at(role);
    if (objection.is_null()) return "yes";
    const std::string text = with_option_names(objection.get<std::string>());
    return text.starts_with("with --score-label") ? text : "no: " + text;
  };
  fmt::print("\nas VLM:  {}\nas RM:   {}\nas base: {}\n", answer("vlm"), answer("rm"), answer("base"));
}

void run_inspect(const std::string& model) {
  const Facts facts = Facts::parse(inspect({model, nullptr}));
  const auto& adapter = facts.at("adapter");
  fmt::print("{}{}\n", facts.at("directory").get<std::string>(),
             adapter.is_null() ? "" : " + " + adapter.get<std::string>());
  const std::string family = facts.at("family");
  if (!facts.at("runs").get<bool>()) {
    const auto classes = facts.at("architectures").get<std::vector<std::string>>();
    fmt::print("{} model{}, which vlrm does not run\n", family, classes.empty() ? "" : " (" + joined(classes) + ")");
    return print_roles(facts.at("roles"));
  }
  fmt::print("{} ({}){}\n{}\n\n", facts.at("kind").get<std::string>(), family, head_of(facts), shape_of(facts));
  print_parts(facts);
  const auto& length = facts.at("chat_template");
  fmt::print("\nchat template: {}\n",
             length.is_null() ? "none" : fmt::format("yes, {} characters", length.get<int64_t>()));
  print_roles(facts.at("roles"));
  for (const auto& note : facts.at("notes")) tell_note(note.get<std::string>());
}

void refuse_changes(const std::vector<std::string>& changes, const std::filesystem::path& directory, const char* what) {
  for (const std::string& change : changes) fmt::print("{}\n", change);
  if (!changes.empty()) throw Error(fmt::format("{}: {}", directory.string(), what), kExitChanged);
}

void verify_model(const std::string& model) {
  const std::filesystem::path directory = resolve_checkpoint(model);
  const bool is_of_hub = files_of_tree(directory).has_value();
  if (is_of_hub) {
    refuse_changes(changed_files(directory), directory, "holds other files than the hub");
    fmt::print("the files are those of the hub\n");
  }
  if (is_of_hub && !std::filesystem::exists(directory / kManifestName)) return;
  refuse_changes(changed_inputs(directory), directory, "made of inputs that are not the same any more");
  fmt::print("the inputs are what they were\n");
}

}  // namespace

void add_inspect_command(CLI::App& program) {
  auto* command = program.add_subcommand("inspect", "Say what a checkpoint is: kind, parameters per part, types");
  const auto model = std::make_shared<std::string>();
  const auto verify = std::make_shared<bool>(false);
  command->add_option("model", *model, "A directory or a hub id")->required();
  command->add_flag(
      "--verify", *verify,
      "Say whether the inputs that an output of vlrm was made of are still the same, and the files of a model "
      "in the hub's cache those of the hub (exit code 3: not)");
  command->footer(
      "Examples:\n"
      "  vlrm inspect meta-llama/Llama-3.2-11B-Vision-Instruct\n"
      "  vlrm inspect --verify vlrm-ties");
  command->callback([=] { *verify ? verify_model(*model) : run_inspect(*model); });
}

}  // namespace vlrm

// vlrm inspect: what a checkpoint is, without loading it.
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>

#include "architecture/reward_head.h"
#include "architecture/text_names.h"
#include "architecture/unused_tensors.h"
#include "artifact/manifest.h"
#include "base/error.h"
#include "base/hub_cache.h"
#include "base/joined.h"
#include "base/listening.h"
#include "base/progress.h"
#include "build/inputs.h"
#include "cli/commands.h"
#include "cli/option_names.h"
#include "text/chat_template.h"
#include "weights/model_files.h"
#include "weights/pickled_weights.h"
#include "weights/tensor_place.h"

namespace vlrm {
namespace {

std::string kind_of_head(const Model& model) {
  if (!model.value_head.empty()) return fmt::format(", with a value head ({})", printable(model.value_head));
  if (model.config.labels.size() < 2) return "";
  return fmt::format(", {} labels", model.config.labels.size());
}

std::string model_kind(const ModelConfig& config) {
  const bool reward = config.head == Head::reward;
  const char* kind = config.sees() ? reward ? "vision-language reward model" : "vision-language model"
                     : reward      ? "text reward model"
                                   : "language model";
  return fmt::format("{} ({})", kind, config.architecture->name);
}

std::string shape_of(const ModelConfig& config) {
  const TextConfig& text = config.text;
  std::string line = fmt::format("hidden size {}, {} layers", text.hidden_size, text.layers);
  if (!text.cross_attention_layers.empty())
    line += fmt::format(" of which {} cross-attention", text.cross_attention_layers.size());
  line += fmt::format(", vocabulary {}", text.vocab_size);
  if (config.sees()) line += "; " + config.vision->description();
  return line;
}

// The part of the model that a tensor of a canonical checkpoint belongs to; the digit orders them.
std::string part_of(const std::string& name, const ModelConfig& config) {
  const Architecture& architecture = *config.architecture;
  const auto is_within = [&](std::string_view prefix) { return !prefix.empty() && name.starts_with(prefix); };
  if (is_within(architecture.projector_prefix)) return "1 projector";
  if (is_within(architecture.vision_prefix)) return "0 vision";
  if (name.ends_with("embed_tokens.weight")) return "2 embeddings";
  if (is_in_reward_head(name) || name == architecture.head) return "5 head";
  if (text_name(name, config)) return "3 text";
  return name.starts_with(architecture.text_prefix) ? "4 cross-attention" : "6 other";
}

struct Part {
  int64_t parameters = 0, bytes = 0;
  std::set<std::string_view> dtypes;

  void add(const TensorInfo& tensor) {
    parameters += tensor.elements();
    bytes += tensor.bytes();
    dtypes.insert(torch_name(tensor.dtype));
  }
  void print(std::string_view name) const {
    fmt::print("  {:<16}{:>15}  {:>10}  {}\n", name, parameters, human_bytes(static_cast<double>(bytes)),
               joined(dtypes));
  }
};

// Lines on what the tensors of a canonical checkpoint say otherwise than its config.
std::vector<std::string> disagreements(const Checkpoint& checkpoint, const ModelConfig& config) {
  const std::string prefix(config.architecture->text_prefix);
  std::set<int64_t> layers;
  for (const TensorInfo& tensor : checkpoint.tensors())
    if (const TensorPlace place = place_of(tensor.name); place.prefix == prefix + "layers") layers.insert(place.layer);
  std::vector<std::string> lines;
  const auto compare = [&](const char* field, int64_t said, int64_t found) {
    if (said != found) lines.push_back(fmt::format("config.json has {} {}, the tensors {}", field, said, found));
  };
  compare("num_hidden_layers", config.text.layers, static_cast<int64_t>(layers.size()));
  const TensorInfo* embeddings = checkpoint.find(prefix + "embed_tokens.weight");
  if (embeddings != nullptr && embeddings->shape.size() == 2)
    compare("hidden_size", config.text.hidden_size, embeddings->shape[1]);
  return lines;
}

std::string template_of(const std::filesystem::path& directory) {
  try {
    return fmt::format("yes, {} characters", ChatTemplate::from_directory(directory).text().size());
  } catch (const Error& error) {
    return fmt::format("none ({})", error.what());
  }
}

// Why the model cannot be what `require` asks for, or "yes".
std::string answer(const std::function<void()>& require) try {
  require();
  return "yes";
} catch (const Error& error) {
  return fmt::format("no: {}", with_option_names(error.what()));
}

// Which parts of vlrm build the model can take.
void print_roles(const Model& model) {
  const auto as = [&](void (*require)(const Model&)) {
    return answer([&] {
      require(model);
      require_tensors(model);
      std::vector<std::string> notes;
      if (require == require_reward_model) require_head(model, notes);
    });
  };
  std::string as_reward_model = as(require_reward_model);
  if (const auto several = several_labels(model.config); several && as_reward_model == "yes")
    as_reward_model = "with --score-label: " + *several;
  fmt::print("\nas VLM:  {}\nas RM:   {}\nas base: {}\n", as(require_vlm), as_reward_model, as(require_base));
}

// What config.json says of a model of a kind that vlrm does not run; false where it does.
bool print_foreign_model(const ModelFiles& files) {
  const auto file = files.directory / "config.json";
  if (!std::filesystem::exists(file)) return false;
  const OrderedJson config = read_config(files.directory);
  if (model_type(config).empty() || find_architecture(model_type(config)) != nullptr) return false;
  std::vector<std::string> classes = architectures_of(config);
  for (std::string& name : classes) name = printable(name);
  const std::string why = answer([&] { ModelConfig::from_directory(files.directory); });
  fmt::print("{}\n{} model{}, which vlrm does not run\n\nas VLM:  {}\nas RM:   {}\nas base: {}\n",
             files.directory.string(), printable(model_type(config)),
             classes.empty() ? "" : " (" + joined(classes) + ")", why, why, why);
  return true;
}

void run_inspect(const std::string& model) {
  std::vector<std::string> notes;
  const ModelFiles files = resolve_model(model);
  if (print_foreign_model(files)) return;
  const Model opened = open_input("model", files, {}, notes);
  const ModelConfig& config = opened.config;
  const CheckpointPtr& checkpoint = opened.weights;
  std::map<std::string, Part> parts;
  Part total;
  for (const TensorInfo& tensor : checkpoint->tensors()) {
    parts[part_of(tensor.name, config)].add(tensor);
    total.add(tensor);
  }
  const std::string adapter = files.adapter ? " + " + files.adapter->string() : "";
  fmt::print("{}{}\n{}{}\n{}\n\n", files.directory.string(), adapter, model_kind(config), kind_of_head(opened),
             shape_of(config));
  fmt::print("  {:<16}{:>15}\n", "part", "parameters");
  for (const auto& [name, part] : parts) part.print(std::string_view(name).substr(2));
  total.print("all");
  fmt::print("\nchat template: {}\n", template_of(files.chat_template()));
  print_roles(opened);
  if (!opened.pickled_head.empty())
    notes.push_back(fmt::format("{}: a value head in a pickled file, which is not read",
                                (opened.pickled_head / kPickledHead).string()));
  if (!opened.prefix.empty())
    notes.push_back(fmt::format("every tensor's name begins with \"{}\", which a trainer left", opened.prefix));
  if (const auto unused = unused_tensors(config, *checkpoint); !unused.empty())
    notes.push_back(fmt::format("{} tensor{} no part of what config.json describes, so no model is run with them: {}{}",
                                unused.size(), unused.size() == 1 ? " is" : "s are", printable(unused.front()),
                                unused.size() > 1 ? " …" : ""));
  std::ranges::move(disagreements(*checkpoint, config), std::back_inserter(notes));
  for (const std::string& line : notes) tell_note(line);
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

#include "cli/merge_options.h"

#include "base/error.h"
#include "base/joined.h"
#include "cli/usage_errors.h"
#include "weights/save.h"

namespace vlrm {

void declare_method(CLI::App& command, MethodOptions& options) {
  std::vector<std::string> methods;
  for (const Method* method : merge_methods())
    if (fits_method_flags(*method)) methods.emplace_back(method->name);
  command.add_option("--method", options.method, "Merge by a method and its numbers: " + joined(methods))
      ->check(offering(methods));
  const auto add_number = [&](const char* name, std::optional<double>& value, const char* help) {
    command.add_option(name, value, help)->check(finite_number());
  };
  add_number("--weight", options.weight, "Weight of both models (the paper's lambda); not for linear");
  add_number("--weight-vlm", options.weight_vlm, "Weight of the VLM's text part; for linear 1 - R by default");
  add_number("--weight-rm", options.weight_rm, "Weight R of the reward model");
  add_number("--density", options.density, "Fraction of each model's differences that is kept (ties, dare_*)");
  const auto add_switch = [&](const std::string& name, std::optional<bool>& value, const std::string& help) {
    auto* on = command.add_flag_callback(
        "--" + name, [&value] { value = true; }, help);
    command
        .add_flag_callback(
            "--no-" + name, [&value] { value = false; }, "Do not " + name)
        ->excludes(on);
  };
  add_switch("normalize", options.normalize,
             "Divide by the sum of the weights (default: as in the published recipes, for ties only)");
  add_switch("rescale", options.rescale, "Make up for what is dropped (default: dare_* do, ties does not)");
}

void OutputFlags::declare(CLI::App& command) {
  command.add_option(positional ? "OUT" : "-o,--output", directory, "Directory to write");
  command.add_option("--max-shard-size", max_shard_size, "Largest weight file, such as 500MB (default: 5GB)");
  command
      .add_option("--out-shard-size", out_shard_size, "The same as mergekit writes it: 5B for five billion bytes, 500M")
      ->excludes(command.get_option("--max-shard-size"));
  command.add_option("--sink", sink, "directory, or null: compute everything and write nothing")
      ->check(one_of({"directory", "null"}));
  command.add_flag("--force", force, "Replace an output that exists");
  command.add_flag("--allow-outside", allow_outside,
                   "Copy files of the models that are links out of their folders, too");
  command.add_flag("--resume", resume,
                   "Go on where a run of the same settings was killed, and leave what is written where this one is "
                   "interrupted; the bytes are those of one run");
}

ModelOutput OutputFlags::output() const {
  ModelOutput output;
  output.directory = directory;
  output.force = force;
  output.resume = resume;
  output.allow_outside = allow_outside;
  output.null_sink = sink == "null";
  if (!max_shard_size.empty()) output.max_shard_bytes = parse_size_or_throw(max_shard_size);
  if (!out_shard_size.empty()) output.max_shard_bytes = parse_short_size_or_throw(out_shard_size);
  output.written = [](const std::string& made) { fmt::print("{}\n", made); };
  return output;
}

void OutputFlags::need_directory() const {
  if (directory.empty() && sink != "null")
    fail("no output: {} names the directory to write", positional ? "OUT" : "-o");
}

}  // namespace vlrm

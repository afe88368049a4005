#include "cli/merge_options.h"

#include "base/error.h"
#include "base/tell.h"

namespace vlrm {

void add_recipe_flags(CLI::App& command, RecipeFlags& flags) {
  command.add_option("--method", flags.method, "linear, task_arithmetic, ties, dare_linear or dare_ties");
  command.add_option("--weight", flags.weight, "Weight of both models (the paper's lambda); not for linear");
  command.add_option("--weight-vlm", flags.weight_vlm, "Weight of the VLM's text part; for linear 1 - R by default");
  command.add_option("--weight-rm", flags.weight_rm, "Weight R of the reward model");
  command.add_option("--density", flags.density, "Share of each model's differences that is kept (ties, dare_*)");
  command.add_option("--seed", flags.seed, "Seed of the random masks (dare_*)")->capture_default_str();
  const auto add_switch = [&](const std::string& name, std::optional<bool>& value, const std::string& help) {
    command.add_flag_callback(
        "--" + name, [&value] { value = true; }, help);
    command.add_flag_callback(
        "--no-" + name, [&value] { value = false; }, "The opposite");
  };
  add_switch("normalize", flags.normalize,
             "Divide by the sum of the weights (default: as in the published recipes, for ties only)");
  add_switch("rescale", flags.rescale, "Make up for what is dropped (default: dare_* do, ties does not)");
}

void OutputFlags::declare(CLI::App& command, bool positional) {
  command.add_option(positional ? "OUT" : "-o,--output", directory, "Directory to write");
  command.add_option("--max-shard-size", max_shard_size, "Largest weight file, such as 500MB (default: 5GB)");
  command.add_option("--sink", sink, "directory, or null: compute everything and write nothing")
      ->check(CLI::IsMember({"directory", "null"}));
  command.add_flag("--force", force, "Replace an output that exists");
}

OutputOptions OutputFlags::options() const {
  OutputOptions options;
  options.directory = directory;
  options.force = force;
  options.null_sink = sink == "null";
  if (!max_shard_size.empty()) options.max_shard_bytes = parse_size_or_throw(max_shard_size);
  if (directory.empty() && !options.null_sink) fail("no output: -o names the directory to write");
  return options;
}

Dtype dtype_option_or_throw(const std::string& name) {
  const auto dtype = dtype_from_torch(name);
  if (!dtype || !is_float(*dtype)) fail("--dtype: \"{}\" is none of bfloat16, float16, float32", printable(name));
  return *dtype;
}

void write_and_report(const PlannedOutput& planned, const OutputFlags& flags, const Manifest& manifest) {
  for (const std::string& remark : write_output(planned, flags.options(), manifest)) tell("note: " + remark);
  if (flags.sink != "null") fmt::print("{}\n", flags.directory);
}

}  // namespace vlrm

#include "cli/merge_options.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/tell.h"
#include "cli/usage_errors.h"

namespace vlrm {

void add_recipe_flags(CLI::App& command, RecipeFlags& flags) {
  command.add_option("--method", flags.method, "linear, task_arithmetic, ties, dare_linear, dare_ties, della, …");
  const auto add_number = [&](const char* name, std::optional<double>& value, const char* help) {
    command.add_option(name, value, help)->check(finite_number());
  };
  add_number("--weight", flags.weight, "Weight of both models (the paper's lambda); not for linear");
  add_number("--weight-vlm", flags.weight_vlm, "Weight of the VLM's text part; for linear 1 - R by default");
  add_number("--weight-rm", flags.weight_rm, "Weight R of the reward model");
  add_number("--density", flags.density, "Share of each model's differences that is kept (ties, dare_*)");
  const auto add_switch = [&](const std::string& name, std::optional<bool>& value, const std::string& help) {
    auto* on = command.add_flag_callback(
        "--" + name, [&value] { value = true; }, help);
    command
        .add_flag_callback(
            "--no-" + name, [&value] { value = false; }, "The opposite")
        ->excludes(on);
  };
  add_switch("normalize", flags.normalize,
             "Divide by the sum of the weights (default: as in the published recipes, for ties only)");
  add_switch("rescale", flags.rescale, "Make up for what is dropped (default: dare_* do, ties does not)");
}

CLI::Option* SeedFlag::declare(CLI::App& command) {
  return command.add_option(option, value, "Seed of the random masks (dare_*, della*)")
      ->check(whole_number(0))
      ->default_str("0");
}

void SeedFlag::apply(Recipe& recipe) const {
  recipe.seed = value.value_or(0);
  if (value && !recipe.method->is_random)
    tell(fmt::format("note: {} changes nothing: {} has no random masks", option, recipe.method->name));
}

void OutputFlags::declare(CLI::App& command) {
  command.add_option(positional ? "OUT" : "-o,--output", directory, "Directory to write");
  command.add_option("--max-shard-size", max_shard_size, "Largest weight file, such as 500MB (default: 5GB)");
  command
      .add_option("--out-shard-size", out_shard_size, "The same as mergekit writes it: 5B for five billion bytes, 500M")
      ->excludes(command.get_option("--max-shard-size"));
  command.add_option("--sink", sink, "directory, or null: compute everything and write nothing")
      ->check(CLI::IsMember({"directory", "null"}));
  command.add_flag("--force", force, "Replace an output that exists");
  command.add_flag("--resume", resume,
                   "Go on where a run of the same settings was killed, and leave what is written where this one is "
                   "interrupted; the bytes are those of one run");
}

OutputOptions OutputFlags::options() const {
  OutputOptions options;
  options.directory = directory;
  options.label = label;
  options.force = force;
  options.resume = resume;
  options.null_sink = sink == "null";
  if (!max_shard_size.empty()) options.max_shard_bytes = parse_size_or_throw(max_shard_size);
  if (!out_shard_size.empty()) options.max_shard_bytes = parse_short_size_or_throw(out_shard_size);
  if (directory.empty() && !options.null_sink)
    fail("no output: {} names the directory to write", positional ? "OUT" : "-o");
  return options;
}

Dtype dtype_option_or_throw(const std::string& name) {
  const auto dtype = dtype_from_torch(name);
  if (!dtype || !is_float(*dtype)) fail("--dtype: \"{}\" is none of bfloat16, float16, float32", printable(name));
  return *dtype;
}

void write_and_report(const PlannedOutput& planned, const OutputFlags& flags, const Manifest& manifest) {
  try {
    for (const std::string& remark : write_output(planned, flags.options(), manifest)) tell("note: " + remark);
  } catch (const Interrupted&) {
    if (flags.resume) tell(fmt::format("note: {}: interrupted; the same command goes on from here", flags.directory));
    throw;
  }
  if (flags.sink != "null") fmt::print("{}\n", flags.directory);
}

}  // namespace vlrm

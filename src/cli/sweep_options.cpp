#include "cli/sweep_options.h"
#include "cli/usage_errors.h"

#include <utility>

#include "weights/save.h"

namespace vlrm {

void SweepFlags::declare(CLI::App& command) {
  auto* recipes_option = command.add_option(
      "--recipes", patterns, "Merge on load, one recipe after the other: files or a quoted pattern ('dir/*.yml')");
  auto* sweep_option = command.add_option("--sweep", sweep,
                                          "The same with recipes that are built in: paper, the 58 of "
                                          "arXiv 2502.13487 (vlrm recipes writes them)");
  sweep_option->check(one_of({"paper"}))->excludes(recipes_option);
  for (const char* one : {"--model", "--recipe", "--method"})
    for (CLI::Option* many : {recipes_option, sweep_option}) many->excludes(command.get_option(one));
  command.add_option("--memory-limit", memory_limit,
                     "Memory for encoded images kept between recipes, such as 4GB (default: half of what is free)");
}

SweepOptions SweepFlags::options(EvaluateOptions evaluate) const {
  SweepOptions options{std::move(evaluate), patterns, !sweep.empty(), std::nullopt};
  if (!memory_limit.empty()) options.memory_limit = parse_size_or_throw(memory_limit);
  return options;
}

}  // namespace vlrm

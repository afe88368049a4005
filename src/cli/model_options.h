// Options of the commands that run a model: which one, and on what.
#pragma once

#include <vlrm/model.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace vlrm {

// --model; or --vlm, --rm and --base with a recipe or a method: merged on load, nothing is written. And what is asked
// of it.
struct ModelFlags {
  ModelOptions options;
  std::string score_label = "--score-label,--label";  // of scoring

  enum class For { scoring, writing };  // writing: no --likelihood, and --seed is another one than --merge-seed
  void declare(CLI::App& command, For what = For::scoring);
};

// --batch-size, and the name that it had before.
void declare_batch_size(CLI::App& command, int64_t& size, const std::string& old_name, const std::string& what);

// --limit, of `what`: "rows".
void declare_limit(CLI::App& command, std::optional<int64_t>& limit, const std::string& what);

// --seed, or whatever it is called.
void declare_seed(CLI::App& command, std::optional<uint64_t>& seed, const std::string& option = "--seed");

// --score-label; where --label is free, it is the same.
CLI::Option* declare_score_label(CLI::App& command, std::string& label, const std::string& option);

// --response-prefix and --chat-template.
void declare_prompt_form(CLI::App& command, std::string& response_prefix, std::string& chat_template);

// --max-pixels and --min-pixels.
void declare_pixel_limits(CLI::App& command, std::optional<int64_t>& least, std::optional<int64_t>& most);

// --resume-mixed, of the commands whose outputs can be gone on with.
void declare_resume_mixed(CLI::App& command, bool& mixed);

}  // namespace vlrm

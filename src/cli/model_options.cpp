#include "cli/model_options.h"

#include "base/error.h"
#include "cli/merge_options.h"
#include "cli/usage_errors.h"

namespace vlrm {

void ModelFlags::declare(CLI::App& command, For what) {
  command.add_option("--model", options.model,
                     what == For::scoring ? "A reward model: a directory or hub id, or MODEL+ADAPTER"
                                          : "A model: a directory or hub id, or MODEL+ADAPTER");
  command.add_option("--recipe", options.recipe, "Merge on load instead: a recipe (YAML), nothing is written");
  command.add_option("--vlm", options.vlm, "Of a merge on load: the vision-language model");
  command.add_option("--rm", options.rm, "Of a merge on load: the text reward model");
  command.add_option("--base", options.base, "Of a merge on load: the base both were tuned from");
  declare_method(command, options);
  declare_seed(command, options.merge_seed, what == For::writing ? "--merge-seed" : "--merge-seed,--seed");
  if (what == For::scoring) {
    command.add_flag("--likelihood", options.likelihood, "Log-probability of the response instead of a reward");
    declare_score_label(command, options.score_label, score_label);
    command.add_option("--rope-theta", options.rope_theta,
                       "Of a text reward model: turn its tokens by another rope_theta than its config's");
  }
  declare_prompt_form(command, options.response_prefix, options.chat_template);
  declare_pixel_limits(command, options.min_pixels, options.max_pixels);
  command.add_option("--date", options.date,
                     "Date for templates that ask for one: \"01 Jan 2025\" or \"today\" (default: the template's own)");
  command
      .add_option(
          "--dtype", options.dtype,
          "Of the weights: float32, bfloat16 or float16 (fp32, bf16, fp16); auto: as stored, on a device float16 "
          "for Mllama and bfloat16 for others")
      ->check(offering({"auto", "bfloat16", "float16", "float32"}))
      ->capture_default_str();
  command
      .add_option("--device", options.device, "cpu, cuda or cuda:N; auto: a GPU where libtorch sees one, else the CPU")
      ->check(offering({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command.add_flag("--batch-invariant", options.batch_invariant,
                   "On a GPU: a score does not depend on its batch to the last digit, as on a CPU; slower");
  command
      .add_option("--weights", options.weights,
                  "resident, streamed (a layer at a time) or auto: by what fits in memory")
      ->check(one_of({"auto", "resident", "streamed"}))
      ->capture_default_str();
  command
      .add_option("--special-tokens", options.special_tokens,
                  "Special tokens in prompts and responses: parse (read them as tokens, as the reference does), escape "
                  "(read them as text) or refuse")
      ->check(one_of({"parse", "escape", "refuse"}))
      ->capture_default_str();
  command.add_option("--max-length", options.max_length, "The most tokens of a text (default: no limit)")
      ->check(whole_number(1));
  command
      .add_option("--truncation", options.truncation,
                  "Texts longer than --max-length: refuse (default), or cut off their left or right end")
      ->check(one_of({"refuse", "left", "right"}));
  command.add_flag_callback(
      "--no-exif", [this] { options.exif = false; }, "Do not turn images by their EXIF orientation");
}

void declare_batch_size(CLI::App& command, int64_t& size, const std::string& old_name, const std::string& what) {
  CLI::Option* option = command.add_option("--batch-size", size, what)->check(whole_number(1))->capture_default_str();
  command.add_option(old_name, size)->check(whole_number(1))->group(kOldNames)->excludes(option);
}

void declare_limit(CLI::App& command, std::optional<int64_t>& limit, const std::string& what) {
  command.add_option("--limit", limit, "Only the first so many " + what)->check(whole_number(1));
}

void declare_seed(CLI::App& command, std::optional<uint64_t>& seed, const std::string& option) {
  command.add_option(option, seed, "Seed of the random masks (dare_*, della*)")
      ->check(whole_number(0))
      ->default_str("0");
}

CLI::Option* declare_score_label(CLI::App& command, std::string& label, const std::string& option) {
  return command
      .add_option(option, label,
                  "Of a reward model with several labels: the one to score by, a name of id2label or a number from 0")
      ->check(not_empty());
}

void declare_prompt_form(CLI::App& command, std::string& response_prefix, std::string& chat_template) {
  command.add_option("--response-prefix", response_prefix,
                     "Written before each response, or before what the model writes; $'<think>\\n\\n</think>\\n\\n' is "
                     "what Qwen3's template writes");
  command.add_option("--chat-template", chat_template,
                     "A template (Jinja, or JSON with chat_template), or a model whose template is used (default: the "
                     "model's own)");
}

void declare_pixel_limits(CLI::App& command, std::optional<int64_t>& least, std::optional<int64_t>& most) {
  command.add_option(
      "--max-pixels", most,
      "The largest area that an image is resized to; smaller ones cost less (default: the model's own, of "
      "preprocessor_config.json)");
  command.add_option("--min-pixels", least, "The smallest area that an image is resized to (default: the model's own)");
}

void declare_resume_mixed(CLI::App& command, bool& mixed) {
  command.add_flag("--resume-mixed", mixed,
                   "Go on with another device, dtype, batch or number of threads, which may move last digits; the "
                   "settings file then says for which rows");
}

}  // namespace vlrm

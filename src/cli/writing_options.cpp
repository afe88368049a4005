#include "cli/writing_options.h"

#include "cli/usage_errors.h"

namespace vlrm {

void declare_sampling(CLI::App& command, SamplingOptions& sampling) {
  command.add_option("--temperature", sampling.temperature, "0: the most likely token, nothing is drawn")
      ->capture_default_str();
  command.add_option("--top-k", sampling.top_k, "Draw from the K most likely tokens; 0: from all")
      ->capture_default_str();
  command.add_option("--top-p", sampling.top_p, "Draw from the fewest tokens whose probabilities sum to P")
      ->capture_default_str();
  command
      .add_option("--repetition-penalty", sampling.repetition_penalty, "Above 1: repeated tokens become less likely")
      ->capture_default_str();
}

void WritingFlags::declare(CLI::App& command, const std::string& task_data, const std::string& what_output) {
  model.declare(command, ModelFlags::For::writing);
  command.add_option("--data", write.data.data,
                     "The dataset: a directory or file (parquet, Arrow, JSON lines), or a hub id "
                     "(default: " +
                         task_data + ")");
  command.add_option("--config", write.data.config, "Of a dataset that has several");
  command.add_option("--split", write.data.split, "Of a dataset that has several");
  command.add_option("-o,--output", write.output, what_output)->required();
  declare_sampling(command, write.sampling);
  command
      .add_option("--max-new-tokens", write.max_new_tokens,
                  "Where a text ends at the latest (default: the reference's)")
      ->check(whole_number(1));
  declare_limit(command, write.limit, "rows");
  declare_batch_size(command, write.texts_together, "--texts-together",
                     "Texts written at a time, as far as memory goes; more make streamed weights cheaper. Texts do not "
                     "depend on it");
  command.add_flag("--force", write.force, "Start again where the output exists");
  declare_resume_mixed(command, write.resume_mixed);
}

WriteOptions WritingFlags::options() const {
  WriteOptions options = write;
  options.model = model.options;
  return options;
}

}  // namespace vlrm

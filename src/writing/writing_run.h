// A job, done: its file, written by a model, resumable.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "writing/text_journal.h"
#include "writing/writing_job.h"

namespace vlrm {

struct WritingOptions {
  std::filesystem::path output;
  std::filesystem::path settings_file;
  std::string label;     // of the progress
  OrderedJson settings;  // what the texts depend on, beside the job: model and sampling
  bool force = false;    // start again where an output exists
  bool mixed = false;    // go on though last digits may move
};

// Plans at construction (what is done already), so that finished work costs no model.
class WritingRun {
 public:
  // Throws Error as TextJournal does.
  WritingRun(std::shared_ptr<const WritingJob> job, WritingOptions options);

  bool finished() const { return journal_.finished(); }
  int64_t done() const { return journal_.done(); }  // requests
  int64_t total() const { return job_->requests(); }
  // Puts the output together where all requests were answered, but a kill came before it: needs no model. Throws Error
  // where the data is no longer what was planned.
  bool finish_if_complete();
  // On the output that was put together; may be empty.
  const std::string& note() const { return note_; }

  struct Work {
    int64_t texts = 0, cut = 0;  // cut: did not end before the most tokens
    int64_t tokens = 0;
  };
  // Writes the rest. Throws Error naming the row, and where the data is no longer what was planned; what was finished
  // before is kept.
  Work write(Generator& generator);

 private:
  void write_texts(Generator& generator, RequestStream& requests, Work& work);
  void expect_numbers(Generator& generator, RequestStream& requests);
  const std::shared_ptr<const WritingJob> job_;
  const WritingOptions options_;
  const OrderedJson settings_;  // of the job as it was planned
  TextJournal journal_;
  std::string note_;
};

}  // namespace vlrm

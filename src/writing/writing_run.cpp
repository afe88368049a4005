#include "writing/writing_run.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "base/error.h"
#include "base/progress.h"
#include "base/version.h"

namespace vlrm {
namespace {

OrderedJson all_settings(const WritingJob& job, const WritingOptions& options) {
  OrderedJson settings = {{"vlrm", version()}, {"format", kResultsFormat}};
  settings.update(job.settings());
  settings.update(options.settings);
  return settings;
}

// Whether a journal's line can be of this job; somebody may have edited it.
bool could_be_of(const WritingJob& job, const OrderedJson& written) {
  if (!job.numbers_at_once().empty()) return written.is_number();
  return written.is_array() && static_cast<int64_t>(written.size()) == job.texts_a_request() &&
         std::ranges::all_of(written, [](const OrderedJson& text) { return text.is_string(); });
}

// The requests of a stream for a generator, and which they were.
class Numbers {
 public:
  explicit Numbers(RequestStream& requests) : requests_(requests) {}
  Generator::Next next() {
    return [this]() -> std::optional<GenerationRequest> {
      auto request = requests_.next();
      if (!request) return std::nullopt;
      const std::lock_guard lock(mutex_);
      numbers_.push_back(request->number);
      return std::move(request->request);
    };
  }
  int64_t of(int64_t taken) const {
    const std::lock_guard lock(mutex_);
    return numbers_[static_cast<size_t>(taken)];
  }

 private:
  RequestStream& requests_;
  mutable std::mutex mutex_;  // requests are taken by another thread
  std::vector<int64_t> numbers_;
};

std::vector<int32_t> tokens_of(const std::vector<int>& numbers, const Tokenizer& tokenizer) {
  std::vector<int32_t> tokens;
  for (const int number : numbers) {
    const auto encoded = tokenizer.encode(std::to_string(number), false);
    if (encoded.size() != 1) fail("the tokenizer has no single token for the number {}", number);
    tokens.push_back(encoded[0]);
  }
  return tokens;
}

// The mean of the numbers, each with its probability among them.
double expectation(const std::vector<int>& numbers, const std::vector<int32_t>& tokens, std::span<const float> logits) {
  double largest = -HUGE_VAL, weights = 0, sum = 0;
  for (const int32_t token : tokens)
    largest = std::max(largest, static_cast<double>(logits[static_cast<size_t>(token)]));
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double weight = std::exp(static_cast<double>(logits[static_cast<size_t>(tokens[i])]) - largest);
    weights += weight;
    sum += weight * numbers[i];
  }
  return sum / weights;
}

}  // namespace

WritingRun::WritingRun(std::shared_ptr<const WritingJob> job, WritingOptions options)
    : job_(std::move(job)),
      options_(std::move(options)),
      settings_(all_settings(*job_, options_)),
      journal_({.output = options_.output,
                .settings_file = options_.settings_file,
                .settings = settings_,
                .requests = job_->requests(),
                .force = options_.force,
                .mixed = options_.mixed,
                .could_be_written = [job = job_](const OrderedJson& written) { return could_be_of(*job, written); }}) {}

bool WritingRun::finish_if_complete() {
  if (finished() || done() < total()) return false;
  if (const auto difference = settings_difference(settings_, all_settings(*job_, options_)))
    fail("{}: {}, while texts were written; undo that, or let `force` start again", options_.output.string(),
         difference->text);
  journal_.finish([&](const TextJournal::Written& written) {
    WritingJob::Output output = job_->output(written);
    note_ = std::move(output.note);
    return std::move(output.bytes);
  });
  return true;
}

WritingRun::Work WritingRun::write(Generator& generator) {
  journal_.begin();
  // The journal changes while another thread asks for requests.
  std::vector<bool> missing;
  for (int64_t i = 0; i < total(); ++i) missing.push_back(!journal_.has(i));
  const auto requests =
      job_->stream([&](int64_t number) { return number < total() && missing[static_cast<size_t>(number)]; });
  Work work;
  if (job_->numbers_at_once().empty())
    write_texts(generator, *requests, work);
  else
    expect_numbers(generator, *requests);
  if (!finish_if_complete())
    fail("{}: {} of {} requests were found; the data has changed while texts were written", options_.output.string(),
         done(), total());
  return work;
}

void WritingRun::write_texts(Generator& generator, RequestStream& requests, Work& work) {
  Progress progress(options_.label, total() - done(), Progress::Unit::samples);
  Numbers numbers(requests);
  generator.run(numbers.next(), [&](int64_t taken, const std::vector<WrittenText>& texts) {
    OrderedJson written = OrderedJson::array();
    for (const WrittenText& text : texts) {
      written.push_back(text.text);
      ++work.texts;
      work.cut += text.ended ? 0 : 1;
      work.tokens += static_cast<int64_t>(text.tokens.size());
    }
    journal_.add(numbers.of(taken), written);
    progress.advance(1);
  });
}

void WritingRun::expect_numbers(Generator& generator, RequestStream& requests) {
  const std::vector<int> numbers = job_->numbers_at_once();
  const std::vector<int32_t> tokens = tokens_of(numbers, generator.tokenizer());
  Progress progress(options_.label, total() - done(), Progress::Unit::samples);
  Numbers taken_numbers(requests);
  generator.show_next_tokens(taken_numbers.next(),
                             [&](int64_t taken, const std::string& source, std::span<const float> logits) {
                               const double expected = expectation(numbers, tokens, logits);
                               if (!std::isfinite(expected))
                                 fail("{}: the model's logits are no finite numbers", source);
                               journal_.add(taken_numbers.of(taken), expected);
                               progress.advance(1);
                             });
}

}  // namespace vlrm

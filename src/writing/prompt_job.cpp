// Answers to the prompts of a file of samples, or about the images of a folder.
#include "base/error.h"
#include "writing/writing_job.h"

namespace vlrm {
namespace {

class PromptStream : public RequestStream {
 public:
  PromptStream(const SamplesFile& samples, std::vector<uint64_t> seeds, WritingJob::Wanted wanted)
      : reader_(samples), seeds_(std::move(seeds)), wanted_(std::move(wanted)) {}
  std::optional<NumberedRequest> next() override {
    for (;;) {
      auto lines = reader_.next(1);
      if (lines.empty()) return std::nullopt;
      const int64_t number = at_++;
      if (!wanted_(number)) continue;
      return NumberedRequest{number, {std::move(lines[0].sample), std::move(lines[0].source), seeds_}};
    }
  }

 private:
  SamplesFile::Reader reader_;
  const std::vector<uint64_t> seeds_;
  const WritingJob::Wanted wanted_;
  int64_t at_ = 0;
};

class PromptJob : public WritingJob {
 public:
  explicit PromptJob(const PromptJobOptions& options)
      : options_(options), samples_(*options.samples), facts_(samples_.check(options.compares_images)) {
    const int64_t with_image = facts_.samples - facts_.without_image;
    if (!options.shows_images && with_image > 0)
      fail("{}: {} of {} samples have images, which a text model does not see", samples_.name(), with_image,
           facts_.samples);
  }
  int64_t requests() const override { return facts_.samples; }
  int64_t texts_a_request() const override { return options_.texts; }
  std::unique_ptr<RequestStream> stream(Wanted wanted) const override {
    std::vector<uint64_t> seeds;
    for (int64_t i = 0; i < options_.texts; ++i) seeds.push_back(options_.first_seed + static_cast<uint64_t>(i));
    return std::make_unique<PromptStream>(samples_, std::move(seeds), std::move(wanted));
  }
  Output output(const Written& written) const override {
    SamplesFile::Reader reader(samples_);
    std::string lines;
    for (int64_t i = 0; i < requests(); ++i) {
      const auto read = reader.next(1);
      if (read.empty()) fail("{}: has become shorter while texts were written", samples_.name());
      lines += prompt_line(read[0].sample, written(i));
    }
    return {std::move(lines)};
  }
  OrderedJson settings() const override {
    const SamplesFile::Facts facts = samples_.check(options_.compares_images);
    OrderedJson settings = {{"task", "generate"},
                            {"input", facts.lines},
                            {"images", facts.images},
                            {"first_seed", options_.first_seed},
                            {"texts", options_.texts}};
    if (facts.limited) settings["limit"] = facts.samples;
    return settings;
  }

 private:
  const PromptJobOptions options_;
  const SamplesFile& samples_;
  const SamplesFile::Facts facts_;
};

}  // namespace

std::string prompt_line(const Sample& sample, const OrderedJson& texts) {
  std::string line = fmt::format("{{\"id\": {}, \"texts\": [", sample.id.dump());
  for (size_t i = 0; i < texts.size(); ++i) line += fmt::format("{}{}", i == 0 ? "" : ", ", texts[i].dump());
  line += "]";
  for (const auto& [key, value] : sample.other.items())
    line += fmt::format(", {}: {}", OrderedJson(key).dump(), value.dump());
  return fmt::format("{}}}\n", line);
}

std::unique_ptr<WritingJob> prompt_job(const PromptJobOptions& options) {
  return std::make_unique<PromptJob>(options);
}

}  // namespace vlrm

// What samples say: questions, responses and images, sample by sample.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "results/result_folder.h"
#include "tasks/benchmark.h"

namespace vlrm {

struct SampleTexts {
  std::string question;
  std::vector<std::string> responses;
  std::vector<EncodedImage> images;
};

class SampleReader {
 public:
  virtual ~SampleReader() = default;
  // Nothing after the last. Throws Error for what is malformed.
  virtual std::optional<SampleTexts> next() = 0;
};

// From the result rows. Of pairs these are the rendered prompts: what they begin with alike is the question.
std::unique_ptr<SampleReader> read_rows(const RunResults& run);

// From the benchmark, which must live as long. Throws Error where it has other samples than the run.
std::unique_ptr<SampleReader> read_benchmark(const RunResults& run, const Benchmark& benchmark);

}  // namespace vlrm

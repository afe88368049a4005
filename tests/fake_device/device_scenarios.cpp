// What Llama-3.2-11B-Vision asks of a device, one scenario per line, as JSON.
//
//   device_scenarios fake   counts, in seconds and in little memory: nothing is computed
//   device_scenarios cuda   milliseconds, with random weights: of the first run, and the median of three more
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "large_model.h"
#include "support/device.h"

namespace fake_device {
namespace {

using namespace vlrm;

struct Texts {
  std::vector<SharedPrefixBatch> batches;
  std::vector<std::vector<int64_t>> last_positions;
};

// Prompts about one image each. Lengths differ a little, as those of real texts do.
Texts texts(int prompts, int responses, int prompt_tokens, int response_tokens, int first_image) {
  Texts result;
  for (int i = 0; i < prompts; ++i) {
    SharedPrefixBatch batch;
    batch.prefix.resize(static_cast<size_t>(prompt_tokens) + 3 * static_cast<size_t>(i), 1000);
    batch.prefix[5] = 128256;
    batch.images = {any_image(first_image + i % 8)};  // pixels of more would fill the host's memory
    std::vector<int64_t> ends;
    for (int j = 0; j < responses; ++j) {
      batch.continuations.emplace_back(static_cast<size_t>(response_tokens + 7 * i + 11 * j), 2000);
      ends.push_back(static_cast<int64_t>(batch.prefix.size() + batch.continuations.back().size()) - 1);
    }
    result.last_positions.push_back(std::move(ends));
    result.batches.push_back(std::move(batch));
  }
  return result;
}

// Runs scenarios and prints what each took.
class Scenarios {
 public:
  explicit Scenarios(const std::string& device) {
    options_.device = device;
    options_.dtype = Dtype::bf16;
    if (!device.starts_with("fake")) return;
    ::setenv("FAKE_DEVICE_DRY", "1", /*overwrite=*/1);
    testing::open_fake_device();
    restart_ = reinterpret_cast<void (*)()>(::dlsym(RTLD_DEFAULT, "fake_device_restart"));
    report_ = reinterpret_cast<const char* (*)()>(::dlsym(RTLD_DEFAULT, "fake_device_report"));
  }

  void score() {
    const ModelConfig config = llama_3_2_11b_vision(Head::reward);
    const auto weights = any_weights(config, !counts());
    std::unique_ptr<Backend> backend;
    once("load", [&] { backend = load_backend(config, weights, options_); });
    const auto rewards = [&](const std::string& name, const Texts& asked, bool images_kept = false) {
      repeated(name, [&] {
        if (!images_kept) backend->keep_images(0);
        backend->keep_images(int64_t{2} << 30);
        backend->rewards(asked.batches, asked.last_positions);
      });
    };
    rewards("1 pair", texts(1, 2, 64, 180, 0));
    rewards("1 pair, image kept", texts(1, 2, 64, 180, 0), true);
    rewards("1 pair of other lengths, image kept", texts(1, 2, 65, 181, 0), true);
    rewards("8 pairs", texts(8, 2, 64, 180, 100));
    rewards("8 pairs, images kept", texts(8, 2, 64, 180, 100), true);
    rewards("8 pairs, prompts of 1100 tokens, images kept", texts(8, 2, 1100, 180, 100), true);
    rewards("best of 8", texts(1, 8, 64, 180, 200));
    rewards("best of 8, image kept", texts(1, 8, 64, 180, 200), true);
    repeated("replace language weights", [&] { backend->replace_language_weights(weights); });
    backend.reset();
    options_.weights = BackendOptions::Weights::streamed;
    backend = load_backend(config, weights, options_);
    rewards("8 pairs, streamed", texts(8, 2, 64, 180, 100));
    options_.weights = BackendOptions::Weights::automatic;
  }

  void write() {
    const ModelConfig config = llama_3_2_11b_vision(Head::language_model);
    const auto backend = load_backend(config, any_weights(config, !counts()), options_);
    const Texts asked = texts(8, 2, 64, 180, 300);
    std::vector<std::vector<int64_t>> starts;
    for (const auto& batch : asked.batches) starts.emplace_back(2, static_cast<int64_t>(batch.prefix.size()));
    repeated("likelihood of 8 pairs", [&] { backend->log_likelihoods(asked.batches, starts); });
    for (const auto& [prompts, each] : {std::pair{1, 1}, {1, 8}, {8, 8}, {64, 1}}) write_texts(*backend, prompts, each);
  }

 private:
  bool counts() const { return restart_ != nullptr; }

  void write_texts(Backend& backend, int prompts, int each) {
    const Texts asked = texts(prompts, 0, 64, 0, 400);
    const std::vector<int64_t> texts_of_each(static_cast<size_t>(prompts), each);
    const std::string what = fmt::format("{} x {} texts", prompts, each);
    const auto writer = backend.write_texts();
    const std::vector<int32_t> text(100, 1000);
    std::vector<DrawInput> draws(static_cast<size_t>(prompts * each), {0.5, text});
    SamplingOptions sampling;
    once("prompts of " + what, [&] { writer->begin_and_draw(asked.batches, texts_of_each, sampling, draws); });
    TextWriter::Next one;
    for (int i = 0; i < each; ++i) {
      one.texts.push_back(i);
      one.tokens.push_back(7);
    }
    std::vector<TextWriter::Next> next(static_cast<size_t>(prompts), one);
    const auto step = [&] { writer->step_and_draw(next, sampling, draws); };
    for (int i = 0; i < 40; ++i) step();
    repeated("a step of " + what, step);
    sampling = {.temperature = 0.7, .top_k = 50, .top_p = 0.9, .repetition_penalty = 1.1};
    repeated("a drawn step of " + what, step);
    if (each == 1) return;
    for (auto& group : next) {
      group.texts.pop_back();
      group.tokens.pop_back();
    }
    draws.resize(static_cast<size_t>(prompts) * static_cast<size_t>(each - 1));
    once("a step in which one of each ends, of " + what, step);
  }

  using Work = std::function<void()>;
  void once(const std::string& name, const Work& work) { run(name, work, 1); }
  void repeated(const std::string& name, const Work& work) { run(name, work, 4); }

  void run(const std::string& name, const Work& work, int times) {
    if (counts()) {
      restart_();
      work();
      fmt::print("{{\"scenario\": \"{}\", \"report\": {}}}\n", name, report_());
    } else {
      const double first = milliseconds(work);
      std::vector<double> more;
      for (int i = 1; i < times; ++i) more.push_back(milliseconds(work));
      std::ranges::sort(more);
      fmt::print("{{\"scenario\": \"{}\", \"first_ms\": {:.1f}, \"ms\": {:.1f}}}\n", name, first,
                 more.empty() ? first : more[more.size() / 2]);
    }
    std::fflush(stdout);  // a run that is cut off leaves what it had
  }

  static double milliseconds(const Work& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  }

  BackendOptions options_;
  void (*restart_)() = nullptr;
  const char* (*report_)() = nullptr;
};

}  // namespace
}  // namespace fake_device

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: device_scenarios fake | cuda | cuda:N\n", stderr);
    return 2;
  }
  try {
    fake_device::Scenarios scenarios(arguments[1]);
    scenarios.score();
    scenarios.write();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "device_scenarios: {}\n", error.what());
    return 2;
  }
}

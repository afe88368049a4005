// What libvlrm_model exports: what makes a backend, whose methods throw nothing but Error, and what tells of devices
// and needs before.
#include <ATen/DeviceAccelerator.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/progress.h"
#include "base/threads.h"
#include "model/accelerator.h"
#include "model/threads_scope.h"
#include "model/torch_backend.h"

namespace vlrm {
namespace {

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')), 300);
}

// Of what libtorch's allocator says: how much was asked for, or "".
std::string asked_for(const std::string& line) {
  constexpr std::string_view kBefore = "tried to allocate ";
  const size_t at = line.find(kBefore);
  int64_t bytes = 0;
  if (at == line.npos) return "";
  std::from_chars(line.data() + at + kBefore.size(), line.data() + line.size(), bytes);
  return fmt::format(": {} more were needed", human_bytes(static_cast<double>(bytes)));
}

// What a device says where it, or its memory, fails: another try, or another machine, may do.
bool is_temporary_failure(const std::string& line) {
  constexpr std::array kSaid{"out of memory", "ALLOC_FAILED", "CUDA error", "can't allocate memory"};
  return std::ranges::any_of(kSaid, [&](const char* words) { return line.find(words) != std::string::npos; });
}

// libtorch's errors are many lines of C++ frames; the first line is what a user can read.
template <class Action>
auto translated(const Action& action) {
  try {
    return action();
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    fail_for_now("the GPU's memory is not enough: {}. `weights` streamed needs less",
                 first_line(error.what_without_backtrace()));
  } catch (const c10::Error& error) {
    const std::string line = first_line(error.what_without_backtrace());
    if (line.find("DefaultCPUAllocator") != std::string::npos)
      fail_for_now("memory is not enough{}; `weights` streamed needs less", asked_for(line));
    if (is_temporary_failure(line)) fail_for_now("libtorch: {}", line);
    fail("libtorch: {}", line);
  } catch (const std::bad_alloc&) {
    fail_for_now("memory is not enough; `weights` streamed needs less");
  } catch (const std::runtime_error& error) {  // of a library below libtorch
    const std::string line = first_line(error.what());
    if (is_temporary_failure(line)) fail_for_now("memory is not enough: {}. `weights` streamed needs less", line);
    throw;
  }
}

// Of this library's own pools too, which a host program does not see.
int threads_or_all(int threads) {
  set_thread_count(threads);
  return thread_count();
}

// With so many of libtorch's threads.
template <class Action>
auto computed(int threads, const Action& action) {
  const ThreadsScope scope(threads);
  return translated(action);
}

class GuardedWriter : public TextWriter {
 public:
  GuardedWriter(std::unique_ptr<TextWriter> writer, int threads) : writer_(std::move(writer)), threads_(threads) {}
  Logits begin(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts) override {
    return computed(threads_, [&] { return writer_->begin(prompts, texts); });
  }
  Logits step(std::span<const Next> groups) override {
    return computed(threads_, [&] { return writer_->step(groups); });
  }
  bool can_draw() const override { return writer_->can_draw(); }
  std::vector<Drawn> begin_and_draw(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts,
                                    const SamplingOptions& sampling, std::span<const DrawInput> draws) override {
    return computed(threads_, [&] { return writer_->begin_and_draw(prompts, texts, sampling, draws); });
  }
  std::vector<Drawn> step_and_draw(std::span<const Next> groups, const SamplingOptions& sampling,
                                   std::span<const DrawInput> draws) override {
    return computed(threads_, [&] { return writer_->step_and_draw(groups, sampling, draws); });
  }
  int64_t group_bytes(const SharedPrefixBatch& prompt, int64_t texts, int64_t tokens) const override {
    return writer_->group_bytes(prompt, texts, tokens);
  }

 private:
  std::unique_ptr<TextWriter> writer_;
  int threads_;
};

class GuardedBackend : public Backend {
 public:
  GuardedBackend(const ModelConfig& config, CheckpointPtr checkpoint, const BackendOptions& options)
      : threads_(threads_or_all(options.threads)), backend_(computed(threads_, [&] {
          const c10::InferenceMode no_gradients;
          return std::make_unique<TorchBackend>(config, std::move(checkpoint), options);
        })) {}

  std::vector<std::vector<float>> rewards(std::span<const SharedPrefixBatch> batches,
                                          const std::vector<std::vector<int64_t>>& positions) override {
    return computed(threads_, [&] { return backend_->rewards(batches, positions); });
  }
  std::vector<std::vector<double>> log_likelihoods(std::span<const SharedPrefixBatch> batches,
                                                   const std::vector<std::vector<int64_t>>& positions) override {
    return computed(threads_, [&] { return backend_->log_likelihoods(batches, positions); });
  }
  std::unique_ptr<TextWriter> write_texts() override {
    return std::make_unique<GuardedWriter>(translated([&] { return backend_->write_texts(); }), threads_);
  }
  void load_language_head() override {
    computed(threads_, [&] { backend_->load_language_head(); });
  }
  void replace_language_weights(CheckpointPtr checkpoint) override {
    computed(threads_, [&] { backend_->replace_language_weights(std::move(checkpoint)); });
  }
  void keep_images(int64_t bytes) override { backend_->keep_images(bytes); }
  int64_t encoded_image_bytes(const ProcessedImage& image) const override {
    return backend_->encoded_image_bytes(image);
  }
  int64_t spare_memory() const override { return backend_->spare_memory(); }
  std::optional<int64_t> spare_host_memory() const override { return backend_->spare_host_memory(); }
  Work work() const override { return backend_->work(); }
  bool streamed() const override { return backend_->streamed(); }

 private:
  int threads_;
  std::unique_ptr<TorchBackend> backend_;
};

// By the driver: libtorch's headers for the CPU know no names. "" where it does not say.
std::string first_gpu_name() {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);  // never closed, as libtorch uses it too
  if (driver == nullptr) return "";
  const auto start = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto get = reinterpret_cast<int (*)(int*, int)>(::dlsym(driver, "cuDeviceGet"));
  const auto get_name = reinterpret_cast<int (*)(char*, int, int)>(::dlsym(driver, "cuDeviceGetName"));
  if (start == nullptr || get == nullptr || get_name == nullptr) return "";
  std::array<char, 128> name{};
  int device = 0;
  const bool known =
      start(0) == 0 && get(&device, 0) == 0 && get_name(name.data(), static_cast<int>(name.size()) - 1, device) == 0;
  return known ? name.data() : "";
}

bool find(Accelerator& found) {
  const auto type = at::accelerator::getAccelerator();
  if (!type || at::accelerator::deviceCount() == 0) return false;
  found.device = c10::DeviceTypeName(*type, /*lower_case=*/true);
  found.count = static_cast<unsigned char>(at::accelerator::deviceCount());
  if (*type == at::kCUDA) found.name = first_gpu_name();
  return true;
}

}  // namespace
}  // namespace vlrm

// C linkage only for the names that dlsym looks for; program and library are built together.
extern "C" __attribute__((visibility("default"))) bool vlrm_find_accelerator(vlrm::Accelerator* found) {
  return vlrm::translated([&] { return vlrm::find(*found); });
}

extern "C" __attribute__((visibility("default"))) void vlrm_tell_needs(const vlrm::ModelConfig* config,
                                                                       const vlrm::CheckpointPtr* checkpoint,
                                                                       const vlrm::BackendOptions* options,
                                                                       vlrm::BackendNeeds* needs) {
  vlrm::computed(vlrm::threads_or_all(options->threads),
                 [&] { *needs = vlrm::torch_backend_needs(*config, **checkpoint, *options); });
}

// The caller owns the result.
extern "C" __attribute__((visibility("default"))) vlrm::Backend* vlrm_make_backend(
    const vlrm::ModelConfig* config, const vlrm::CheckpointPtr* checkpoint, const vlrm::BackendOptions* options) {
  return new vlrm::GuardedBackend(*config, *checkpoint, *options);
}

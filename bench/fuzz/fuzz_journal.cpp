// What a killed run left: its settings, then, after a zero byte, its lines. As the journal of texts that were written,
// and, after the first line, which is its identity, as that of a checkpoint's tensors.
#include <algorithm>

#include "base/error.h"
#include "temporary_file.h"
#include "weights/save_journal.h"
#include "writing/text_journal.h"

namespace {

void go_on_with_texts() {
  vlrm::TextJournal journal({.output = fuzz_directory() / "texts.jsonl",
                             .settings_file = fuzz_directory() / "texts.jsonl.settings.json",
                             .settings = {{"format", vlrm::kResultsFormat}, {"threads", 2}, {"data", {{"stamp", "a"}}}},
                             .requests = 8,
                             .mixed = true});
  journal.begin();
  for (int64_t request = 0; request < 8; ++request)
    if (!journal.has(request)) journal.add(request, {"text"});
  journal.finish([](const auto& written) {
    for (int64_t request = 0; request < 8; ++request) written(request);
    return "";
  });
}

void go_on_with_weights(const std::filesystem::path& file) {
  const auto identity = vlrm::SaveJournal::identity_of_work(file);
  vlrm::SaveJournal journal(file, identity.value_or("identity"));
  journal.add({{"model.norm.weight", 1}});
  journal.forget({{"model.norm.weight", vlrm::Dtype::f32, {}}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const uint8_t *end = data + size, *cut = std::find(data, end, uint8_t{0});
  const uint8_t* lines = std::min(cut + 1, end);
  std::filesystem::remove(fuzz_directory() / "texts.jsonl");
  write_fuzz_file("texts.jsonl.settings.json", data, static_cast<size_t>(cut - data));
  write_fuzz_file("texts.jsonl.partial", lines, static_cast<size_t>(end - lines));
  try {
    go_on_with_texts();
  } catch (const vlrm::Error&) {
  }
  try {
    go_on_with_weights(write_fuzz_file("journal", lines, static_cast<size_t>(end - lines)));
  } catch (const vlrm::Error&) {
  }
  return 0;
}

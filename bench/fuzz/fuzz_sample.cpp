// A line of a samples file.
#include "base/error.h"
#include "prompt/sample.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const vlrm::Sample sample = vlrm::parse_sample({reinterpret_cast<const char*>(data), size}, 1, "fuzz", "/");
    for (const auto form : {vlrm::ContentForm::parts, vlrm::ContentForm::parts_without_images, vlrm::ContentForm::text})
      vlrm::conversation(sample, &sample.responses[0], form);
  } catch (const vlrm::Error&) {
  }
  return 0;
}

// vlrm_manifest.json of an output beside the model of zeros that it was made of.
#include "artifact/manifest.h"
#include "base/error.h"
#include "temporary_file.h"
#include "weights/save.h"
#include "zeros.h"

namespace {

// The directories that a manifest names are seen from here.
const std::filesystem::path& input() {
  static const std::filesystem::path directory = [] {
    std::filesystem::current_path(fuzz_directory());
    std::filesystem::create_directory("input");
    vlrm::save_checkpoint(Zeros(), "input", {}, nullptr);
    write_fuzz_file("input/config.json", nullptr, 0);
    return "input";
  }();
  return directory;
}

template <class Action>
void try_to(const Action& action) {
  try {
    action();
  } catch (const vlrm::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vlrm::Manifest manifest("build", {{"seed", 0}});
  manifest.watch("vlm", input(), nullptr);
  const auto output = write_fuzz_file(vlrm::kManifestName, data, size).parent_path();
  try_to([&] { vlrm::changed_inputs(output); });
  try_to([&] { static_cast<void>(manifest.is_of(output)); });
  try_to([&] { static_cast<void>(manifest.change_since(output)); });
  try_to([&] { static_cast<void>(vlrm::Manifest::damage_of(output)); });
  return 0;
}

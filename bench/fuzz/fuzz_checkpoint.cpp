// A directory with model.safetensors.index.json and a shard, cut from one input at its first zero byte after the index.
#include <algorithm>

#include "base/error.h"
#include "temporary_file.h"
#include "weights/checkpoint.h"
#include "weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const bool with_index = data[0] == '{';
  const uint8_t* cut = with_index ? std::find(data, data + size, uint8_t{0}) : data;
  const uint8_t* shard = std::min(data + size, with_index ? cut + 1 : cut);
  try {
    const auto file = write_fuzz_file("model.safetensors", shard, static_cast<size_t>(data + size - shard));
    const auto index = fuzz_directory() / "model.safetensors.index.json";
    std::filesystem::remove(index);
    if (with_index) write_fuzz_file(index.filename(), data, static_cast<size_t>(cut - data));
    const vlrm::CheckpointPtr checkpoint = vlrm::open_checkpoint(fuzz_directory());
    for (const auto& tensor : checkpoint->tensors())
      if (vlrm::is_float(tensor.dtype)) vlrm::read_all_float32(*checkpoint, tensor.name);
  } catch (const vlrm::Error&) {
  }
  return 0;
}

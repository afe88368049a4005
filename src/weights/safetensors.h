// The safetensors format: https://github.com/huggingface/safetensors, "Format".
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "weights/checkpoint.h"

namespace vlrm {

struct SafetensorsEntry {
  TensorInfo info;
  int64_t offset = 0;  // of its first byte, from the start of the file
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;        // sorted by name
  std::map<std::string, std::string> metadata;  // __metadata__
  int64_t data_start = 0;                       // bytes before the first tensor
};

// Reads and checks a header against every rule of the format: length within the file and at most 100 MB, an object,
// known dtypes, shapes that do not overflow, offsets that fit shape and dtype, do not overlap, leave no hole and end at
// the end of the file. Throws Error naming the file, the tensor and the rule.
SafetensorsHeader read_safetensors_header(const std::filesystem::path& file);

// The header of a file that holds `tensors` back to back in the order given, and each one's offset: everything about
// the file but the bytes. The data begins at a multiple of 8.
struct SafetensorsLayout {
  std::string header;            // the 8 bytes of length and the JSON, padded with spaces
  std::vector<int64_t> offsets;  // of tensors[i], from the start of the file
  int64_t file_size = 0;
};
SafetensorsLayout lay_out_safetensors(const std::vector<TensorInfo>& tensors,
                                      const std::map<std::string, std::string>& metadata);

// One safetensors file as a checkpoint.
CheckpointPtr open_safetensors_file(const std::filesystem::path& file);

}  // namespace vlrm

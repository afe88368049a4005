// What the readers of safetensors files share.
#pragma once

#include "base/file.h"
#include "weights/checkpoint.h"
#include "weights/file_pool.h"
#include "weights/safetensors.h"

namespace vlrm {

// As read_safetensors_header(path), of a file that is open already.
SafetensorsHeader read_safetensors_header(const File& file);

// As open_safetensors_file(path), of one of several files that are not all open at a time.
CheckpointPtr open_safetensors_file(const std::filesystem::path& file, std::shared_ptr<FilePool> pool);

}  // namespace vlrm

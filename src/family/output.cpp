#include "family/output.h"

#include "base/atomic_output.h"
#include "base/error.h"
#include "weights/views.h"

namespace vlrm {
namespace {

int64_t total_bytes(const Checkpoint& checkpoint) {
  int64_t bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) bytes += tensor.bytes();
  return bytes;
}

// Nothing where all numbers are finite.
void add_remark(std::vector<std::string>& remarks, const NotFinite& not_finite, std::optional<Dtype> dtype) {
  if (not_finite.empty()) return;
  int64_t elements = 0;
  for (const auto& [tensor, count] : not_finite) elements += count;
  const size_t tensors = not_finite.size();
  remarks.push_back(fmt::format("{} element{} of {} tensor{} {} infinite or NaN, the first in {}{}", elements,
                                elements == 1 ? "" : "s", tensors, tensors == 1 ? "" : "s",
                                elements == 1 ? "is" : "are", printable(not_finite.begin()->first),
                                dtype == Dtype::f16 ? "; bfloat16 and float32 hold larger numbers than float16" : ""));
}

}  // namespace

std::vector<std::string> write_output(const PlannedOutput& planned, const OutputOptions& options,
                                      const Manifest& manifest) {
  const CheckpointPtr weights = planned.dtype ? cast(planned.weights, *planned.dtype) : planned.weights;
  Progress progress("merging", total_bytes(*weights), Progress::Unit::bytes);
  std::vector<std::string> remarks = planned.remarks;
  if (options.null_sink) {
    add_remark(remarks, discard_checkpoint(*weights, &progress), planned.dtype);
    return remarks;
  }
  AtomicDirectory output(options.directory, options.force, kManifestName);
  for (std::string& line : copy_side_files(planned.side_files, output.staging())) remarks.push_back(std::move(line));
  write_file_atomically(output.staging() / "config.json", planned.config.dump(2) + "\n", false);
  for (const auto& [name, text] : planned.texts) write_file_atomically(output.staging() / name, text, false);
  SaveOptions save;
  save.max_shard_bytes = options.max_shard_bytes;
  add_remark(remarks, save_checkpoint(*weights, output.staging(), save, &progress), planned.dtype);
  manifest.write(output.staging());
  output.commit();
  return remarks;
}

}  // namespace vlrm

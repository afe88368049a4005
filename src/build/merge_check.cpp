#include "build/merge_check.h"

#include "base/error.h"
#include "base/threads.h"
#include "build/causal_model.h"
#include "merge/recipe_notes.h"
#include "weights/chunks.h"
#include "weights/save.h"
#include "weights/views.h"

namespace vlrm {
namespace {

// What the program takes by itself, and at most between two passes: the selection of a threshold, or masks.
constexpr int64_t kOwnMemory = int64_t{16} << 20, kBetweenPasses = int64_t{64} << 20;

int64_t bytes_of(const Checkpoint& checkpoint) {
  int64_t bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) bytes += tensor.bytes();
  return bytes;
}

}  // namespace

int64_t merge_memory(int64_t models, int passes) {
  // A thread's piece of each input, raw and as float32, and the pieces of the output: one a thread, and those on
  // their way to the disk.
  const int64_t inputs = models * 2 * kPieceElements * 4, output = kSaveElements * 4;
  return kOwnMemory + thread_count() * inputs + (thread_count() + kWritesAhead) * output +
         (passes > 1 ? kBetweenPasses : 0);
}

int64_t bytes_to_write(const PlannedOutput& planned) {
  return bytes_of(planned.dtype ? *cast(planned.weights, *planned.dtype) : *planned.weights);
}

MergeCheck check_merge(const Recipe& recipe) {
  MergeCheck check;
  check.passes = passes_over_inputs(recipe);
  for (const std::string& name : recipe.model_names()) {
    const CausalModel model = open_causal_model(name, nullptr);
    const int64_t bytes = bytes_of(*model.weights);
    check.models.push_back(
        {name, model.kind(), model.directory, std::ssize(model.weights->tensors()), bytes, model.vocabulary()});
    check.bytes_read += bytes * check.passes;
  }
  check.planned = plan_merge_models(recipe);
  check.bytes_written = bytes_to_write(check.planned);
  check.memory = merge_memory(std::ssize(check.models), check.passes);
  return check;
}

}  // namespace vlrm

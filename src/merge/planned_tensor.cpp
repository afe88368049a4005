#include "merge/planned_tensor.h"

#include <algorithm>

#include "base/error.h"
#include "weights/views.h"

namespace vlrm {
namespace {

class PlannedCheckpoint final : public Checkpoint {
 public:
  PlannedCheckpoint(std::vector<PlannedTensor> plans, std::string description)
      : plans_(std::move(plans)), description_(std::move(description)) {
    std::ranges::sort(plans_, {}, [](const PlannedTensor& plan) { return plan.output.name; });
    for (const PlannedTensor& plan : plans_) tensors_.push_back(plan.output);
  }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::string description() const override { return description_; }

  std::unique_ptr<TensorReader> prepare(std::string_view name) const override {
    const TensorInfo& info = info_or_throw(name);
    const PlannedTensor& plan = plans_[static_cast<size_t>(&info - tensors_.data())];
    if (!plan.merge) return relabelled(plan.origins.at(0).weights->prepare(plan.origins[0].name), info);
    std::vector<std::shared_ptr<const TensorReader>> readers;
    for (const PlannedTensor::Origin& origin : plan.origins) readers.push_back(origin.weights->prepare(origin.name));
    if (plan.alignment) readers = plan.alignment->align(std::move(readers));
    TensorMerge merge = *plan.merge;
    VLRM_ASSERT(readers.size() == merge.inputs.size() + (plan.has_base ? 1 : 0));
    for (size_t i = 0; i < merge.inputs.size(); ++i) merge.inputs[i].tensor = readers[i];
    if (plan.has_base) merge.base = readers.back();
    return merge_tensor(merge);
  }

 private:
  std::vector<PlannedTensor> plans_;
  std::vector<TensorInfo> tensors_;  // the plans' outputs
  const std::string description_;
};

}  // namespace

CheckpointPtr planned_checkpoint(std::vector<PlannedTensor> tensors, std::string description) {
  return std::make_shared<PlannedCheckpoint>(std::move(tensors), std::move(description));
}

}  // namespace vlrm

#include "merge/alignment.h"

#include <algorithm>

#include "base/error.h"
#include "merge/column_means.h"

namespace vlrm {

using Readers = std::vector<std::shared_ptr<const TensorReader>>;

// One model's tensor in the output's rows.
class RowAlignment::AlignedTensor : public TensorReader {
 public:
  AlignedTensor(std::shared_ptr<const Plan> plan, size_t model, std::shared_ptr<const Readers> tensors)
      : plan_(std::move(plan)), runs_(plan_->runs[model]), tensors_(std::move(tensors)) {
    info_ = (*tensors_)[model]->info();
    info_.dtype = Dtype::f32;
    info_.shape[0] = plan_->rows;
    columns_ = info_.shape.size() > 1 ? info_.shape[1] : 1;
  }
  void set_padding(std::vector<float> row) { padding_ = std::move(row); }

  const TensorInfo& info() const override { return info_; }
  void read(int64_t first, int64_t count, std::byte* out) const override {
    read_float32(first, count, reinterpret_cast<float*>(out));
  }
  void read_float32(int64_t first, int64_t count, float* out) const override {
    if (count == 0) return;
    const int64_t end = first + count, padding = plan_->tokens * columns_;
    for (auto run = std::ranges::upper_bound(runs_, first / columns_, {}, &Run::first) - 1;
         first < std::min(end, padding); ++run) {
      const int64_t run_end = run + 1 == runs_.end() ? padding : (run + 1)->first * columns_;
      const int64_t size = std::min(end, run_end) - first;
      read_run(*run, first, size, out);
      first += size;
      out += size;
    }
    for (; first < end; ++first) *out++ = padding_[static_cast<size_t>(first % columns_)];
  }

 private:
  void read_run(const Run& run, int64_t first, int64_t count, float* out) const {
    const int64_t offset = first - run.first * columns_;  // within the run
    if (run.donor == kZero) {
      std::fill_n(out, count, 0.0f);
    } else if (run.donor == kMean) {
      read_means(run, offset, count, out);
    } else {
      (*tensors_)[static_cast<size_t>(run.donor)]->read_float32(run.row * columns_ + offset, count, out);
    }
  }

  void read_means(const Run& run, int64_t offset, int64_t count, float* out) const {
    std::vector<float> values(static_cast<size_t>(columns_));
    for (const int64_t end = offset + count; offset < end;) {
      const int64_t column = offset % columns_;
      const int64_t size = std::min(end - offset, columns_ - column);
      std::fill_n(out, size, 0.0f);
      float models = 0;
      const auto& rows = plan_->means[static_cast<size_t>(run.row + offset / columns_)];
      for (size_t model = 0; model < rows.size(); ++model) {
        if (rows[model] < 0) continue;
        (*tensors_)[model]->read_float32(rows[model] * columns_ + column, size, values.data());
        for (int64_t i = 0; i < size; ++i) out[i] += values[static_cast<size_t>(i)];
        ++models;
      }
      for (int64_t i = 0; i < size; ++i) out[i] /= models;
      offset += size;
      out += size;
    }
  }

  const std::shared_ptr<const Plan> plan_;
  const std::vector<Run>& runs_;
  const std::shared_ptr<const Readers> tensors_;
  std::vector<float> padding_;
  TensorInfo info_;
  int64_t columns_ = 0;
};

RowAlignment::RowAlignment(const TokenRows& output, std::span<const Model> models, std::optional<size_t> base,
                           int64_t pad_to_multiple_of, const Choices& choices) {
  auto plan = std::make_shared<Plan>();
  plan->runs.resize(models.size());
  std::vector<int64_t> rows(models.size());  // of the token in each model
  for (const TokenRows::Token& token : output.tokens()) {
    if (token.id != plan->tokens)
      fail("{}: no token has the id {}, though there are larger ones", output.source(), plan->tokens);
    Run donor{plan->tokens, 0, kZero};
    size_t present = 0;
    for (size_t model = 0; model < models.size(); ++model) {
      const auto id = models[model].vocabulary->id(token.text);
      rows[model] = id && *id < models[model].rows ? *id : -1;
      if (rows[model] < 0) continue;
      ++present;
      donor = {plan->tokens, rows[model], static_cast<int>(model)};
    }
    if (present > 1 && present < models.size()) {
      if (base && rows[*base] >= 0) {
        donor = {plan->tokens, rows[*base], static_cast<int>(*base)};
      } else {
        donor = {plan->tokens, static_cast<int64_t>(plan->means.size()), kMean};
        plan->means.push_back(rows);
      }
    }
    const auto choice = choices.find(token.text);
    if (choice != choices.end())
      donor = choice->second.model ? Run{plan->tokens, choice->second.row, static_cast<int>(*choice->second.model)}
                                   : Run{plan->tokens, 0, kZero};
    const bool forced = choice != choices.end() && choice->second.force;
    for (size_t model = 0; model < models.size(); ++model) {
      const bool own = rows[model] >= 0 && !forced;
      add_row(plan->runs[model], own ? Run{plan->tokens, rows[model], static_cast<int>(model)} : donor);
    }
    ++plan->tokens;
  }
  plan->rows = (plan->tokens + pad_to_multiple_of - 1) / pad_to_multiple_of * pad_to_multiple_of;
  plan_ = std::move(plan);
}

void RowAlignment::add_row(std::vector<Run>& runs, const Run& row) {
  const bool continues = !runs.empty() && runs.back().donor == row.donor &&
                         (row.donor == kZero || runs.back().row - runs.back().first == row.row - row.first);
  if (!continues) runs.push_back(row);
}

bool RowAlignment::in_place(size_t model, const TensorInfo& tensor) const {
  const std::vector<Run>& runs = plan_->runs[model];
  return plan_->rows == plan_->tokens && plan_->rows == tensor.shape[0] && runs.size() == 1 && runs[0].row == 0 &&
         runs[0].donor == static_cast<int>(model);
}

Readers RowAlignment::align(Readers tensors) const {
  VLRM_ASSERT(tensors.size() == plan_->runs.size());
  const auto sources = std::make_shared<const Readers>(std::move(tensors));
  Readers aligned;
  for (size_t model = 0; model < sources->size(); ++model) {
    if (in_place(model, (*sources)[model]->info())) {
      aligned.push_back((*sources)[model]);
      continue;
    }
    auto tensor = std::make_shared<AlignedTensor>(plan_, model, sources);
    if (plan_->rows > plan_->tokens) tensor->set_padding(column_means(*tensor, plan_->tokens));
    aligned.push_back(std::move(tensor));
  }
  return aligned;
}

}  // namespace vlrm

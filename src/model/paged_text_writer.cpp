#include "model/paged_text_writer.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "model/draw_tokens.h"
#include "model/index_tensor.h"

namespace vlrm {
namespace {

int64_t pages_of(int64_t tokens) {
  return (tokens + kPageTokens - 1) / kPageTokens;
}

// A run for each text or image, and the pages of all, a row each.
struct Table {
  std::vector<Run> runs;
  std::vector<std::vector<int32_t>> rows;

  void add(const std::vector<int32_t>& pages, int64_t keys) {
    const int64_t first = runs.empty() ? 0 : runs.back().first_key + runs.back().keys;
    runs.push_back({1, first, keys});
    rows.push_back(pages);
  }
  std::pair<Runs, at::Tensor> on(const at::Device& device) const {
    size_t width = 0;
    for (const auto& row : rows) width = std::max(width, row.size());
    std::vector<int32_t> all;
    for (const auto& row : rows) {
      all.insert(all.end(), row.begin(), row.end());
      all.resize(all.size() + width - row.size());
    }
    const auto [sent, pages] = Runs::with(runs, all, device);
    return {sent, pages.view({static_cast<int64_t>(rows.size()), static_cast<int64_t>(width)})};
  }
};

void add_to(Logits& result, const at::Tensor& logits) {
  const at::Tensor fetched = logits.to(at::kCPU).contiguous();
  const float* values = fetched.const_data_ptr<float>();
  result.width = fetched.size(1);
  result.values.insert(result.values.end(), values, values + fetched.numel());
}

}  // namespace

// Where the rows of new prompts and their images go.
struct PagedTextWriter::NewPlaces {
  std::vector<int64_t> rows, places, image_rows, image_places;

  static void add(std::vector<int64_t>& rows, std::vector<int64_t>& places, int64_t first_row, int64_t count,
                  const std::vector<int32_t>& pages, int64_t at) {
    for (int64_t i = 0; i < count; ++i, ++at) {
      rows.push_back(first_row + i);
      places.push_back(pages[static_cast<size_t>(at / kPageTokens)] * kPageTokens + at % kPageTokens);
    }
  }
};

PagedTextWriter::PagedTextWriter(TorchBackend& backend)
    : backend_(backend), pools_(static_cast<size_t>(backend.config_.text.layers)) {}

// The texts share the prompt's full pages; what is left of it each has on a page of its own, which it goes on with.
PagedTextWriter::Group PagedTextWriter::begun(const PrefixGroup& prompt, int64_t texts, NewPlaces& places) {
  Group group;
  group.length = prompt.prefix.length;
  group.position = prompt.next_position;
  const int64_t full = group.length / kPageTokens, rest = group.length % kPageTokens, first = prompt.prefix.first;
  std::vector<int32_t> shared;
  for (int64_t i = 0; i < full; ++i) shared.push_back(text_pages_.take());
  NewPlaces::add(places.rows, places.places, first, full * kPageTokens, shared, 0);
  for (int64_t text = 0; text < texts; ++text) {
    std::vector<int32_t> pages = shared;
    if (text > 0)
      for (const int32_t page : shared) text_pages_.share(page);
    if (rest > 0) pages.push_back(text_pages_.take());
    NewPlaces::add(places.rows, places.places, first + full * kPageTokens, rest, pages, full * kPageTokens);
    group.texts.push_back(std::move(pages));
  }
  return group;
}

std::vector<int64_t> PagedTextWriter::first_rows(const RaggedBatch& batch) const {
  std::vector<int64_t> firsts{0};
  for (const ProcessedImage* image : batch.images) firsts.push_back(firsts.back() + backend_.encoder_->rows(*image));
  return firsts;
}

// Those that the prompt's end sees. One that is seen alone has the same pages for all groups.
void PagedTextWriter::add_images(Group& group, const PrefixGroup& prompt, const RaggedBatch& batch, NewPlaces& places) {
  if (prompt.images.empty() || backend_.config_.architecture->fusion != Fusion::cross_attention) return;
  const std::vector<int64_t>& seen = prompt.sights.back().images;
  const std::string digest = seen.size() == 1 ? batch.images[static_cast<size_t>(seen[0])]->digest : "";
  const auto rows = [&](int64_t image) {
    return backend_.encoder_->existing_rows(*batch.images[static_cast<size_t>(image)]);
  };
  for (const int64_t image : seen) group.image_rows += rows(image);
  if (const auto known = images_.find(digest); known != images_.end()) {
    group.image_pages = known->second;
    for (const int32_t page : group.image_pages) image_pages_.share(page);
    return;
  }
  for (int64_t i = 0; i < pages_of(group.image_rows); ++i) group.image_pages.push_back(image_pages_.take());
  if (!digest.empty()) images_[digest] = group.image_pages;
  const std::vector<int64_t> firsts = first_rows(batch);
  int64_t at = 0;
  for (const int64_t image : seen) {
    NewPlaces::add(places.image_rows, places.image_places, firsts[static_cast<size_t>(image)], rows(image),
                   group.image_pages, at);
    at += rows(image);
  }
}

// Pools grow by half, a layer at a time.
void PagedTextWriter::make_room() {
  const TextConfig& text = backend_.config_.text;
  const Precision& precision = backend_.precision_;
  for (size_t i = 0; i < pools_.size(); ++i) {
    const int64_t needed = (backend_.decoder_.needs_images(i) ? image_pages_ : text_pages_).end();
    const int64_t had = pools_[i].defined() ? pools_[i].size(0) : 0;
    if (needed <= had) continue;
    const at::Tensor larger =
        at::empty({std::max(needed, had + had / 2), kPageTokens, 2 * text.key_value_heads, text.head_size},
                  at::TensorOptions().dtype(precision.compute_type).device(precision.device));
    if (had > 0) larger.narrow(0, 0, had).copy_(pools_[i]);
    pools_[i] = larger;
  }
}

void PagedTextWriter::read(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts, const Use& use) {
  VLRM_ASSERT(prompts.size() == texts.size());
  const c10::InferenceMode no_gradients;
  const at::Device& device = backend_.precision_.device;
  for (const auto& pass : backend_.passes(prompts)) {
    const RaggedBatch batch = backend_.laid_out(prompts.subspan(pass.first, pass.count));
    NewPlaces places;
    std::vector<int64_t> ends;
    for (size_t i = 0; i < pass.count; ++i) {
      const PrefixGroup& prompt = batch.groups[i];
      VLRM_ASSERT(prompt.continuations.empty() && texts[pass.first + i] > 0);
      groups_.push_back(begun(prompt, texts[pass.first + i], places));
      add_images(groups_.back(), prompt, batch, places);
      ends.push_back(prompt.prefix.end() - 1);
    }
    make_room();
    PagedPrompts stored{{index_tensor(places.rows, device), index_tensor(places.places, device)}, {}, {}};
    if (!places.image_rows.empty())
      stored.images = {index_tensor(places.image_rows, device), index_tensor(places.image_places, device)};
    const at::Tensor states = backend_.run(batch, true, {.pages = &stored, .pools = pools_});
    use(pass.first, backend_.decoder_.logits(select_rows(states, ends)));
  }
}

Logits PagedTextWriter::begin(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts) {
  Logits result;
  read(prompts, texts, [&](size_t, const at::Tensor& logits) { add_to(result, logits); });
  return result;
}

std::vector<Drawn> PagedTextWriter::begin_and_draw(std::span<const SharedPrefixBatch> prompts,
                                                   std::span<const int64_t> texts, const SamplingOptions& sampling,
                                                   std::span<const DrawInput> draws) {
  std::vector<Drawn> result;
  read(prompts, texts, [&](size_t first, const at::Tensor& logits) {
    std::vector<int64_t> rows;  // of each text
    for (int64_t prompt = 0; prompt < logits.size(0); ++prompt)
      rows.insert(rows.end(), static_cast<size_t>(texts[first + static_cast<size_t>(prompt)]), prompt);
    const auto drawn = draw_tokens(select_rows(logits, rows), sampling, draws.subspan(result.size(), rows.size()));
    result.insert(result.end(), drawn.begin(), drawn.end());
  });
  return result;
}

// Nothing is copied: the others' pages are free.
void PagedTextWriter::keep(Group& group, const std::vector<int64_t>& texts) {
  std::vector<std::vector<int32_t>> kept;
  for (const int64_t text : texts) kept.push_back(std::exchange(group.texts[static_cast<size_t>(text)], {}));
  for (const auto& pages : group.texts) text_pages_.give_back(pages);
  group.texts = std::move(kept);
  if (!group.texts.empty() || group.image_pages.empty()) return;
  image_pages_.give_back(group.image_pages);
  std::erase_if(images_, [&](const auto& image) { return !image_pages_.in_use(image.second.front()); });
}

PagedStep PagedTextWriter::next_step() {
  const at::Device& device = backend_.precision_.device;
  Table texts, images;
  std::vector<int64_t> places, seeing;
  for (Group& group : groups_)
    for (auto& pages : group.texts) {
      const int64_t offset = group.length % kPageTokens;
      if (offset == 0) pages.push_back(text_pages_.take());
      if (group.image_rows > 0) {
        seeing.push_back(static_cast<int64_t>(places.size()));
        images.add(group.image_pages, group.image_rows);
      }
      places.push_back(pages.back() * kPageTokens + offset);
      texts.add(pages, group.length + 1);
    }
  PagedStep step;
  step.places = index_tensor(places, device);
  std::tie(step.texts, step.pages) = texts.on(device);
  if (!seeing.empty()) std::tie(step.images, step.image_pages) = images.on(device);
  if (!seeing.empty() && seeing.size() < places.size()) step.seeing = index_tensor(seeing, device);
  return step;
}

at::Tensor PagedTextWriter::next_logits(std::span<const Next> groups) {
  VLRM_ASSERT(groups.size() == groups_.size());
  const c10::InferenceMode no_gradients;
  std::vector<int32_t> tokens;
  std::vector<TextEnd> ends;
  for (size_t i = 0; i < groups.size(); ++i) {
    VLRM_ASSERT(groups[i].texts.size() == groups[i].tokens.size());
    keep(groups_[i], groups[i].texts);
    tokens.insert(tokens.end(), groups[i].tokens.begin(), groups[i].tokens.end());
    ends.insert(ends.end(), groups[i].tokens.size(), {groups_[i].length + 1, groups_[i].position});
  }
  std::erase_if(groups_, [](const Group& group) { return group.texts.empty(); });
  if (groups_.empty()) return {};
  PagedStep step = next_step();
  make_room();
  backend_.parts_.expect(backend_.decoder_.order(step.image_pages.defined(), true));
  const at::Tensor states = backend_.decoder_.step(tokens, ends, step, pools_);
  backend_.work_.tokens += static_cast<int64_t>(tokens.size());
  for (Group& group : groups_) ++group.length, ++group.position;
  return backend_.decoder_.logits(states);
}

Logits PagedTextWriter::step(std::span<const Next> groups) {
  Logits result;
  if (const at::Tensor logits = next_logits(groups); logits.defined()) add_to(result, logits);
  return result;
}

std::vector<Drawn> PagedTextWriter::step_and_draw(std::span<const Next> groups, const SamplingOptions& sampling,
                                                  std::span<const DrawInput> draws) {
  const at::Tensor logits = next_logits(groups);
  if (!logits.defined()) return {};
  return draw_tokens(logits, sampling, draws);
}

int64_t PagedTextWriter::group_bytes(const SharedPrefixBatch& prompt, int64_t texts, int64_t tokens) const {
  const TextConfig& text = backend_.config_.text;
  const auto cross = static_cast<int64_t>(text.cross_attention_layers.size());
  const auto length = static_cast<int64_t>(prompt.prefix.size()), size = kPageTokens;
  const int64_t page = size * 2 * text.key_value_heads * text.head_size *
                       static_cast<int64_t>(at::elementSize(backend_.precision_.compute_type));
  int64_t pages = (text.layers - cross) * (length / size + texts * pages_of(length % size + tokens));
  int64_t image_rows = 0;
  if (cross > 0)
    for (const auto& image : prompt.images) image_rows += backend_.encoder_->existing_rows(*image);
  pages += cross * pages_of(image_rows);
  return (pages + pages / 2) * page;  // pools grow by half
}

}  // namespace vlrm

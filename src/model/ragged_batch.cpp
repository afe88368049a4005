#include "model/ragged_batch.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"

namespace vlrm {
namespace {

constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

// The rows of a text that see one image: from its token to the next image's token; images side by side are one block
// that is seen to the block's end.
struct Reach {
  int64_t first, end;
};

std::vector<Reach> reaches(const std::vector<int64_t>& image_positions) {
  std::vector<Reach> result(image_positions.size());
  for (size_t i = image_positions.size(); i-- > 0;) {
    const bool last = i + 1 == image_positions.size();
    int64_t end = last ? kToTheEnd : image_positions[i + 1];
    if (end == image_positions[i] + 1) end = result[i + 1].end;
    result[i] = {image_positions[i], end};
  }
  return result;
}

std::vector<Sight> sights_of(const PrefixGroup& group, const std::vector<int64_t>& image_positions, Cutting cutting) {
  const std::vector<Reach> reach = reaches(image_positions);
  std::set<int64_t> borders{0, group.rows.length};
  if (cutting == Cutting::each_text)
    for (const Segment& text : group.continuations) borders.insert(text.first - group.rows.first);
  for (const Reach& r : reach) borders.insert({r.first, std::min(r.end, group.rows.length)});
  std::vector<Sight> sights;
  for (auto border = borders.begin(); std::next(border) != borders.end(); ++border) {
    Sight sight{{group.rows.first + *border, *std::next(border) - *border}, false, {}};
    for (size_t i = 0; i < reach.size(); ++i)
      if (reach[i].first <= *border && *border < reach[i].end) sight.images.push_back(group.images[i]);
    sight.everything = sight.images.empty();
    if (sight.everything) sight.images = group.images;
    sights.push_back(std::move(sight));
  }
  return sights;
}

int64_t index_of(std::vector<const ProcessedImage*>& images, const ProcessedImage* image) {
  const auto known = std::ranges::find_if(images, [&](const ProcessedImage* other) {
    return other == image || (!image->digest.empty() && other->digest == image->digest);
  });
  if (known != images.end()) return known - images.begin();
  images.push_back(image);
  return static_cast<int64_t>(images.size()) - 1;
}

// The tokens, the first one at this position.
Segment append(RaggedBatch& batch, const std::vector<int32_t>& tokens, int64_t position) {
  const Segment segment{static_cast<int64_t>(batch.tokens.size()), static_cast<int64_t>(tokens.size())};
  batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
  for (int64_t i = 0; i < segment.length; ++i) batch.positions.push_back(Position::in_text(position + i));
  return segment;
}

// Gives the image tokens that begin at `image_rows` their places in a grid, which the text goes on behind, and returns
// the position of what follows the rows.
int64_t place_in_grids(std::span<Position> rows, std::span<const int64_t> image_rows,
                       const std::vector<std::shared_ptr<const ProcessedImage>>& images) {
  int64_t next = 0;
  size_t row = 0;
  const auto text_until = [&](size_t end) {
    for (; row < end; ++row) rows[row] = Position::in_text(next++);
  };
  for (size_t i = 0; i < image_rows.size(); ++i) {
    const ProcessedImage& image = *images[i];
    if (image.columns == 0) continue;
    text_until(static_cast<size_t>(image_rows[i]));
    for (int64_t token = 0; token < image.tokens; ++token)
      rows[row++] = {next, next + token / image.columns, next + token % image.columns};
    next += std::max(image.columns, image.tokens / image.columns);
  }
  text_until(rows.size());
  return next;
}

std::vector<int64_t> positions_of(int32_t token, const std::vector<int32_t>& tokens) {
  std::vector<int64_t> positions;
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] == token) positions.push_back(static_cast<int64_t>(i));
  return positions;
}

// Where each image begins among the positions of its placeholder tokens.
std::vector<int64_t> first_positions(const std::vector<int64_t>& placeholders,
                                     const std::vector<std::shared_ptr<const ProcessedImage>>& images) {
  std::vector<int64_t> result;
  size_t next = 0;
  for (const auto& image : images) {
    const auto tokens = static_cast<size_t>(image->tokens);
    if (next < placeholders.size()) result.push_back(placeholders[next]);
    if (next + tokens <= placeholders.size() &&
        placeholders[next + tokens - 1] - placeholders[next] + 1 != image->tokens)
      fail("the {} tokens of an image do not stand together in a text", tokens);
    next += tokens;
  }
  if (next != placeholders.size())
    fail("a text shows {} image tokens, but its {} images take {}", placeholders.size(), images.size(), next);
  return result;
}

std::vector<Cut> cuts_of(const std::vector<PrefixGroup>& groups, Cutting cutting) {
  if (groups.empty()) return {};
  if (cutting == Cutting::together) return {{{0, groups.back().rows.end()}, 0, groups.size(), {}}};
  std::vector<Cut> cuts;
  for (const PrefixGroup& group : groups) {
    cuts.push_back({group.rows, cuts.size(), 1, {group.prefix.length}});
    for (const Segment& text : group.continuations) cuts.back().calls.push_back(text.length);
  }
  return cuts;
}

}  // namespace

Rows rows_of(const Cut& cut) {
  return cut.calls.empty() ? Rows::together() : Rows::pieces(cut.calls);
}

int64_t PrefixGroup::longest() const {
  int64_t most = 0;
  for (const Segment& continuation : continuations) most = std::max(most, continuation.length);
  return prefix.length + most;
}

int64_t PrefixGroup::row(size_t continuation, int64_t position) const {
  VLRM_ASSERT(position >= 0 && position < length(continuation));
  if (position < prefix.length) return prefix.first + position;
  return continuations[continuation].first + position - prefix.length;
}

RaggedBatch lay_out(std::span<const SharedPrefixBatch> batches, int32_t image_token, Cutting cutting) {
  RaggedBatch result;
  for (const SharedPrefixBatch& batch : batches) {
    if (batch.prefix.empty()) fail("a text has no tokens before its continuations: there is nothing to score");
    // Without images their tokens are tokens like any other, as in the reference.
    const bool shows_images = image_token >= 0 && !batch.images.empty();
    std::vector<int64_t> image_positions;
    if (shows_images) image_positions = positions_of(image_token, batch.prefix);
    image_positions = first_positions(image_positions, batch.images);
    PrefixGroup group;
    group.prefix = append(result, batch.prefix, 0);
    group.next_position = place_in_grids(std::span(result.positions).subspan(static_cast<size_t>(group.prefix.first)),
                                         image_positions, batch.images);
    for (const auto& continuation : batch.continuations) {
      if (shows_images && std::find(continuation.begin(), continuation.end(), image_token) != continuation.end())
        fail("a response contains the image token: images belong to the prompt");
      group.continuations.push_back(append(result, continuation, group.next_position));
    }
    group.rows = {group.prefix.first, static_cast<int64_t>(result.tokens.size()) - group.prefix.first};
    for (const auto& image : batch.images) group.images.push_back(index_of(result.images, image.get()));
    for (const int64_t position : image_positions) group.image_rows.push_back(group.prefix.first + position);
    if (!group.images.empty()) group.sights = sights_of(group, image_positions, cutting);
    result.groups.push_back(std::move(group));
  }
  result.cuts = cuts_of(result.groups, cutting);
  return result;
}

}  // namespace vlrm

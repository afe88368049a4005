// How texts that share beginnings lie flat, and which image tiles each of their tokens sees.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/backend.h"
#include "model/position.h"
#include "model/rows.h"

namespace vlrm {

// Consecutive rows of the flat batch.
struct Segment {
  int64_t first = 0, length = 0;
  int64_t end() const { return first + length; }
};

// Consecutive rows that see the same images: the existing tiles of `images` (indices into RaggedBatch::images). Rows
// before the first image see nothing; the reference lets those attend to every tile of every image, missing ones
// included, and skips their feed-forward part. For them `everything` is set.
struct Sight {
  Segment rows;
  bool everything = false;
  std::vector<int64_t> images;
};

// One SharedPrefixBatch: its prefix and then its continuations, back to back.
struct PrefixGroup {
  Segment rows, prefix;
  std::vector<Segment> continuations;
  std::vector<int64_t> images;      // indices into RaggedBatch::images, in the order of the image tokens
  std::vector<int64_t> image_rows;  // where the tokens of each of them begin, ProcessedImage::tokens in a row
  int64_t next_position = 0;        // of a token that follows the prefix
  std::vector<Sight> sights;        // of all rows, in order; empty without images. With Cutting::each_text none has
                                    // rows of two texts

  // Tokens of text `continuation`, the prefix included.
  int64_t length(size_t continuation) const { return prefix.length + continuations[continuation].length; }
  int64_t longest() const;  // the length of the longest text; without texts, the length of the prefix
  // The row of token `position` of text `continuation`.
  int64_t row(size_t continuation, int64_t position) const;
};

// Consecutive groups that a layer works on at a time.
struct Cut {
  Segment rows;
  size_t first = 0, count = 0;  // groups
  std::vector<int64_t> calls;   // rows of each call of a product; empty: all in one
};
Rows rows_of(const Cut& cut);

// each_text: a group at a time, its prefix and each of its continuations in calls of their own: on a CPU no digit of a
// text depends on the others. together: all groups, which keeps a GPU busy.
enum class Cutting { each_text, together };

struct RaggedBatch {
  std::vector<int32_t> tokens;
  std::vector<Position> positions;  // of each token in its text
  std::vector<PrefixGroup> groups;
  std::vector<const ProcessedImage*> images;  // each one once, however many groups show it
  std::vector<Cut> cuts;

  std::span<const PrefixGroup> groups_of(const Cut& cut) const {
    return std::span(groups).subspan(cut.first, cut.count);
  }
};

// Throws Error if the prefix is empty. With images, throws Error unless each has its image tokens, in one piece and
// within the prefix. `image_token` is negative for a model without images.
RaggedBatch lay_out(std::span<const SharedPrefixBatch> batches, int32_t image_token,
                    Cutting cutting = Cutting::each_text);

}  // namespace vlrm

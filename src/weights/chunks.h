// The pieces of a tensor that are worked on at a time.
#pragma once

#include <algorithm>
#include <cstdint>

namespace vlrm {

// 256 KiB as float32: a few of them fit a core's L2 cache, and a file is read and written in pieces of 128 KiB and
// more.
constexpr int64_t kChunkElements = 64 * 1024;

// What a merge reads of each input at once: with its float32 form it stays in the second-level cache. Files are
// fingerprinted by such pieces, so that a merge's own reads serve for that.
constexpr int64_t kPieceElements = 16 * 1024;

constexpr int64_t chunk_count(int64_t elements) {
  return (elements + kChunkElements - 1) / kChunkElements;
}

// Calls body(start, size) for the pieces of [first, first + count), in order.
template <class Body>
void for_each_piece(int64_t first, int64_t count, Body&& body) {
  for (int64_t done = 0; done < count; done += kPieceElements)
    body(first + done, std::min(kPieceElements, count - done));
}

}  // namespace vlrm

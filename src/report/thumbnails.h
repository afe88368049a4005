// Small pictures for a page, each distinct one once, within a number of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "vision/image.h"

namespace vlrm {

class Thumbnails {
 public:
  // `side`: pixels of the longest side, above 0; smaller pictures stay as they are. `budget`: bytes of all of them in
  // base64. Where more come, all are made smaller and coarser, and at last some are left out.
  // `allow_outside`: also pictures that a dataset names outside of its folder, which are unreadable else: a page is
  // there to be passed on.
  Thumbnails(int64_t side, int64_t budget, bool allow_outside = false);

  // Gives each picture's number in files(), the same for the same bytes; nothing for what cannot be read.
  std::vector<std::optional<size_t>> add(std::span<const EncodedImage> images, const DecodeOptions& options);

  void fit(int64_t budget);       // lowers the budget
  void keep_first(size_t count);  // forgets what was added later

  const std::vector<std::string>& files() const { return files_; }  // JPEG; empty where there was no room
  int64_t bytes() const { return bytes_; }                          // of all, in base64
  int64_t left_out() const;                                         // how many have no room
  int64_t unreadable() const { return unreadable_; }
  const std::string& first_error() const { return first_error_; }  // of what is unreadable

 private:
  std::string picture_of(const Image& image) const;
  void count_bytes();
  void shrink();
  const int64_t side_;
  const bool allow_outside_;
  int64_t budget_, bytes_ = 0, unreadable_ = 0;
  size_t step_ = 0;  // how far the shrinking has come
  std::vector<std::string> files_;
  std::unordered_map<std::string, size_t> numbers_;  // by the digest of the picture's own bytes
  std::string first_error_;
};

// In an HTML page: RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace vlrm

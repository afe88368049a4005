// What should be known of the texts that a model read, beside what it made of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace vlrm {

struct TextNotes {
  int64_t special_tokens = 0;  // in prompts and responses, read as tokens
  int64_t escaped_tokens = 0;  // in prompts and responses, read as text
  int64_t placeholders = 0;    // of images, in prompts and responses, read as text
  int64_t long_texts = 0;      // texts with more tokens than the model has positions
  int64_t cut_texts = 0;       // texts cut to --max-length
  int64_t outgrown_texts = 0;  // texts that pass the positions with what the model wrote, though their prompt does not

  int64_t equal_pairs = 0;  // pairs of which both responses are the same text

  void add(const TextNotes& other);
  bool empty() const { return *this == TextNotes(); }
  bool operator==(const TextNotes&) const = default;

  // What json() gave. Throws Error naming `source` where a count is not a whole number from 0 on.
  static TextNotes from_json(const OrderedJson& json, const std::string& source);
  // What is not 0: {"special_tokens": 2}, for a line of results.
  OrderedJson json() const;
  // One line for each that is not 0 and that a person should look at.
  std::vector<std::string> warnings() const;
  // The name of each of these lines' kind, as in json().
  std::vector<std::string> kinds() const;
};

}  // namespace vlrm

// What a label, a column of a trainer's data set, says beside the answer that the trainer compares with.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace vlrm {

struct RewardLabel {
  OrderedJson prompt;               // a text, or messages; null: none
  std::vector<std::string> images;  // paths, or URLs
};

// {"images": […], "prompt": …} or "image": one; as an object, or as its JSON in a string. Another label is the user's
// own and says nothing. Throws HttpError 400 naming `field` for what is nearly such an object: fields that are
// misspelt or malformed, a key that is there twice, and a text that names these fields and is not JSON.
RewardLabel label_of(const OrderedJson& value, const std::string& field);

}  // namespace vlrm

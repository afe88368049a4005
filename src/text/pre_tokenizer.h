// Pre-tokenizers: how text falls into the words within which byte pairs merge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/metaspace.h"
#include "text/regular_expression.h"

namespace vlrm {

// Text in pieces: byte ranges of `text`, in order, none of them empty.
struct Pieces {
  std::string text;
  std::vector<Match> ranges;
};

// How what lies between and at the matches becomes pieces (the `behavior` of a Split).
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

class PreTokenizer {
 public:
  // The "pre_tokenizer" of a tokenizer.json; null leaves text in one piece. Throws Error naming `source`.
  PreTokenizer(const Json& description, const std::string& source);

  // Whether the pieces end as bytes written in the byte-level alphabet. split() leaves that last step out, so that the
  // pieces are plain bytes then.
  bool ends_in_bytes() const { return ends_in_bytes_; }

  // Whether it makes a difference that a text is at the start.
  bool minds_start() const;

  // `text`: well-formed UTF-8, which a Metaspace may treat differently `at_start` of what is encoded. Throws Error
  // where a regular expression goes over its budget, or all steps over theirs. Thread-safe.
  Pieces split(std::string_view text, bool at_start) const;

 private:
  struct Step {
    enum class Kind { split, prefix_space, metaspace, byte_characters } kind;
    std::optional<RegularExpression> pattern = {};
    SplitBehavior behavior = SplitBehavior::isolated;
    bool invert = false;
    std::optional<Metaspace> metaspace = {};
  };
  void add(const Json& description, const std::string& source);
  void add_split(RegularExpression pattern, SplitBehavior behavior, bool invert);
  void add_byte_level(const Json& description, const std::string& source);
  void add_metaspace(const Json& description, const std::string& source);
  static void apply(const Step& step, Pieces& pieces, bool at_start);

  std::vector<Step> steps_;
  bool ends_in_bytes_ = false;
  std::string source_;
};

}  // namespace vlrm

#include "text/pre_tokenizer.h"

#include <algorithm>

#include "base/error.h"
#include "base/replaced.h"
#include "text/byte_level.h"
#include "text/text_effort.h"

namespace vlrm {
namespace {

// The words of GPT-2: what ByteLevel splits by.
constexpr std::string_view kGpt2Words = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// Whitespace has the \w of Unicode's technical standard 18, not Oniguruma's.
constexpr std::string_view kUnicodeWord = R"(\p{Alphabetic}\p{L}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d})";

SplitBehavior behavior_of(const Json& description, const std::string& source) {
  const auto name = required_field<std::string>(description, "behavior", source);
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  fail("{}: the behavior \"{}\" is unknown", source, printable(name));
}

struct Part {
  Match range;
  bool is_match;
};

// The whole of a piece as matches and what lies between them. Reuses both vectors.
void find_parts(const RegularExpression& pattern, bool invert, std::string_view piece, std::vector<Match>& matches,
                std::vector<Part>& parts) {
  parts.clear();
  pattern.find_all(piece, matches);
  size_t end = 0;
  for (const Match& match : matches) {
    if (match.begin > end) parts.push_back({{end, match.begin}, invert});
    parts.push_back({match, !invert});
    end = match.end;
  }
  if (end < piece.size()) parts.push_back({{end, piece.size()}, invert});
}

// Joins each match to the part before it, unless that is a match too. The same from the end joins to the next.
void merge_with_neighbour(std::vector<Part>& parts, bool next) {
  if (next) std::reverse(parts.begin(), parts.end());
  size_t count = 0;
  bool previous_is_match = false;
  for (const Part part : parts) {
    if (part.is_match && !previous_is_match && count > 0) {
      Match& joined = parts[count - 1].range;
      (next ? joined.begin : joined.end) = next ? part.range.begin : part.range.end;
    } else {
      parts[count++] = part;
    }
    previous_is_match = part.is_match;
  }
  parts.resize(count);
  if (next) std::reverse(parts.begin(), parts.end());
}

void merge_alike(std::vector<Part>& parts) {
  size_t count = 0;
  bool previous_is_match = false;
  for (const Part part : parts) {
    if (count > 0 && part.is_match == previous_is_match) {
      parts[count - 1].range.end = part.range.end;
    } else {
      parts[count++] = part;
    }
    previous_is_match = part.is_match;
  }
  parts.resize(count);
}

void arrange(std::vector<Part>& parts, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::isolated:
      return;
    case SplitBehavior::removed:
      std::erase_if(parts, [](const Part& part) { return part.is_match; });
      return;
    case SplitBehavior::merged_with_previous:
      return merge_with_neighbour(parts, false);
    case SplitBehavior::merged_with_next:
      return merge_with_neighbour(parts, true);
    case SplitBehavior::contiguous:
      return merge_alike(parts);
  }
}

// Rewrites every piece; `text_of` gets it and where it began.
template <class Rewrite>
void rewrite(Pieces& pieces, Rewrite&& text_of) {
  std::string text;
  for (Match& range : pieces.ranges) {
    const size_t begin = text.size();
    text += text_of(std::string_view(pieces.text).substr(range.begin, range.end - range.begin), range.begin);
    range = {begin, text.size()};
  }
  pieces.text = std::move(text);
}

std::string marked(const Metaspace& metaspace, std::string_view piece, bool at_start) {
  std::string text = replaced(piece, " ", metaspace.mark);
  const bool prepends =
      metaspace.prepend == Metaspace::Prepend::always || (metaspace.prepend == Metaspace::Prepend::first && at_start);
  return prepends && !text.starts_with(metaspace.mark) ? metaspace.mark + text : text;
}

}  // namespace

PreTokenizer::PreTokenizer(const Json& description, const std::string& source) : source_(source) {
  if (!description.is_null()) add(description, source);
  check_step_count(steps_.size(), "pre-tokenizer", source);
  ends_in_bytes_ = !steps_.empty() && steps_.back().kind == Step::Kind::byte_characters;
  if (ends_in_bytes_) steps_.pop_back();
}

void PreTokenizer::add_split(RegularExpression pattern, SplitBehavior behavior, bool invert) {
  steps_.push_back({Step::Kind::split, std::move(pattern), behavior, invert, {}});
}

void PreTokenizer::add_byte_level(const Json& description, const std::string& source) {
  if (required_field<bool>(description, "add_prefix_space", source))
    steps_.push_back({.kind = Step::Kind::prefix_space});
  if (optional_field<bool>(description, "use_regex", true, source))
    add_split(RegularExpression(kGpt2Words, source), SplitBehavior::isolated, false);
  steps_.push_back({.kind = Step::Kind::byte_characters});
}

void PreTokenizer::add_metaspace(const Json& description, const std::string& source) {
  const Metaspace metaspace(description, source);
  steps_.push_back({.kind = Step::Kind::metaspace, .metaspace = metaspace});
  if (metaspace.splits)
    add_split(RegularExpression::literal(metaspace.mark, source), SplitBehavior::merged_with_next, false);
}

void PreTokenizer::add(const Json& description, const std::string& source) {
  const auto type = required_field<std::string>(description, "type", source);
  if (type == "Sequence") {
    for (const Json& part : required_field<std::vector<Json>>(description, "pretokenizers", source)) add(part, source);
  } else if (type == "Split") {
    add_split(RegularExpression::from_json(description, source), behavior_of(description, source),
              optional_field<bool>(description, "invert", false, source));
  } else if (type == "ByteLevel") {
    add_byte_level(description, source);
  } else if (type == "Metaspace") {
    add_metaspace(description, source);
  } else if (type == "Digits") {
    const bool each = optional_field<bool>(description, "individual_digits", false, source);
    add_split(RegularExpression("\\p{N}", source), each ? SplitBehavior::isolated : SplitBehavior::contiguous, false);
  } else if (type == "Punctuation") {
    const auto behavior = description.contains("behavior") ? behavior_of(description, source) : SplitBehavior::isolated;
    add_split(RegularExpression(R"([\p{P}$+<=>^`|~])", source), behavior, false);
  } else if (type == "Whitespace") {
    add_split(RegularExpression(fmt::format(R"([{0}]+|[^\s{0}]+)", kUnicodeWord), source), SplitBehavior::removed,
              true);
  } else if (type == "WhitespaceSplit") {
    add_split(RegularExpression("\\s", source), SplitBehavior::removed, false);
  } else {
    fail("{}: the pre-tokenizer \"{}\" is not supported", source, printable(type));
  }
}

void PreTokenizer::apply(const Step& step, Pieces& pieces, bool at_start) {
  if (step.kind == Step::Kind::prefix_space) {
    rewrite(pieces, [](std::string_view piece, size_t) {
      return fmt::format("{}{}", piece.starts_with(' ') ? "" : " ", piece);
    });
    return;
  }
  if (step.kind == Step::Kind::metaspace) {
    rewrite(pieces, [&](std::string_view piece, size_t begin) {
      return marked(*step.metaspace, piece, at_start && begin == 0);
    });
    return;
  }
  if (step.kind == Step::Kind::byte_characters) {
    rewrite(pieces, [](std::string_view piece, size_t) { return byte_level::to_characters(piece); });
    return;
  }
  std::vector<Match> matches, ranges;
  std::vector<Part> parts;
  for (const Match& range : pieces.ranges) {
    const auto piece = std::string_view(pieces.text).substr(range.begin, range.end - range.begin);
    find_parts(*step.pattern, step.invert, piece, matches, parts);
    arrange(parts, step.behavior);
    for (const Part& part : parts)
      if (part.range.begin < part.range.end)
        ranges.push_back({range.begin + part.range.begin, range.begin + part.range.end});
  }
  pieces.ranges = std::move(ranges);
}

bool PreTokenizer::minds_start() const {
  return std::ranges::any_of(
      steps_, [](const Step& step) { return step.metaspace && step.metaspace->prepend == Metaspace::Prepend::first; });
}

Pieces PreTokenizer::split(std::string_view text, bool at_start) const {
  Pieces pieces{std::string(text), {}};
  if (!text.empty()) pieces.ranges.push_back({0, text.size()});
  TextEffort effort(text.size(), source_);
  for (const Step& step : steps_) {
    effort.spend(pieces.text.size(), pieces.ranges.size());
    apply(step, pieces, at_start);
    effort.check_length(pieces.text.size());
  }
  return pieces;
}

}  // namespace vlrm

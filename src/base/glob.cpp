#include "base/glob.h"

#include <vector>

namespace vlrm {
namespace {

// Whether `pattern` matches the whole of `items`, where is_any(p) marks what stands for any run of items and
// matches_one(p, i) compares one with one. Only the last such mark is gone back to, so the time is at most their
// product.
template <class Pattern, class Items, class IsAny, class MatchesOne>
bool matches(const Pattern& pattern, const Items& items, IsAny is_any, MatchesOne matches_one) {
  size_t p = 0, i = 0, mark = pattern.size(), resume = 0;
  while (i < items.size()) {
    if (p < pattern.size() && is_any(pattern[p])) {
      mark = p++;
      resume = i;
    } else if (p < pattern.size() && matches_one(pattern[p], items[i])) {
      ++p, ++i;
    } else if (mark < pattern.size()) {
      p = mark + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && is_any(pattern[p])) ++p;
  return p == pattern.size();
}

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.push_back(part);
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

bool segment_matches(std::string_view pattern, std::string_view name) {
  return matches(
      pattern, name, [](char p) { return p == '*'; }, [](char p, char c) { return p == '?' || p == c; });
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  return matches(
      segments(pattern), segments(path), [](std::string_view p) { return p == "**"; }, segment_matches);
}

}  // namespace vlrm

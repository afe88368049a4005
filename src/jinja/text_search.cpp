#include "jinja/text_search.h"

#include <algorithm>

#include "base/find_text.h"
#include "base/utf8.h"
#include "jinja/rendering.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

// text[start:end] of methods that take a part of the text.
struct Part {
  std::string_view bytes;
  size_t begin;   // code points before it
  bool possible;  // the bounds are in order
};

Part part_of(const Text& text, const Parameters& parameters) {
  const auto length = static_cast<int64_t>(text.length);
  const auto bound = [&](size_t i, int64_t fallback) {
    int64_t value = parameters.has_value(i) ? parameters.integer(i, fallback) : fallback;
    if (value < 0) value = std::max<int64_t>(value + length, 0);
    return value;
  };
  const int64_t begin = bound(1, 0), end = std::min(bound(2, length), length);
  if (begin > end) return {{}, 0, false};
  const size_t from = text.byte_offset(static_cast<size_t>(begin)), to = text.byte_offset(static_cast<size_t>(end));
  return {std::string_view(text.bytes).substr(from, to - from), static_cast<size_t>(begin), true};
}

enum class Side { left, right };

int64_t find_from(Rendering& rendering, const Value& self, const Arguments& arguments, Side side, const char* name) {
  const Parameters parameters(name, arguments, {"/sub", "/start", "/end"}, 1);
  const std::string& wanted = parameters.text(0).bytes;
  const Part part = part_of(self.as_text(), parameters);
  if (!part.possible) return -1;
  const size_t found =
      side == Side::left ? find_text(part.bytes, wanted) : find_last(rendering.workspace, part.bytes, wanted);
  if (found == part.bytes.npos) return -1;
  return static_cast<int64_t>(part.begin + utf8::count(part.bytes.substr(0, found)));
}

Value index_or_raise(int64_t index) {
  if (index < 0) raise("substring not found");
  return Value::integer(index);
}

// The prefix or suffix may be a tuple of several.
template <class Matches>
Value matches_any(Workspace& workspace, const Value& self, const Arguments& arguments, const char* name,
                  Matches matches) {
  const Parameters parameters(name, arguments, {"/prefix", "/start", "/end"}, 1);
  const Part part = part_of(self.as_text(), parameters);
  const Value wanted = parameters.value(0);
  const auto check = [&](const Value& one) {
    if (!one.is_text()) raise("{} first arg must be str or a tuple of str, not {}", name, type_name(one));
    workspace.look_at(one.as_text());
    return part.possible && matches(part.bytes, one.bytes());
  };
  if (!wanted.is(Value::Kind::tuple)) return Value::boolean(check(wanted));
  return Value::boolean(std::any_of(wanted.as_items().begin(), wanted.as_items().end(), check));
}

// Adds a part to those of a text. What becomes of it later is a text of its own.
void add_part(Workspace& workspace, std::vector<std::string_view>& parts, std::string_view part) {
  workspace.step();
  workspace.expect((parts.size() + 1) * (sizeof(std::string_view) + sizeof(Text)));
  parts.push_back(part);
}

std::vector<std::string_view> split_at_space(Workspace& workspace, std::string_view text, int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = python::trimmed(text, true, false); !text.empty(); text = python::trimmed(text, true, false)) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      add_part(workspace, parts, text);  // with the white space at its end, as Python leaves it
      break;
    }
    size_t end = 0;
    while (end < text.size() && !python::is_space(utf8::first(text.substr(end)).value))
      end += utf8::first(text.substr(end)).length;
    add_part(workspace, parts, text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

std::vector<std::string_view> split_at_space_from_right(Workspace& workspace, std::string_view text, int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = python::trimmed(text, false, true); !text.empty(); text = python::trimmed(text, false, true)) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      add_part(workspace, parts, text);
      break;
    }
    size_t begin = text.size();
    while (begin > 0 && !python::is_space(utf8::last(text.substr(0, begin)).value))
      begin -= utf8::last(text.substr(0, begin)).length;
    add_part(workspace, parts, text.substr(begin));
    text = text.substr(0, begin);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> split_at(Workspace& workspace, std::string_view text, std::string_view separator,
                                       int64_t limit) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t found = find_text(text, separator, begin);
    if (found == text.npos) break;
    add_part(workspace, parts, text.substr(begin, found - begin));
    begin = found + separator.size();
  }
  add_part(workspace, parts, text.substr(begin));
  return parts;
}

// The bytes from the last to the first, for searches from the right.
std::string backwards(Workspace& workspace, std::string_view text) {
  workspace.step(1 + text.size() / 64);
  workspace.expect(text.size());
  return {text.rbegin(), text.rend()};
}

}  // namespace

std::string replaced(Workspace& workspace, const std::string& text, const std::string& old, const std::string& by,
                     int64_t limit) {
  if (limit < 0) limit = INT64_MAX;
  workspace.step(1 + text.size() / 64 + old.size() / 64);
  std::string out;
  size_t at = 0;
  for (; limit > 0; --limit) {
    size_t found = old.empty() ? at : find_text(text, old, at);
    if (found == text.npos) break;
    out.append(text, at, found - at);
    out += by;
    workspace.step();
    workspace.expect(out.size());
    at = found + old.size();
    if (!old.empty()) continue;
    if (at == text.size()) return out;
    const size_t length = utf8::first(std::string_view(text).substr(at)).length;  // "" stands before each character
    out.append(text, at, length);
    at += length;
  }
  return out + text.substr(at);
}

size_t find_last(Workspace& workspace, std::string_view text, std::string_view part) {
  const size_t found = find_text(backwards(workspace, text), backwards(workspace, part));
  return found == text.npos ? found : text.size() - found - part.size();
}

int64_t count_of(Workspace& workspace, std::string_view text, std::string_view part) {
  if (part.empty()) return static_cast<int64_t>(utf8::count(text)) + 1;
  int64_t count = 0;
  for (size_t at = find_text(text, part); at != text.npos; at = find_text(text, part, at + part.size())) {
    workspace.step();
    ++count;
  }
  return count;
}

std::string stripped(Workspace& workspace, const Text& text, const Text* characters, bool left, bool right) {
  workspace.look_at_characters(text.bytes);
  if (!characters) return std::string(python::trimmed(text.bytes, left, right));
  std::vector<char32_t> set = code_points_of(workspace, characters->bytes);
  std::sort(set.begin(), set.end());
  set.erase(std::unique(set.begin(), set.end()), set.end());
  const auto in_set = [&](char32_t c) { return std::binary_search(set.begin(), set.end(), c); };
  std::string_view rest = text.bytes;
  while (left && !rest.empty() && in_set(utf8::first(rest).value)) rest.remove_prefix(utf8::first(rest).length);
  while (right && !rest.empty() && in_set(utf8::last(rest).value)) rest.remove_suffix(utf8::last(rest).length);
  return std::string(rest);
}

std::vector<std::string_view> split_lines(Workspace& workspace, std::string_view text, bool keep_ends) {
  workspace.look_at_characters(text);
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const utf8::CodePoint point = utf8::first(text.substr(at));
    size_t end = at + point.length;
    if (python::is_line_break(point.value)) {
      if (point.value == '\r' && end < text.size() && text[end] == '\n') ++end;
      add_part(workspace, lines, text.substr(begin, (keep_ends ? end : at) - begin));
      begin = end;
    }
    at = end;
  }
  if (begin < text.size()) add_part(workspace, lines, text.substr(begin));
  return lines;
}

std::vector<std::string_view> split(Workspace& workspace, const Text& text, const Text* separator, int64_t limit) {
  if (!separator) {
    workspace.look_at_characters(text.bytes);
    return split_at_space(workspace, text.bytes, limit);
  }
  if (separator->bytes.empty()) raise("empty separator");
  return split_at(workspace, text.bytes, separator->bytes, limit);
}

std::vector<std::string_view> split_from_right(Workspace& workspace, const Text& text, const Text* separator,
                                               int64_t limit) {
  if (!separator) {
    workspace.look_at_characters(text.bytes);
    return split_at_space_from_right(workspace, text.bytes, limit);
  }
  if (separator->bytes.empty()) raise("empty separator");
  const std::string mirrored = backwards(workspace, text.bytes);
  std::vector<std::string_view> parts = split_at(workspace, mirrored, backwards(workspace, separator->bytes), limit);
  for (std::string_view& part : parts) {
    const auto from_end = static_cast<size_t>(part.data() - mirrored.data()) + part.size();
    part = std::string_view(text.bytes).substr(text.bytes.size() - from_end, part.size());
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Value texts(Workspace& workspace, const std::vector<std::string_view>& parts) {
  std::vector<Value> values;
  values.reserve(parts.size());
  for (const std::string_view part : parts) values.push_back(workspace.text(std::string(part)));
  return workspace.list(std::move(values));
}

Value text_find(Rendering& rendering, const Value& self, const Arguments& arguments) {
  return Value::integer(find_from(rendering, self, arguments, Side::left, "find"));
}
Value text_rfind(Rendering& rendering, const Value& self, const Arguments& arguments) {
  return Value::integer(find_from(rendering, self, arguments, Side::right, "rfind"));
}
Value text_index(Rendering& rendering, const Value& self, const Arguments& arguments) {
  return index_or_raise(find_from(rendering, self, arguments, Side::left, "index"));
}
Value text_rindex(Rendering& rendering, const Value& self, const Arguments& arguments) {
  return index_or_raise(find_from(rendering, self, arguments, Side::right, "rindex"));
}

Value text_count(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("count", arguments, {"/sub", "/start", "/end"}, 1);
  const std::string& wanted = parameters.text(0).bytes;
  const Part part = part_of(self.as_text(), parameters);
  return Value::integer(part.possible ? count_of(rendering.workspace, part.bytes, wanted) : 0);
}

Value text_startswith(Rendering& rendering, const Value& self, const Arguments& arguments) {
  return matches_any(rendering.workspace, self, arguments, "startswith",
                     [](auto text, auto prefix) { return text.starts_with(prefix); });
}
Value text_endswith(Rendering& rendering, const Value& self, const Arguments& arguments) {
  return matches_any(rendering.workspace, self, arguments, "endswith",
                     [](auto text, auto suffix) { return text.ends_with(suffix); });
}

}  // namespace vlrm::jinja

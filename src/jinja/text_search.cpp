#include "jinja/text_search.h"

#include <algorithm>

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
  rendering.workspace.look_at(self.as_text());
  const std::string& wanted = parameters.text(0).bytes;
  const Part part = part_of(self.as_text(), parameters);
  if (!part.possible) return -1;
  const size_t found = side == Side::left ? part.bytes.find(wanted) : part.bytes.rfind(wanted);
  if (found == part.bytes.npos) return -1;
  return static_cast<int64_t>(part.begin + utf8::count(part.bytes.substr(0, found)));
}

Value index_or_raise(int64_t index) {
  if (index < 0) raise("substring not found");
  return Value::integer(index);
}

// The prefix or suffix may be a tuple of several.
template <class Matches>
Value matches_any(const Value& self, const Arguments& arguments, const char* name, Matches matches) {
  const Parameters parameters(name, arguments, {"/prefix", "/start", "/end"}, 1);
  const Part part = part_of(self.as_text(), parameters);
  const Value wanted = parameters.value(0);
  const auto check = [&](const Value& one) {
    if (!one.is_text()) raise("{} first arg must be str or a tuple of str, not {}", name, type_name(one));
    return part.possible && matches(part.bytes, one.bytes());
  };
  if (!wanted.is(Value::Kind::tuple)) return Value::boolean(check(wanted));
  return Value::boolean(std::any_of(wanted.as_items().begin(), wanted.as_items().end(), check));
}

std::vector<std::string_view> split_at_space_from_right(std::string_view text, int64_t limit) {
  std::vector<std::string_view> parts;
  for (text = python::trimmed(text, false, true); !text.empty(); text = python::trimmed(text, false, true)) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(python::trimmed(text, true, false));
      break;
    }
    size_t begin = text.size();
    while (begin > 0 && !python::is_space(utf8::last(text.substr(0, begin)).value))
      begin -= utf8::last(text.substr(0, begin)).length;
    parts.push_back(text.substr(begin));
    text = text.substr(0, begin);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace

std::string replaced(Workspace& workspace, const std::string& text, const std::string& old, const std::string& by,
                     int64_t limit) {
  if (limit < 0) limit = INT64_MAX;
  std::string out;
  size_t at = 0;
  for (; limit > 0; --limit) {
    size_t found = old.empty() ? at : text.find(old, at);
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

int64_t count_of(Workspace& workspace, std::string_view text, std::string_view part) {
  workspace.step(1 + text.size() / 64);
  if (part.empty()) return static_cast<int64_t>(utf8::count(text)) + 1;
  int64_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

std::string stripped(const Text& text, const Text* characters, bool left, bool right) {
  if (!characters) return std::string(python::trimmed(text.bytes, left, right));
  const std::vector<char32_t> set = python::code_points(characters->bytes);
  const auto in_set = [&](char32_t c) { return std::find(set.begin(), set.end(), c) != set.end(); };
  std::string_view rest = text.bytes;
  while (left && !rest.empty() && in_set(utf8::first(rest).value)) rest.remove_prefix(utf8::first(rest).length);
  while (right && !rest.empty() && in_set(utf8::last(rest).value)) rest.remove_suffix(utf8::last(rest).length);
  return std::string(rest);
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const utf8::CodePoint point = utf8::first(text.substr(at));
    size_t end = at + point.length;
    if (python::is_line_break(point.value)) {
      if (point.value == '\r' && end < text.size() && text[end] == '\n') ++end;
      lines.push_back(text.substr(begin, (keep_ends ? end : at) - begin));
      begin = end;
    }
    at = end;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::vector<std::string_view> split(Workspace& workspace, const Text& text, const Text* separator, int64_t limit) {
  workspace.look_at(text);
  if (!separator) return python::split_at_space(text.bytes, limit);
  if (separator->bytes.empty()) raise("empty separator");
  std::vector<std::string_view> parts;
  std::string_view rest = text.bytes;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t found = rest.find(separator->bytes);
    if (found == rest.npos) break;
    parts.push_back(rest.substr(0, found));
    rest.remove_prefix(found + separator->bytes.size());
  }
  parts.push_back(rest);
  return parts;
}

std::vector<std::string_view> split_from_right(Workspace& workspace, const Text& text, const Text* separator,
                                               int64_t limit) {
  workspace.look_at(text);
  if (!separator) return split_at_space_from_right(text.bytes, limit);
  if (separator->bytes.empty()) raise("empty separator");
  std::vector<std::string_view> parts;
  std::string_view rest = text.bytes;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t found = rest.rfind(separator->bytes);
    if (found == rest.npos) break;
    parts.push_back(rest.substr(found + separator->bytes.size()));
    rest = rest.substr(0, found);
  }
  parts.push_back(rest);
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

Value text_startswith(Rendering&, const Value& self, const Arguments& arguments) {
  return matches_any(self, arguments, "startswith", [](auto text, auto prefix) { return text.starts_with(prefix); });
}
Value text_endswith(Rendering&, const Value& self, const Arguments& arguments) {
  return matches_any(self, arguments, "endswith", [](auto text, auto suffix) { return text.ends_with(suffix); });
}

}  // namespace vlrm::jinja

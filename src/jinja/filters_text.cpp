// Filters on text.
#include <algorithm>

#include "base/utf8.h"
#include "jinja/filters.h"
#include "jinja/methods.h"
#include "jinja/padding.h"
#include "jinja/rendering.h"
#include "jinja/text_search.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

// jinja2's own rule for words, which differs from str.title's.
std::string titled(std::string_view text) {
  static constexpr std::u32string_view kBreaks = U"-({[<";
  std::string out, word;
  const auto flush = [&] {
    if (word.empty()) return;
    const size_t first = utf8::first(word).length;
    out += python::upper(std::string_view(word).substr(0, first)) + python::lower(std::string_view(word).substr(first));
    word.clear();
  };
  for (const char32_t c : python::code_points(text)) {
    if (python::is_space(c) || kBreaks.find(c) != kBreaks.npos) {
      flush();
      utf8::append(out, c);
    } else {
      utf8::append(word, c);
    }
  }
  flush();
  return out;
}

template <std::string (*change)(std::string_view)>
Value changed(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("filter", arguments, {});
  const std::string text = string_of(rendering.workspace, self);
  rendering.workspace.look_at_characters(text);
  rendering.workspace.expect(text.size() * sizeof(char32_t));
  return rendering.workspace.text(change(text));
}

Value string(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("string", arguments, {});
  return self.is_text() ? self : rendering.workspace.text(string_of(rendering.workspace, self));
}

Value escape(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("escape", arguments, {});
  if (self.is_text() && self.as_text().markup) return self;
  return rendering.workspace.markup(escaped_as_html(rendering.workspace, string_of(rendering.workspace, self)));
}

Value forceescape(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("forceescape", arguments, {});
  return rendering.workspace.markup(escaped_as_html(rendering.workspace, string_of(rendering.workspace, self)));
}

Value safe(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("safe", arguments, {});
  return rendering.workspace.markup(string_of(rendering.workspace, self));
}

Value trim(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("trim", arguments, {"chars"});
  const Text text(string_of(rendering.workspace, self));
  return rendering.workspace.text(
      stripped(rendering.workspace, text, parameters.has_value(0) ? &parameters.text(0) : nullptr, true, true));
}

Value replace(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2);
  Workspace& workspace = rendering.workspace;
  const int64_t count = parameters.has_value(2) ? parameters.integer(2, -1) : -1;
  return workspace.text(replaced(workspace, string_of(workspace, self), string_of(workspace, parameters.value(0)),
                                 string_of(workspace, parameters.value(1)), count));
}

Value center(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("center", arguments, {"width"});
  const Padding padding{' ', '^', parameters.integer(0, 80)};
  return rendering.workspace.text(padded(rendering.workspace, string_of(rendering.workspace, self), padding));
}

Value indent(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("indent", arguments, {"width", "first", "blank"});
  if (self.is_undefined()) raise_undefined(self);
  if (!self.is_text()) raise("indent() needs a str, not {}", type_name(self));
  Workspace& workspace = rendering.workspace;
  const Value width = parameters.value(0, Value::integer(4));
  const std::string space =
      width.is_text() ? width.bytes() : arithmetic(workspace, Operator::multiply, workspace.text(" "), width).bytes();
  const std::string text = self.bytes() + "\n";
  std::string out;
  if (parameters.truthy(1)) out = space;
  bool first = true;
  for (const std::string_view line : split_lines(workspace, text)) {
    if (!first) out += '\n';
    if (!first && (parameters.truthy(2) || !line.empty())) out += space;
    first = false;
    out += line;
    workspace.expect(out.size());
  }
  return workspace.text(std::move(out));
}

Value truncate(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("truncate", arguments, {"length", "killwords", "end", "leeway"});
  Workspace& workspace = rendering.workspace;
  const int64_t size = parameters.integer(0, 255);
  const int64_t leeway = parameters.has_value(3) ? parameters.integer(3, 5) : 5;
  const Text end(parameters.has(2) ? parameters.text(2).bytes : "...");
  const auto end_length = static_cast<int64_t>(end.length);
  if (size < end_length) raise("expected length >= {}, got {}", end_length, size);
  if (leeway < 0) raise("expected leeway >= 0, got {}", leeway);
  if (length(self) - size <= leeway) return self;
  const Value cut = slice_of(workspace, self, {Value(), Value::integer(size - end_length), Value()});
  if (!cut.is_text()) raise("truncate() needs a str, not {}", type_name(self));
  std::string kept = cut.bytes();
  if (!parameters.truthy(1)) kept = kept.substr(0, kept.rfind(' '));
  return workspace.text(kept + end.bytes);
}

Value wordcount(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("wordcount", arguments, {});
  int64_t count = 0;
  bool in_word = false;
  for (const char32_t c : code_points_of(rendering.workspace, string_of(rendering.workspace, self))) {
    const bool part = c == '_' || python::is_alphabetic(c) || python::is_numeric(c);
    count += part && !in_word;
    in_word = part;
  }
  return Value::integer(count);
}

Value tojson(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = parameters.truthy(0);
  style.sort_keys = parameters.truthy(3);
  if (parameters.has_value(1)) {
    const Value width = parameters.value(1);
    style.indent = width.is_text() ? width.bytes()
                                   : arithmetic(rendering.workspace, Operator::multiply, rendering.workspace.text(" "),
                                                Value::integer(index_of(width)))
                                         .bytes();
    style.item_separator.pop_back();
  }
  if (parameters.has_value(2)) {
    const std::vector<Value> separators = items_of(rendering.workspace, parameters.value(2));
    if (separators.size() != 2 || !separators[0].is_text() || !separators[1].is_text())
      raise("tojson() needs two separators");
    style.item_separator = separators[0].bytes();
    style.key_separator = separators[1].bytes();
  }
  return rendering.workspace.text(to_json(rendering.workspace, self, style));
}

constexpr NamedFunction kFilters[] = {
    {"capitalize", changed<python::capitalized>},
    {"center", center},
    {"e", escape},
    {"escape", escape},
    {"forceescape", forceescape},
    {"format", nullptr},
    {"indent", indent},
    {"lower", changed<python::lower>},
    {"pprint", nullptr},
    {"replace", replace},
    {"safe", safe},
    {"string", string},
    {"striptags", nullptr},
    {"title", changed<titled>},
    {"tojson", tojson},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", changed<python::upper>},
    {"urlencode", nullptr},
    {"urlize", nullptr},
    {"wordcount", wordcount},
    {"wordwrap", nullptr},
    {"xmlattr", nullptr},
};

}  // namespace

std::span<const NamedFunction> text_filters() {
  return kFilters;
}

}  // namespace vlrm::jinja

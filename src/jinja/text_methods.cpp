// Methods of str.
#include <algorithm>

#include "base/find_text.h"
#include "base/utf8.h"
#include "jinja/methods.h"
#include "jinja/padding.h"
#include "jinja/rendering.h"
#include "jinja/text_search.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

template <std::string (*change)(std::string_view)>
Value changed(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("str method", arguments, {});
  rendering.workspace.look_at_characters(self.bytes());
  rendering.workspace.expect(self.bytes().size() * sizeof(char32_t));
  return rendering.workspace.text(change(self.bytes()));
}

template <bool left, bool right>
Value strip(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("strip", arguments, {"/chars"});
  const Text* characters = parameters.has_value(0) ? &parameters.text(0) : nullptr;
  return rendering.workspace.text(stripped(rendering.workspace, self.as_text(), characters, left, right));
}

template <auto split_by>
Value split_method(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("split", arguments, {"sep", "maxsplit"});
  const Text* separator = parameters.has_value(0) ? &parameters.text(0) : nullptr;
  return texts(rendering.workspace,
               split_by(rendering.workspace, self.as_text(), separator, parameters.integer(1, -1)));
}

Value splitlines(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("splitlines", arguments, {"keepends"});
  return texts(rendering.workspace, split_lines(rendering.workspace, self.bytes(), parameters.truthy(0)));
}

Value partition_at(Workspace& workspace, const Value& self, size_t found, const Text& separator, bool from_right) {
  const auto text = [&](std::string_view bytes) { return workspace.text(std::string(bytes)); };
  const std::string_view all = self.bytes();
  if (separator.bytes.empty()) raise("empty separator");
  if (found == all.npos)
    return from_right ? workspace.tuple({text(""), text(""), self}) : workspace.tuple({self, text(""), text("")});
  return workspace.tuple(
      {text(all.substr(0, found)), text(separator.bytes), text(all.substr(found + separator.bytes.size()))});
}

Value partition(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("partition", arguments, {"/sep"}, 1);
  const Text& separator = parameters.text(0);
  return partition_at(rendering.workspace, self, find_text(self.bytes(), separator.bytes), separator, false);
}

Value rpartition(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("rpartition", arguments, {"/sep"}, 1);
  const Text& separator = parameters.text(0);
  return partition_at(rendering.workspace, self, find_last(rendering.workspace, self.bytes(), separator.bytes),
                      separator, true);
}

Value replace(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("replace", arguments, {"/old", "/new", "/count"}, 2);
  return rendering.workspace.text(replaced(rendering.workspace, self.bytes(), parameters.text(0).bytes,
                                           parameters.text(1).bytes, parameters.integer(2, -1)));
}

Value join(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("join", arguments, {"/iterable"}, 1);
  std::string out;
  size_t count = 0;
  for (const Value& item : items_of(rendering.workspace, parameters.value(0))) {
    if (!item.is_text()) raise("sequence item {}: expected str instance, {} found", count, type_name(item));
    if (count++ > 0) out += self.bytes();
    out += item.bytes();
    rendering.workspace.expect(out.size());
  }
  return rendering.workspace.text(std::move(out));
}

Value removeprefix(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("removeprefix", arguments, {"/prefix"}, 1);
  const std::string& prefix = parameters.text(0).bytes;
  return self.bytes().starts_with(prefix) ? rendering.workspace.text(self.bytes().substr(prefix.size())) : self;
}

Value removesuffix(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("removesuffix", arguments, {"/suffix"}, 1);
  const std::string& suffix = parameters.text(0).bytes;
  return self.bytes().ends_with(suffix)
             ? rendering.workspace.text(self.bytes().substr(0, self.bytes().size() - suffix.size()))
             : self;
}

template <char align>
Value justify(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("ljust", arguments, {"/width", "/fillchar"}, 1);
  Padding padding{' ', align, parameters.integer(0, 0)};
  if (parameters.has(1)) {
    if (parameters.text(1).length != 1) raise("the fill character must be exactly one character long");
    padding.fill = utf8::first(parameters.text(1).bytes).value;
  }
  return rendering.workspace.text(padded(rendering.workspace, self.bytes(), padding));
}

Value zfill(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("zfill", arguments, {"/width"}, 1);
  const bool sign = self.bytes().starts_with('-') || self.bytes().starts_with('+');
  return rendering.workspace.text(
      padded(rendering.workspace, self.bytes(), {'0', '=', parameters.integer(0, 0)}, sign ? 1 : 0));
}

Value expandtabs(Rendering& rendering, const Value& self, const Arguments& arguments) {
  const Parameters parameters("expandtabs", arguments, {"tabsize"});
  const int64_t size = parameters.integer(0, 8);
  std::string out;
  int64_t column = 0;
  for (const char32_t c : code_points_of(rendering.workspace, self.bytes())) {
    if (c == '\t') {
      const int64_t spaces = size > 0 ? size - column % size : 0;
      rendering.workspace.expect(out.size() + static_cast<uint64_t>(spaces));
      out.append(static_cast<size_t>(spaces), ' ');
      column += spaces;
    } else {
      utf8::append(out, c);
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
  }
  return rendering.workspace.text(std::move(out));
}

template <bool (*holds)(char32_t)>
Value all_are(Rendering& rendering, const Value& self, const Arguments&) {
  const auto points = code_points_of(rendering.workspace, self.bytes());
  return Value::boolean(!points.empty() && std::all_of(points.begin(), points.end(), holds));
}

bool is_alphanumeric(char32_t c) {
  return python::is_alphabetic(c) || python::is_numeric(c);
}

Value isascii(Rendering&, const Value& self, const Arguments&) {
  return Value::boolean(self.as_text().ascii());
}

Value isprintable(Rendering& rendering, const Value& self, const Arguments&) {
  const auto points = code_points_of(rendering.workspace, self.bytes());
  return Value::boolean(std::all_of(points.begin(), points.end(), python::is_printable));
}

Value isidentifier(Rendering& rendering, const Value& self, const Arguments&) {
  const auto points = code_points_of(rendering.workspace, self.bytes());
  return Value::boolean(!points.empty() && python::is_identifier_start(points[0]) &&
                        std::all_of(points.begin(), points.end(), python::is_identifier_part));
}

Value istitle(Rendering& rendering, const Value& self, const Arguments&) {
  bool cased_before = false, any = false;
  for (const char32_t c : code_points_of(rendering.workspace, self.bytes())) {
    if ((python::is_upper(c) || python::is_title(c)) == cased_before && python::is_cased(c))
      return Value::boolean(false);
    cased_before = python::is_cased(c);
    any = any || cased_before;
  }
  return Value::boolean(any);
}

Value isupper(Rendering& rendering, const Value& self, const Arguments&) {
  return Value::boolean(text_is_upper(rendering.workspace, self.bytes()));
}
Value islower(Rendering& rendering, const Value& self, const Arguments&) {
  return Value::boolean(text_is_lower(rendering.workspace, self.bytes()));
}

constexpr NamedFunction kMethods[] = {
    {"capitalize", changed<python::capitalized>},
    {"casefold", changed<python::lower>},
    {"center", justify<'^'>},
    {"count", text_count},
    {"encode", nullptr},
    {"endswith", text_endswith},
    {"expandtabs", expandtabs},
    {"find", text_find},
    {"format", nullptr},
    {"format_map", nullptr},
    {"index", text_index},
    {"isalnum", all_are<is_alphanumeric>},
    {"isalpha", all_are<python::is_alphabetic>},
    {"isascii", isascii},
    {"isdecimal", all_are<python::is_decimal>},
    {"isdigit", all_are<python::is_digit>},
    {"isidentifier", isidentifier},
    {"islower", islower},
    {"isnumeric", all_are<python::is_numeric>},
    {"isprintable", isprintable},
    {"isspace", all_are<python::is_space>},
    {"istitle", istitle},
    {"isupper", isupper},
    {"join", join},
    {"ljust", justify<'<'>},
    {"lower", changed<python::lower>},
    {"lstrip", strip<true, false>},
    {"maketrans", nullptr},
    {"partition", partition},
    {"removeprefix", removeprefix},
    {"removesuffix", removesuffix},
    {"replace", replace},
    {"rfind", text_rfind},
    {"rindex", text_rindex},
    {"rjust", justify<'>'>},
    {"rpartition", rpartition},
    {"rsplit", split_method<split_from_right>},
    {"rstrip", strip<false, true>},
    {"split", split_method<split>},
    {"splitlines", splitlines},
    {"startswith", text_startswith},
    {"strip", strip<true, true>},
    {"swapcase", changed<python::swapped_case>},
    {"title", changed<python::title>},
    {"translate", nullptr},
    {"upper", changed<python::upper>},
    {"zfill", zfill},
};

}  // namespace

bool text_is_upper(Workspace& workspace, std::string_view text) {
  const auto points = code_points_of(workspace, text);
  return std::any_of(points.begin(), points.end(), python::is_upper) &&
         std::none_of(points.begin(), points.end(),
                      [](char32_t c) { return python::is_lower(c) || python::is_title(c); });
}

bool text_is_lower(Workspace& workspace, std::string_view text) {
  const auto points = code_points_of(workspace, text);
  return std::any_of(points.begin(), points.end(), python::is_lower) &&
         std::none_of(points.begin(), points.end(),
                      [](char32_t c) { return python::is_upper(c) || python::is_title(c); });
}

std::span<const NamedFunction> text_methods() {
  return kMethods;
}

}  // namespace vlrm::jinja

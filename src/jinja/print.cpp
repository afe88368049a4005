// str() and repr().
#include "base/html.h"
#include "base/utf8.h"
#include "jinja/operations.h"
#include "python/json.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

void append_escaped(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto number = static_cast<uint32_t>(c);
  if (c < 0x100) {
    out += fmt::format("\\x{:02x}", number);
  } else if (c < 0x10000) {
    out += fmt::format("\\u{:04x}", number);
  } else {
    out += fmt::format("\\U{:08x}", number);
  }
}

void append_quoted(Workspace& workspace, std::string& out, const Text& text) {
  const bool single = text.bytes.find('\'') == std::string::npos || text.bytes.find('"') != std::string::npos;
  const char quote = single ? '\'' : '"';
  out += quote;
  for (std::string_view rest = text.bytes; !rest.empty();) {
    workspace.expect(out.size());
    const utf8::CodePoint point = utf8::first(rest);
    if (point.value == static_cast<char32_t>(quote) || point.value == '\\') out += '\\';
    if (python::is_printable(point.value)) {
      out += rest.substr(0, point.length);
    } else {
      append_escaped(out, point.value);
    }
    rest.remove_prefix(point.length);
  }
  out += quote;
}

void append_items(Workspace& workspace, std::string& out, const Value& value, int depth) {
  const bool list = value.is(Kind::list);
  const auto& items = value.as_items();
  out += list ? '[' : '(';
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    append_representation(workspace, out, items[i], depth + 1);
  }
  if (!list && items.size() == 1) out += ',';
  out += list ? ']' : ')';
}

void append_dict(Workspace& workspace, std::string& out, const Dict& dict, int depth) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : dict.entries()) {
    if (!first) out += ", ";
    first = false;
    append_representation(workspace, out, key, depth + 1);
    out += ": ";
    append_representation(workspace, out, value, depth + 1);
  }
  out += '}';
}

}  // namespace

std::vector<char32_t> code_points_of(Workspace& workspace, std::string_view text) {
  workspace.look_at_characters(text);
  workspace.expect(text.size() * sizeof(char32_t));
  return python::code_points(text);
}

std::string escaped_as_html(Workspace& workspace, std::string_view text) {
  constexpr size_t kLongestEscape = 5;
  workspace.look_at_characters(text);
  if (text.find_first_of("&<>\"'") != text.npos) workspace.expect(text.size() * kLongestEscape);
  return escaped_html(text);
}

void append_representation(Workspace& workspace, std::string& out, const Value& value, int depth) {
  Nesting guard(depth);
  workspace.step();
  workspace.expect(out.size());
  switch (value.kind()) {
    case Kind::undefined:
      out += "Undefined";
      break;
    case Kind::none:
      out += "None";
      break;
    case Kind::boolean:
      out += value.as_boolean() ? "True" : "False";
      break;
    case Kind::integer:
      out += fmt::format("{}", value.as_integer());
      break;
    case Kind::real:
      out += python_float(value.as_real());
      break;
    case Kind::text:
      workspace.look_at_characters(value.bytes());
      if (value.as_text().markup) out += "Markup(";
      append_quoted(workspace, out, value.as_text());
      if (value.as_text().markup) out += ')';
      break;
    case Kind::list:
    case Kind::tuple:
      append_items(workspace, out, value, depth);
      break;
    case Kind::dict:
      append_dict(workspace, out, value.as_dict(), depth);
      break;
    case Kind::object:
      out += value.as_object().representation(workspace, depth);
      break;
  }
}

void append_string(Workspace& workspace, std::string& out, const Value& value) {
  if (value.is_text()) {
    workspace.look_at(value.as_text());
    out += value.bytes();
  } else if (!value.is_undefined()) {
    append_representation(workspace, out, value);
  }
}

std::string string_of(Workspace& workspace, const Value& value) {
  std::string out;
  append_string(workspace, out, value);
  return out;
}

std::string representation_of(Workspace& workspace, const Value& value) {
  std::string out;
  append_representation(workspace, out, value);
  return out;
}

}  // namespace vlrm::jinja

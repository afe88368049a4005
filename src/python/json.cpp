#include "python/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace vlrm {
namespace {

void append_text(std::string& out, std::string_view text) {
  if (utf8::first_invalid(text)) return append_text(out, utf8::with_replacements(text));
  out += '"';
  while (!text.empty()) {
    const utf8::CodePoint point = utf8::first(text);
    append_json_character(out, point.value, text.substr(0, point.length), true);
    text.remove_prefix(point.length);
  }
  out += '"';
}

void append_float(std::string& out, double value) {
  if (std::isfinite(value))
    out += python_float(value);
  else
    out += std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
}

void append(std::string& out, const OrderedJson& value) {
  const char* separator = "";
  switch (value.type()) {
    case OrderedJson::value_t::string:
      append_text(out, value.get_ref<const std::string&>());
      break;
    case OrderedJson::value_t::number_float:
      append_float(out, value.get<double>());
      break;
    case OrderedJson::value_t::binary:
      out.append(value.get_binary().begin(), value.get_binary().end());
      break;
    case OrderedJson::value_t::array:
      out += '[';
      for (const OrderedJson& item : value) {
        out += std::exchange(separator, ", ");
        append(out, item);
      }
      out += ']';
      break;
    case OrderedJson::value_t::object:
      out += '{';
      for (const auto& [key, item] : value.items()) {
        out += std::exchange(separator, ", ");
        append_text(out, key);
        out += ": ";
        append(out, item);
      }
      out += '}';
      break;
    default:  // null, a boolean, an integer
      out += value.dump();
  }
}

// Marks the strings that stand for what the JSON parser does not know.
constexpr std::string_view kMark = "\\u0000Python ", kMarkRead{"\0Python ", 8};
constexpr std::string_view kSpecials[] = {"NaN", "Infinity", "-Infinity"};

// The length of a special value or of an integer that may not fit 64 bits at the start of `text`, or 0.
size_t unknown_length(std::string_view text) {
  for (const std::string_view special : kSpecials)
    if (text.starts_with(special)) return special.size();
  const size_t sign = text.starts_with('-') ? 1 : 0;
  const size_t end = std::min(text.find_first_not_of("0123456789", sign), text.size());
  const bool integer = end == text.size() || (text[end] != '.' && text[end] != 'e' && text[end] != 'E');
  return integer && end - sign > 18 && text[sign] != '0' ? end : 0;
}

std::string with_unknowns_as_strings(std::string_view text) {
  std::string out;
  bool in_string = false, in_number = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t length = in_string || in_number ? 0 : unknown_length(text.substr(i));
    if (length > 0) {
      out.append("\"").append(kMark).append(text.substr(i, length)).append("\"");
      i += length - 1;
      continue;
    }
    if (in_string && text[i] == '\\' && i + 1 < text.size())
      out += text[i++];
    else if (text[i] == '"')
      in_string = !in_string;
    in_number = !in_string && std::string_view("0123456789.+-eE").find(text[i]) != std::string_view::npos;
    out += text[i];
  }
  return out;
}

OrderedJson value_of(std::string_view unknown) {
  if (unknown == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (unknown == "Infinity") return std::numeric_limits<double>::infinity();
  if (unknown == "-Infinity") return -std::numeric_limits<double>::infinity();
  return OrderedJson::binary({unknown.begin(), unknown.end()});
}

void replace_marked(OrderedJson& value) {
  if (value.is_structured()) {
    for (OrderedJson& item : value) replace_marked(item);
  } else if (value.is_string() && value.get_ref<const std::string&>().starts_with(kMarkRead)) {
    const std::string text = value.get<std::string>().substr(kMarkRead.size());
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size())
      value = number;
    else
      value = value_of(text);
  }
}

}  // namespace

std::string python_json(const OrderedJson& value) {
  std::string out;
  append(out, value);
  return out;
}

OrderedJson parse_python_json_or_throw(std::string_view text, const std::string& source) {
  const std::string known = with_unknowns_as_strings(text);
  if (known.size() == text.size()) return parse_ordered_json_or_throw(text, source);
  OrderedJson value;
  try {
    value = parse_ordered_json_or_throw(known, source);
  } catch (const Error&) {
    parse_ordered_json_or_throw(text, source);  // names the byte of the text as it is
    throw;
  }
  replace_marked(value);
  return value;
}

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view written(buffer, static_cast<size_t>(end - buffer));
  std::string out = written.front() == '-' ? "-" : "";
  if (written.front() == '-') written.remove_prefix(1);
  const size_t e = written.find('e');
  int exponent = 0;
  std::from_chars(written.data() + e + (written[e + 1] == '+' ? 2 : 1), written.data() + written.size(), exponent);
  std::string digits(written.substr(0, 1));
  if (e > 2) digits += written.substr(2, e - 2);
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1);
    if (count > 1) out.append(".").append(digits, 1);
    return out + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return fmt::format("{}0.{:0>{}}", out, digits, count - exponent - 1);
  if (count <= exponent + 1) return fmt::format("{}{:0<{}}.0", out, digits, exponent + 1);
  digits.insert(static_cast<size_t>(exponent) + 1, 1, '.');
  return out + digits;
}

void append_json_character(std::string& out, char32_t character, std::string_view bytes, bool ensure_ascii) {
  static constexpr std::string_view kEscaped = "\"\\\n\r\t\f\b", kLetters = "\"\\nrtfb";
  const auto number = static_cast<uint32_t>(character);
  const size_t escape = number < 0x80 ? kEscaped.find(static_cast<char>(number)) : kEscaped.npos;
  if (escape != kEscaped.npos) {
    out += '\\';
    out += kLetters[escape];
  } else if (number < 0x20 || (ensure_ascii && number >= 0x7F && number < 0x10000)) {
    out += fmt::format("\\u{:04x}", number);
  } else if (ensure_ascii && number >= 0x10000) {
    const uint32_t offset = number - 0x10000;
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (offset >> 10), 0xDC00 + (offset & 0x3FF));
  } else {
    out += bytes;
  }
}

}  // namespace vlrm

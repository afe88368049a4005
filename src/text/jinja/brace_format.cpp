// str.format: "{}", "{0}", "{name.attribute[key]!r:>10.3f}".
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/python_json.h"
#include "base/utf8.h"
#include "text/jinja/printf_format.h"
#include "text/jinja/unicode.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;

// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct Spec {
  FieldLayout layout{' ', '\0', 0};
  char sign = '-';
  bool alternate = false;
  char grouping = '\0';
  int precision = -1;
  char type = '\0';
};

bool is_align(char32_t c) {
  return c == '<' || c == '>' || c == '^' || c == '=';
}

int read_digits(std::string_view& text, const char* what) {
  int number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc::result_out_of_range) raise("too many decimal digits in format string");
  if (result.ec != std::errc()) raise("format specifier missing {}", what);
  text.remove_prefix(static_cast<size_t>(result.ptr - text.data()));
  return number;
}

Spec parse_spec(std::string_view text) {
  Spec spec;
  const auto take = [&](char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  };
  if (!text.empty()) {
    const utf8::CodePoint fill = utf8::first(text);
    if (text.size() > fill.length && is_align(static_cast<unsigned char>(text[fill.length]))) {
      spec.layout.fill = fill.value;
      spec.layout.align = text[fill.length];
      text.remove_prefix(fill.length + 1);
    } else if (is_align(fill.value)) {
      spec.layout.align = text[0];
      text.remove_prefix(1);
    }
  }
  for (const char sign : {'+', '-', ' '})
    if (take(sign)) {
      spec.sign = sign;
      break;
    }
  spec.alternate = take('#');
  if (take('0') && spec.layout.align == '\0') {
    spec.layout.fill = '0';
    spec.layout.align = '=';
  }
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') spec.layout.width = read_digits(text, "width");
  if (take(',')) spec.grouping = ',';
  if (take('_')) spec.grouping = '_';
  if (take('.')) spec.precision = read_digits(text, "precision");
  if (spec.precision > 1000) raise("a precision in a format is too large");
  if (text.size() > 1) raise("invalid format specifier");
  if (!text.empty()) spec.type = text[0];
  return spec;
}

std::string grouped(const std::string& digits, char separator, size_t every) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % every == 0) out += separator;
    out += digits[i];
  }
  return out;
}

// `number` may start with a minus.
std::string format_signed(Workspace& workspace, const Spec& spec, std::string number, const std::string& prefix) {
  const bool minus = number.starts_with('-');
  if (minus) number.erase(0, 1);
  if (spec.grouping != '\0') {
    const size_t whole = std::min(number.find_first_not_of("0123456789abcdefABCDEF"), number.size());
    const bool binary = spec.type == 'x' || spec.type == 'X' || spec.type == 'o' || spec.type == 'b';
    number = grouped(number.substr(0, whole), spec.grouping, binary ? 4 : 3) + number.substr(whole);
  }
  const std::string sign = minus ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  FieldLayout layout = spec.layout;
  if (layout.align == '\0') layout.align = '>';
  return laid_out(workspace, sign + prefix + number, layout, sign.size() + prefix.size());
}

std::string format_real_value(Workspace& workspace, const Spec& spec, double value) {
  static constexpr std::string_view kTypes = "eEfFgG";
  std::string number;
  if (spec.type == '%') {
    number = format_real(value * 100, 'f', spec.precision < 0 ? 6 : spec.precision, spec.alternate) + "%";
  } else if (spec.type == '\0' && spec.precision < 0) {
    number = python_float(value);
  } else if (spec.type == '\0') {
    number = format_real(value, 'g', spec.precision, spec.alternate);
    if (number.find_first_not_of("-0123456789") == number.npos) number += ".0";
  } else if (kTypes.find(spec.type) != kTypes.npos) {
    number = format_real(value, spec.type, spec.precision < 0 ? 6 : spec.precision, spec.alternate);
  } else {
    raise("unknown format code '{}' for object of type 'float'", spec.type);
  }
  return format_signed(workspace, spec, number, "");
}

std::string format_integer(Workspace& workspace, const Spec& spec, const Value& value) {
  static constexpr std::string_view kRealTypes = "eEfFgG%";
  if (spec.type != '\0' && kRealTypes.find(spec.type) != kRealTypes.npos)
    return format_real_value(workspace, spec, value.as_number());
  if (spec.precision >= 0) raise("precision not allowed in integer format specifier");
  const int64_t number = value.as_integer();
  const uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  const std::string minus = number < 0 ? "-" : "";
  switch (spec.type) {
    case '\0':
    case 'd':
    case 'n':
      return format_signed(workspace, spec, fmt::format("{}{}", minus, magnitude), "");
    case 'x':
      return format_signed(workspace, spec, fmt::format("{}{:x}", minus, magnitude), spec.alternate ? "0x" : "");
    case 'X':
      return format_signed(workspace, spec, fmt::format("{}{:X}", minus, magnitude), spec.alternate ? "0X" : "");
    case 'o':
      return format_signed(workspace, spec, fmt::format("{}{:o}", minus, magnitude), spec.alternate ? "0o" : "");
    case 'b':
      return format_signed(workspace, spec, fmt::format("{}{:b}", minus, magnitude), spec.alternate ? "0b" : "");
    default:
      raise("unknown format code '{}' for object of type 'int'", spec.type);
  }
}

std::string format_text(Workspace& workspace, const Spec& spec, const std::string& text) {
  if (spec.type != '\0' && spec.type != 's') raise("unknown format code '{}' for object of type 'str'", spec.type);
  if (spec.sign != '-' || spec.alternate || spec.grouping != '\0' || spec.layout.align == '=')
    raise("a format specifier is not allowed for text");
  FieldLayout layout = spec.layout;
  if (layout.align == '\0') layout.align = '<';
  const Text whole(text);
  const std::string cut =
      spec.precision < 0 ? text : text.substr(0, byte_offset(whole, static_cast<size_t>(spec.precision)));
  return laid_out(workspace, cut, layout);
}

std::string format_value(Workspace& workspace, const Value& value, std::string_view spec) {
  if (spec.empty()) return string_of(workspace, value);
  if (value.is_text()) return format_text(workspace, parse_spec(spec), value.bytes());
  if (value.is(Kind::integer) || value.is(Kind::boolean)) return format_integer(workspace, parse_spec(spec), value);
  if (value.is(Kind::real)) return format_real_value(workspace, parse_spec(spec), value.as_real());
  raise("unsupported format string passed to {}.__format__", type_name(value));
}

class BraceFormatter {
 public:
  BraceFormatter(Workspace& workspace, const Arguments& arguments) : workspace_(workspace), arguments_(arguments) {}

  std::string run(std::string_view format, int depth) {
    if (depth > 2) raise("max string recursion exceeded");
    std::string out;
    for (size_t i = 0; i < format.size(); ++i) {
      const char c = format[i];
      if (c != '{' && c != '}') {
        out += c;
      } else if (i + 1 < format.size() && format[i + 1] == c) {
        out += c;
        ++i;
      } else if (c == '}') {
        raise("single '}}' encountered in format string");
      } else {
        const size_t end = field_end(format, i + 1);
        out += field(format.substr(i + 1, end - i - 1), depth);
        i = end;
      }
      workspace_.expect(out.size());
    }
    return out;
  }

 private:
  static size_t field_end(std::string_view format, size_t begin) {
    int open = 1;
    for (size_t i = begin; i < format.size(); ++i) {
      if (format[i] == '{') ++open;
      if (format[i] == '}' && --open == 0) return i;
    }
    raise("expected '}}' before end of string");
  }

  std::string field(std::string_view text, int depth) {
    workspace_.step();
    size_t name_end = 0;
    for (bool in_brackets = false; name_end < text.size(); ++name_end) {
      const char c = text[name_end];
      if (c == '[') in_brackets = true;
      if (c == ']') in_brackets = false;
      if (!in_brackets && (c == '!' || c == ':')) break;
    }
    Value value = look_up(text.substr(0, name_end));
    std::string_view rest = text.substr(name_end);
    if (rest.starts_with('!')) {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) raise("expected ':' after conversion specifier");
      value = converted(value, rest[1]);
      rest.remove_prefix(2);
    }
    if (rest.starts_with(':')) rest.remove_prefix(1);
    return format_value(workspace_, value, run(rest, depth + 1));
  }

  Value converted(const Value& value, char conversion) {
    if (conversion == 's') return workspace_.text(string_of(workspace_, value));
    if (conversion == 'r' || conversion == 'a') return workspace_.text(representation_of(workspace_, value));
    raise("unknown conversion specifier {}", conversion);
  }

  // name.attribute[key]…
  Value look_up(std::string_view path) {
    const size_t first_end = std::min(path.find_first_of(".["), path.size());
    Value value = first(path.substr(0, first_end));
    path.remove_prefix(first_end);
    while (!path.empty()) {
      if (path[0] == '.') {
        const size_t end = std::min(path.find_first_of(".[", 1), path.size());
        if (end == 1) raise("empty attribute in format string");
        value = attribute_of(workspace_, value, path.substr(1, end - 1));
        path.remove_prefix(end);
      } else if (path[0] == '[') {
        const size_t end = path.find(']');
        if (end == path.npos || end == 1) raise("missing ']' in format string");
        const std::string_view key = path.substr(1, end - 1);
        const auto index = number(key);
        value = item_of(workspace_, value, index ? Value::integer(*index) : workspace_.text(std::string(key)));
        path.remove_prefix(end + 1);
      } else {
        raise("only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  static std::optional<int64_t> number(std::string_view text) {
    int64_t value = 0;
    if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
      raise("too many decimal digits in format string");
    return value;
  }

  Value first(std::string_view name) {
    const auto index = number(name);
    if (name.empty() || index) {
      const Numbering wanted = name.empty() ? Numbering::automatic : Numbering::manual;
      if (numbering_ != Numbering::none && numbering_ != wanted)
        raise("cannot switch between automatic field numbering and manual field specification");
      numbering_ = wanted;
      const auto i = static_cast<uint64_t>(index ? *index : next_++);
      if (i >= arguments_.positional.size()) raise("replacement index {} out of range for positional args tuple", i);
      return arguments_.positional[i];
    }
    for (const auto& [other, value] : arguments_.named)
      if (other == name) return value;
    raise("'{}' is missing", name);
  }

  enum class Numbering { none, automatic, manual };
  Workspace& workspace_;
  const Arguments& arguments_;
  Numbering numbering_ = Numbering::none;
  int64_t next_ = 0;
};

}  // namespace

Value brace_format(Workspace& workspace, const Text& format, const Arguments& arguments) {
  workspace.look_at(format);
  return workspace.text(BraceFormatter(workspace, arguments).run(format.bytes, 0));
}

}  // namespace vlrm::jinja

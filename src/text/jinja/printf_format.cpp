#include "text/jinja/printf_format.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "text/jinja/unicode.h"

namespace vlrm::jinja {
namespace {

using Kind = Value::Kind;
constexpr int64_t kLargestPrecision = 1000;

// %[(key)][flags][width][.precision]type
struct Directive {
  std::optional<std::string> key;
  bool left = false, plus = false, space = false, zero = false, alternate = false;
  int64_t width = 0, precision = -1;
  char type = 's';
};

class PrintfFormatter {
 public:
  PrintfFormatter(Workspace& workspace, const Text& format, const Value& values)
      : workspace_(workspace), format_(format.bytes), values_(values) {}

  std::string run() {
    while (at_ < format_.size()) {
      const size_t percent = std::min(format_.find('%', at_), format_.size());
      out_ += format_.substr(at_, percent - at_);
      at_ = percent;
      if (at_ == format_.size()) break;
      ++at_;
      const Directive directive = read();
      workspace_.step();
      if (directive.type == '%') {
        out_ += '%';
      } else {
        write(directive, argument(directive));
      }
      workspace_.expect(out_.size());
    }
    // What has items by key may leave some out.
    const bool keyed = values_.is(Kind::dict) || values_.is(Kind::list) || values_.is_undefined() ||
                       (values_.is(Kind::object) && values_.as_object().item(workspace_, Value::integer(0)));
    const bool all_used = keyed || used_ == (values_.is(Kind::tuple) ? values_.as_items().size() : 1);
    if (!all_used) raise("not all arguments converted during string formatting");
    return std::move(out_);
  }

 private:
  char next() {
    if (at_ >= format_.size()) raise("incomplete format");
    return format_[at_++];
  }

  int64_t read_number() {
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      return index_of(positional());
    }
    int64_t number = 0;
    while (at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9') {
      number = number * 10 + (format_[at_++] - '0');
      if (number > INT32_MAX) raise("a width in a format is too large");
    }
    return number;
  }

  Directive read() {
    Directive directive;
    if (at_ < format_.size() && format_[at_] == '(') {
      const size_t end = format_.find(')', at_);
      if (end == format_.npos) raise("incomplete format key");
      directive.key = std::string(format_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
    }
    for (; at_ < format_.size(); ++at_) {
      const char flag = format_[at_];
      if (flag == '-') {
        directive.left = true;
      } else if (flag == '+') {
        directive.plus = true;
      } else if (flag == ' ') {
        directive.space = true;
      } else if (flag == '0') {
        directive.zero = true;
      } else if (flag == '#') {
        directive.alternate = true;
      } else {
        break;
      }
    }
    directive.width = read_number();
    if (directive.width < 0) {
      directive.left = true;
      directive.width = -directive.width;
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      directive.precision = std::max<int64_t>(read_number(), 0);
    }
    directive.type = next();
    while (directive.type == 'l' || directive.type == 'h' || directive.type == 'L') directive.type = next();
    return directive;
  }

  Value positional() {
    if (values_.is(Kind::tuple)) {
      if (used_ >= values_.as_items().size()) raise("not enough arguments for format string");
      return values_.as_items()[used_++];
    }
    if (used_++ > 0) raise("not enough arguments for format string");
    return values_;
  }

  Value argument(const Directive& directive) {
    if (!directive.key) return positional();
    if (!values_.is(Kind::dict)) raise("format requires a mapping");
    const Value* found = values_.as_dict().find(*directive.key);
    if (!found) raise("'{}' is missing", *directive.key);
    return *found;
  }

  void write(const Directive& directive, const Value& value) {
    switch (directive.type) {
      case 's':
        return write_text(directive, string_of(workspace_, value));
      case 'r':
      case 'a':
        return write_text(directive, representation_of(workspace_, value));
      case 'c':
        return write_text(directive, character(value));
      case 'd':
      case 'i':
      case 'u':
        return write_number(directive, whole(value, directive, 10), "");
      case 'x':
        return write_number(directive, whole(value, directive, 16), directive.alternate ? "0x" : "");
      case 'X':
        return write_number(directive, upper(whole(value, directive, 16)), directive.alternate ? "0X" : "");
      case 'o':
        return write_number(directive, whole(value, directive, 8), directive.alternate ? "0o" : "");
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return write_real(directive, value);
      default:
        raise("unsupported format character '{}'", directive.type);
    }
  }

  static std::string character(const Value& value) {
    std::string out;
    if (value.is_text() && value.as_text().length == 1) return value.bytes();
    if (!value.is_integral()) raise("%c requires int or char");
    if (value.as_integer() < 0 || value.as_integer() > 0x10FFFF ||
        (value.as_integer() >= 0xD800 && value.as_integer() <= 0xDFFF))
      raise("%c arg not in range(0x110000)");
    utf8::append(out, static_cast<char32_t>(value.as_integer()));
    return out;
  }

  static std::string whole(const Value& value, const Directive& directive, int base) {
    if (value.is_undefined()) raise_undefined(value);
    int64_t number = 0;
    if (value.is_integral()) {
      number = value.as_integer();
    } else if (value.is(Kind::real) && base == 10) {
      if (!(std::abs(value.as_real()) < 9.2e18)) raise("cannot convert float to integer");
      number = static_cast<int64_t>(value.as_real());
    } else {
      raise("%{} format: {} is required, not {}", directive.type, base == 10 ? "a real number" : "an integer",
            type_name(value));
    }
    const uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    std::string digits = base == 10   ? fmt::format("{}", magnitude)
                         : base == 16 ? fmt::format("{:x}", magnitude)
                                      : fmt::format("{:o}", magnitude);
    if (directive.precision > kLargestPrecision) raise("a precision in a format is too large");
    if (static_cast<int64_t>(digits.size()) < directive.precision)
      digits.insert(0, static_cast<size_t>(directive.precision) - digits.size(), '0');
    return (number < 0 ? "-" : "") + digits;
  }

  void write_real(const Directive& directive, const Value& value) {
    if (value.is_undefined()) raise_undefined(value);
    if (!value.is_number()) raise("must be real number, not {}", type_name(value));
    if (directive.precision > kLargestPrecision) raise("a precision in a format is too large");
    const int precision = directive.precision < 0 ? 6 : static_cast<int>(directive.precision);
    write_number(directive, format_real(value.as_number(), directive.type, precision, directive.alternate), "");
  }

  void write_text(const Directive& directive, const std::string& text) {
    std::string cut = text;
    if (directive.precision >= 0) {
      const Text whole_text(text);
      cut = text.substr(0, byte_offset(whole_text, static_cast<size_t>(directive.precision)));
    }
    out_ += laid_out(workspace_, cut, {' ', directive.left ? '<' : '>', directive.width});
  }

  void write_number(const Directive& directive, const std::string& number, const std::string& prefix) {
    const bool minus = number.starts_with('-');
    const std::string sign = minus ? "-" : directive.plus ? "+" : directive.space ? " " : "";
    const std::string text = sign + prefix + (minus ? number.substr(1) : number);
    const bool zeros = directive.zero && !directive.left;
    out_ += laid_out(workspace_, text,
                     {zeros ? U'0' : U' ',
                      directive.left ? '<'
                      : zeros        ? '='
                                     : '>',
                      directive.width},
                     sign.size() + prefix.size());
  }

  Workspace& workspace_;
  const std::string_view format_;
  const Value& values_;
  size_t at_ = 0, used_ = 0;
  std::string out_;
};

}  // namespace

std::string format_real(double value, char type, int precision, bool alternate) {
  if (std::isnan(value) || std::isinf(value)) {
    const std::string word = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    return type == 'E' || type == 'F' || type == 'G' ? upper(word) : word;
  }
  switch (type) {
    case 'e':
      return alternate ? fmt::format("{:#.{}e}", value, precision) : fmt::format("{:.{}e}", value, precision);
    case 'E':
      return alternate ? fmt::format("{:#.{}E}", value, precision) : fmt::format("{:.{}E}", value, precision);
    case 'g':
    case 'G': {
      if (precision == 0) precision = 1;
      const std::string text =
          alternate ? fmt::format("{:#.{}g}", value, precision) : fmt::format("{:.{}g}", value, precision);
      return type == 'G' ? upper(text) : text;
    }
    default:
      return alternate ? fmt::format("{:#.{}f}", value, precision) : fmt::format("{:.{}f}", value, precision);
  }
}

std::string laid_out(Workspace& workspace, const std::string& text, const FieldLayout& layout, size_t sign) {
  const auto length = static_cast<int64_t>(count_code_points(text));
  if (layout.width <= length) return text;
  const auto missing = static_cast<size_t>(layout.width - length);
  workspace.expect(missing * 4);
  std::string fill;
  utf8::append(fill, layout.fill);
  const auto repeated = [&](size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += fill;
    return out;
  };
  switch (layout.align) {
    case '<':
      return text + repeated(missing);
    case '^':
      return repeated(missing / 2) + text + repeated(missing - missing / 2);
    case '=':
      return text.substr(0, sign) + repeated(missing) + text.substr(sign);
    default:
      return repeated(missing) + text;
  }
}

Value printf_format(Workspace& workspace, const Text& format, const Value& values) {
  workspace.look_at(format);
  return workspace.text(PrintfFormatter(workspace, format, values).run());
}

}  // namespace vlrm::jinja

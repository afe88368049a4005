// Python's two ways to format text: "%s" % value and "{}".format(value).
#pragma once

#include "text/jinja/function.h"

namespace vlrm::jinja {

// `values`: a tuple of them, a dict of named ones, or one.
Value printf_format(Workspace& workspace, const Text& format, const Value& values);

Value brace_format(Workspace& workspace, const Text& format, const Arguments& arguments);

// A number written like C's printf would: type one of e, E, f, F, g, G, with `precision` digits.
std::string format_real(double value, char type, int precision, bool alternate);

struct FieldLayout {
  char32_t fill = ' ';
  char align = '<';  // '<', '>', '^' or '=' (fill between sign and digits)
  int64_t width = 0;
};
// `text` begins with `sign` bytes that stay in front with '='.
std::string laid_out(Workspace& workspace, const std::string& text, const FieldLayout& layout, size_t sign = 0);

}  // namespace vlrm::jinja

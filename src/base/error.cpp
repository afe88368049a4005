#include "base/error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace vlrm {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, or 0.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : (lead >> 5) == 6 ? 2 : (lead >> 4) == 14 ? 3 : (lead >> 3) == 30 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) >> 6) != 2) return 0;
  return length;
}

}  // namespace

std::string printable(std::string_view text, size_t limit) {
  std::string line;
  while (!text.empty()) {
    if (line.size() >= limit) return line + "…";
    const size_t length = utf8_length(text);
    const auto lead = static_cast<unsigned char>(text[0]);
    const bool c1_control = length == 2 && lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || lead < 0x20 || lead == 0x7F || c1_control) {
      line += fmt::format("\\x{:02x}", lead);
      text.remove_prefix(1);
    } else {
      line += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return line;
}

void rethrow_at(const std::string& source, const Error& error) {
  throw Error(fmt::format("{}: {}", source, error.what()), error.exit_code());
}

bool is_temporary(int error) {
  constexpr std::array kTemporary{ENOSPC,       EDQUOT,    EFBIG,       EIO,      ENOMEM, EAGAIN,
                                  EMFILE,       ENFILE,    ENOLCK,      ESTALE,   EINTR,  ETIMEDOUT,
                                  ECONNREFUSED, EHOSTDOWN, ENETUNREACH, ENOTCONN, ENOBUFS};
  return std::ranges::find(kTemporary, error) != kTemporary.end();
}

void throw_system_error(int error, const std::string& what) {
  const std::string line = fmt::format("{}: {}", what, std::strerror(error));
  if (is_temporary(error)) throw TemporaryError(line);
  throw Error(line);
}

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "vlrm: internal error at %s:%d: %s does not hold. Please report this.\n", file, line, condition);
  std::_Exit(kExitBug);
}

}  // namespace vlrm

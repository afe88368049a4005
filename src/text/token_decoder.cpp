#include "text/token_decoder.h"

#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/joined.h"
#include "base/replaced.h"
#include "base/utf8.h"
#include "text/byte_level.h"
#include "text/normalizer.h"

namespace vlrm {
namespace {

// "<0x0A>" → the byte.
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  uint8_t byte = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  if (error != std::errc() || end != token.data() + 5) return std::nullopt;
  return static_cast<char>(byte);
}

}  // namespace

TokenDecoder::TokenDecoder(const Json& description, const std::string& source)
    : join_with_spaces_(description.is_null()), source_(source) {
  if (!description.is_null()) add(description, source);
  check_step_count(steps_.size(), "decoder", source);
}

void TokenDecoder::add(const Json& description, const std::string& source) {
  const auto type = required_field<std::string>(description, "type", source);
  if (type == "Sequence") {
    for (const Json& part : required_field<std::vector<Json>>(description, "decoders", source)) add(part, source);
  } else if (type == "ByteLevel") {
    steps_.push_back(ByteLevel{});
  } else if (type == "Metaspace") {
    steps_.push_back(Metaspace(description, source));
  } else if (type == "ByteFallback") {
    steps_.push_back(ByteFallback{});
  } else if (type == "Fuse") {
    steps_.push_back(Fuse{});
  } else if (type == "Replace") {
    steps_.push_back(Replace{RegularExpression::from_json(description, source),
                             required_field<std::string>(description, "content", source)});
  } else if (type == "Strip") {
    Strip strip{required_field<std::string>(description, "content", source),
                required_field<size_t>(description, "start", source),
                required_field<size_t>(description, "stop", source)};
    if (strip.character.empty() || utf8::first(strip.character).length != strip.character.size())
      fail("{}: the decoder Strip has a content that is not one character", source);
    steps_.push_back(std::move(strip));
  } else {
    fail("{}: the decoder \"{}\" is not supported", source, printable(type));
  }
}

TokenDecoder::Tokens TokenDecoder::apply(const ByteLevel&, const Tokens& tokens, TextEffort&) {
  std::string bytes;
  for (const std::string& token : tokens) bytes += byte_level::to_bytes(token).value_or(token);
  return {utf8::with_replacements(bytes)};
}

// Runs of byte tokens become text if they are well-formed as a whole, else one U+FFFD each.
TokenDecoder::Tokens TokenDecoder::apply(const ByteFallback&, Tokens tokens, TextEffort&) {
  Tokens result;
  std::string bytes;
  const auto flush = [&] {
    if (!bytes.empty() && utf8::first_invalid(bytes)) {
      result.insert(result.end(), bytes.size(), "\xEF\xBF\xBD");
    } else if (!bytes.empty()) {
      result.push_back(bytes);
    }
    bytes.clear();
  };
  for (std::string& token : tokens) {
    if (const auto byte = byte_of(token)) {
      bytes += *byte;
    } else {
      flush();
      result.push_back(std::move(token));
    }
  }
  flush();
  return result;
}

TokenDecoder::Tokens TokenDecoder::apply(const Fuse&, const Tokens& tokens, TextEffort&) {
  return {joined(tokens, "")};
}

TokenDecoder::Tokens TokenDecoder::apply(const Replace& step, Tokens tokens, TextEffort& effort) {
  size_t length = 0;
  for (std::string& token : tokens) {
    if (!token.empty()) token = replace_all(step.pattern, token, step.by, effort);
    effort.check_length(length += token.size());
  }
  return tokens;
}

TokenDecoder::Tokens TokenDecoder::apply(const Strip& step, Tokens tokens, TextEffort&) {
  for (std::string& token : tokens) {
    std::string_view rest = token;
    for (size_t i = 0; i < step.at_start && rest.starts_with(step.character); ++i)
      rest.remove_prefix(step.character.size());
    for (size_t i = 0; i < step.at_end && rest.ends_with(step.character); ++i)
      rest.remove_suffix(step.character.size());
    token = std::string(rest);
  }
  return tokens;
}

TokenDecoder::Tokens TokenDecoder::apply(const Metaspace& step, Tokens tokens, TextEffort&) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool drops = i == 0 && step.prepend != Metaspace::Prepend::never;
    tokens[i] = replaced(tokens[i], step.mark, drops ? "" : " ");
  }
  return tokens;
}

std::string TokenDecoder::decode(std::vector<std::string> tokens) const {
  if (join_with_spaces_) return joined(tokens, " ");
  const auto length = [&] {
    size_t bytes = 0;
    for (const std::string& token : tokens) bytes += token.size();
    return bytes;
  };
  TextEffort effort(length() + tokens.size(), source_);
  for (const Step& step : steps_) {
    effort.spend(length());
    tokens = std::visit([&](const auto& kind) { return apply(kind, std::move(tokens), effort); }, step);
  }
  return joined(tokens, "");
}

}  // namespace vlrm

#include "cli/option_names.h"

#include <algorithm>

namespace vlrm {
namespace {

bool is_field_letter(char c) {
  return (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace

std::string option_name(std::string_view field) {
  if (field == "named_directory") return "--intermediate-dir";
  if (field == "judging") return "--judge";
  if (field == "batch_samples" || field == "texts_together") return "--batch-size";
  if (field == "null_sink") return "--sink";
  if (field == "ensembles") return "--ensemble";
  if (field == "texts") return "-n";
  if (field == "bytes") return "--megabytes";
  if (field == "page") return "--output";
  if (field == "figures") return "--json";
  if (field == "max_shard_bytes") return "--max-shard-size";
  std::string name = "--" + std::string(field);
  std::ranges::replace(name, '_', '-');
  return name;
}

std::string with_option_names(std::string_view text) {
  std::string named;
  while (!text.empty()) {
    const size_t quote = std::min(text.find('`'), text.size());
    named += text.substr(0, quote);
    text.remove_prefix(quote);
    if (text.empty()) break;
    const auto end =
        static_cast<size_t>(std::find_if_not(text.begin() + 1, text.end(), is_field_letter) - text.begin());
    const bool is_field = end > 1 && end < text.size() && text[end] == '`';
    named += is_field ? option_name(text.substr(1, end - 1)) : std::string(1, '`');
    text.remove_prefix(is_field ? end + 1 : 1);
  }
  return named;
}

}  // namespace vlrm

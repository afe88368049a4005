#include "text/post_processor.h"

#include "base/error.h"

namespace vlrm {
namespace {

constexpr size_t kMostPieces = 64;  // a piece may be the whole text once more
constexpr size_t kMostIds = size_t{16} << 20;

int32_t checked_id(int64_t id, const std::function<bool(int64_t)>& is_known, const std::string& source) {
  if (!is_known(id)) fail("{}: the post-processor uses the id {}, which has no token", source, id);
  return static_cast<int32_t>(id);
}

}  // namespace

PostProcessor::PostProcessor(const Json& description, const std::function<bool(int64_t)>& is_known,
                             const std::string& source) {
  if (!description.is_null()) add(description, is_known, source);
}

PostProcessor::PostProcessor(std::vector<int32_t> before, std::vector<int32_t> after)
    : template_{{{false, std::move(before)}, {true, {}}, {false, std::move(after)}}} {}

void PostProcessor::add(const Json& description, const std::function<bool(int64_t)>& is_known,
                        const std::string& source) {
  const auto type = required_field<std::string>(description, "type", source);
  if (type == "Sequence") {
    for (const Json& part : required_field<std::vector<Json>>(description, "processors", source))
      add(part, is_known, source);
  } else if (type == "ByteLevel") {
    // concerns offsets only
  } else if (type == "TemplateProcessing") {
    if (template_) fail("{}: more than one TemplateProcessing is not supported", source);
    add_template(description, is_known, source);
  } else {
    fail("{}: the post-processor \"{}\" is not supported", source, printable(type));
  }
}

void PostProcessor::add_template(const Json& description, const std::function<bool(int64_t)>& is_known,
                                 const std::string& source) {
  const auto single = required_field<std::vector<Json>>(description, "single", source);
  if (single.size() > kMostPieces) fail("{}: a template of more than {} pieces", source, kMostPieces);
  template_.emplace();
  for (const Json& piece : single) {
    if (piece.contains("Sequence")) {
      if (required_field<std::string>(piece["Sequence"], "id", source) != "A")
        fail("{}: the template of a single text uses a second one", source);
      template_->push_back({true, {}});
      continue;
    }
    const auto special = required_field<Json>(piece, "SpecialToken", source);
    const auto name = required_field<std::string>(special, "id", source);
    const auto known = required_field<Json>(description, "special_tokens", source);
    if (!known.is_object() || !known.contains(name))
      fail("{}: the template's special token \"{}\" is not among its special_tokens", source, printable(name));
    std::vector<int32_t> ids;
    for (const int64_t id : required_field<std::vector<int64_t>>(known[name], "ids", source))
      ids.push_back(checked_id(id, is_known, source));
    template_->push_back({false, std::move(ids)});
  }
}

std::vector<int32_t> PostProcessor::process(std::vector<int32_t> ids, bool add_special_tokens) const {
  if (!template_) return ids;
  size_t count = 0;
  for (const Piece& piece : *template_) count += piece.is_text ? ids.size() : piece.special.size();
  if (count > kMostIds) fail("the post-processor makes {} tokens of {}, more than {}", count, ids.size(), kMostIds);
  std::vector<int32_t> result;
  for (const Piece& piece : *template_) {
    const std::vector<int32_t>& part = piece.is_text ? ids : piece.special;
    if (piece.is_text || add_special_tokens) result.insert(result.end(), part.begin(), part.end());
  }
  return result;
}

}  // namespace vlrm

#include "merge/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <optional>
#include <sstream>

#include "base/utf8.h"

namespace vlrm {
namespace {

// Sees a stream of documents pass by before a tree is made of it. yaml-cpp takes a token that begins no node, such as
// a comma, for an empty document and stays before it: for ever, if nobody looks.
class DocumentCheck : public YAML::EventHandler {
 public:
  DocumentCheck(const std::string& source, bool several) : source_(source), several_(several) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (start_ && start_->pos == mark.pos) fail_at(source_, mark, "not valid YAML: no value can begin like this");
    start_ = mark;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { content(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override {
    content(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    content(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    content(mark);
  }
  void OnMapEnd() override {}

 private:
  void content(const YAML::Mark& mark) {
    if (!several_ && with_content_ && with_content_->pos != start_->pos)
      fail_at(source_, mark, "a second document begins here; a file holds one recipe");
    with_content_ = start_;
  }
  const std::string& source_;
  const bool several_;
  std::optional<YAML::Mark> start_, with_content_;
};

std::vector<YAML::Node> load(const std::string& yaml, const std::string& source, bool several) try {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  DocumentCheck check(source, several);
  while (parser.HandleNextDocument(check)) continue;
  std::vector<YAML::Node> documents;
  for (const YAML::Node& document : YAML::LoadAll(yaml))
    if (!document.IsNull()) documents.push_back(document);
  return documents;
} catch (const YAML::Exception& error) {
  fail_at(source, error.mark, "not valid YAML: {}", printable(error.msg));
}

}  // namespace

std::vector<YAML::Node> load_documents_or_throw(const std::string& yaml, const std::string& source) {
  return load(yaml, source, true);
}

YAML::Node load_document_or_throw(const std::string& yaml, const std::string& source) {
  const auto documents = load(yaml, source, false);
  return documents.empty() ? YAML::Node() : documents.front();
}

}  // namespace vlrm

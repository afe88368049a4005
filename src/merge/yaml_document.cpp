#include "merge/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <map>
#include <optional>
#include <sstream>

#include "base/utf8.h"

namespace vlrm {
namespace {

// Sees a stream of documents pass by before a tree is made of it. yaml-cpp takes a token that begins no node, such as
// a comma, for an empty document and stays before it: for ever, if nobody looks. And a node may stand for many others,
// by aliases of aliases.
class DocumentCheck : public YAML::EventHandler {
 public:
  // `only`: what a file holds one of; "" where there may be several.
  DocumentCheck(const std::string& source, const std::string& only) : source_(source), only_(only) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (start_ && start_->pos == mark.pos) fail_at(source_, mark, "not valid YAML: no value can begin like this");
    start_ = mark;
    sizes_.clear();
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    begin(mark, anchor);
    end();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    content(mark);
    const auto known = sizes_.find(anchor);
    if (known == sizes_.end()) fail_at(source_, mark, "an alias stands inside of what it stands for");
    count(mark, known->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string&) override {
    content(mark);
    begin(mark, anchor);
    end();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    content(mark);
    begin(mark, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    content(mark);
    begin(mark, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  static constexpr int64_t kMostNodes = 1'000'000;
  struct Open {
    YAML::anchor_t anchor;
    int64_t before;  // nodes
  };

  void content(const YAML::Mark& mark) {
    if (!only_.empty() && with_content_ && with_content_->pos != start_->pos)
      fail_at(source_, mark, "a second document begins here; a file holds one {}", only_);
    with_content_ = start_;
  }
  void count(const YAML::Mark& mark, int64_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMostNodes) fail_at(source_, mark, "aliases make it larger than {} values", kMostNodes);
  }
  void begin(const YAML::Mark& mark, YAML::anchor_t anchor) {
    open_.push_back({anchor, nodes_});
    count(mark, 1);
  }
  void end() {
    sizes_[open_.back().anchor] = nodes_ - open_.back().before;
    open_.pop_back();
  }

  std::vector<Open> open_;
  std::map<YAML::anchor_t, int64_t> sizes_;  // with what aliases in it stand for
  int64_t nodes_ = 0;
  const std::string& source_;
  const std::string& only_;
  std::optional<YAML::Mark> start_, with_content_;
};

std::vector<YAML::Node> load(const std::string& yaml, const std::string& source, const std::string& only) try {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  DocumentCheck check(source, only);
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
  return load(yaml, source, "");
}

YAML::Node load_document_or_throw(const std::string& yaml, const std::string& source, const std::string& what) {
  const auto documents = load(yaml, source, what);
  return documents.empty() ? YAML::Node() : documents.front();
}

}  // namespace vlrm

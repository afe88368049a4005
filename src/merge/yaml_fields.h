// Fields of a YAML tree, read with errors that name the source and the line.
#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "merge/yaml_document.h"

namespace vlrm {

class YamlFields {
 public:
  explicit YamlFields(std::string source) : source_(std::move(source)) {}
  const std::string& source() const { return source_; }

  template <class... Args>
  [[noreturn]] void fail_at(const YAML::Mark& mark, fmt::format_string<Args...> format, Args&&... args) const {
    vlrm::fail_at(source_, mark, format, std::forward<Args>(args)...);
  }

  // Throws unless `node` is a mapping in which each key stands once and is one of `known`. `what` is what errors call
  // it.
  void check_keys(const YAML::Node& node, std::string_view what, std::initializer_list<std::string_view> known) const;
  // Throws unless `node` is a mapping without a key that stands twice.
  std::set<std::string> keys(const YAML::Node& node, std::string_view what) const;

  YAML::Node required(const YAML::Node& node, const char* key) const;
  std::string text(const YAML::Node& node) const;  // throws where there is none, or none that is UTF-8
  std::optional<double> number(const YAML::Node& node) const;
  // true or false, and nothing for what is quoted.
  std::optional<bool> boolean(const YAML::Node& node) const;
  // A whole number between the two, or throws naming `what`.
  int64_t whole_number(const YAML::Node& node, const std::string& what, int64_t least, int64_t most) const;

 private:
  void count(const YAML::Node& node) const;
  const std::string source_;
  mutable size_t contents_ = 0;  // bytes read so far
};

}  // namespace vlrm

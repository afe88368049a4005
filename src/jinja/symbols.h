// Which names a scope has of its own.
//
// jinja2 compiles a template to a Python function and decides beforehand, for each scope, whether a name that the scope
// sets starts with the value of an outer scope, with the caller's variable, or with none. Reading such a name too early
// tells the three apart, so the same decision is made here.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace vlrm::jinja {

using NameId = int;

class Symbols {
 public:
  explicit Symbols(const Symbols* outer) : outer_(outer) {}

  // In the order in which a scope's statements do it.
  void read(NameId name);
  void set(NameId name);
  void declare(NameId name);
  // For statements that run only sometimes: it starts with what is known here, which must not change while it lives.
  Symbols branch() const;
  // What is set in some branches only.
  void join(const std::vector<Symbols>& branches);

  std::vector<NameId> starting_unset() const;

 private:
  enum class Start { given, resolved, outer, unset };
  bool has(NameId name) const;
  bool sets(NameId name) const;
  bool known(NameId name) const;
  const Symbols* outer_;
  const Symbols* before_ = nullptr;  // of a branch: what it starts with
  std::map<NameId, Start> starts_;
  std::set<NameId> sets_;
};

// Names as numbers.
class Names {
 public:
  NameId id_of(const std::string& name);
  const std::string& name_of(NameId id) const { return names_[static_cast<size_t>(id)]; }
  const std::map<std::string, NameId, std::less<>>& all() const { return ids_; }

 private:
  std::vector<std::string> names_;
  std::map<std::string, NameId, std::less<>> ids_;
};

}  // namespace vlrm::jinja

#include "jinja/symbols.h"

namespace vlrm::jinja {

bool Symbols::has(NameId name) const {
  for (const Symbols* part = this; part; part = part->before_)
    if (part->starts_.contains(name)) return true;
  return false;
}

bool Symbols::sets(NameId name) const {
  for (const Symbols* part = this; part; part = part->before_)
    if (part->sets_.contains(name)) return true;
  return false;
}

bool Symbols::known(NameId name) const {
  for (const Symbols* scope = this; scope; scope = scope->outer_)
    if (scope->has(name)) return true;
  return false;
}

Symbols Symbols::branch() const {
  Symbols symbols(outer_);
  symbols.before_ = this;
  return symbols;
}

void Symbols::read(NameId name) {
  if (!known(name)) starts_[name] = Start::resolved;
}

void Symbols::set(NameId name) {
  sets_.insert(name);
  if (!has(name)) starts_[name] = outer_ && outer_->known(name) ? Start::outer : Start::unset;
}

void Symbols::declare(NameId name) {
  sets_.insert(name);
  starts_[name] = Start::given;
}

void Symbols::join(const std::vector<Symbols>& branches) {
  std::set<NameId> fresh;
  for (const Symbols& branch : branches)
    for (const NameId name : branch.sets_)
      if (!sets(name)) fresh.insert(name);
  for (const Symbols& branch : branches) {
    for (const auto& [name, start] : branch.starts_) starts_[name] = start;
    sets_.insert(branch.sets_.begin(), branch.sets_.end());
  }
  for (const NameId name : fresh) starts_[name] = outer_ && outer_->known(name) ? Start::outer : Start::resolved;
}

std::vector<NameId> Symbols::starting_unset() const {
  std::vector<NameId> names;
  for (const auto& [name, start] : starts_)
    if (start == Start::unset) names.push_back(name);
  return names;
}

NameId Names::id_of(const std::string& name) {
  const auto [found, added] = ids_.try_emplace(name, static_cast<NameId>(names_.size()));
  if (added) names_.push_back(name);
  return found->second;
}

}  // namespace vlrm::jinja

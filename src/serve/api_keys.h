// Who may ask: a key in the header "Authorization: Bearer KEY".
#pragma once

#include <string>
#include <vector>

namespace vlrm {

class ApiKeys {
 public:
  explicit ApiKeys(std::vector<std::string> keys) : keys_(std::move(keys)) {}
  // Whether a header can hold the key: of printable ASCII without spaces, and not empty.
  static bool is_fit(const std::string& key);

  bool needed() const { return !keys_.empty(); }
  // Whether the header's value has one of the keys. The time that it takes says nothing of the keys but their lengths.
  bool admit(const std::string& authorization) const;

 private:
  std::vector<std::string> keys_;
};

}  // namespace vlrm

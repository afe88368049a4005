// A Jinja template as transformers sets Jinja up: parsed once, rendered with variables from JSON.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "jinja/clock.h"
#include "jinja/problem.h"

namespace vlrm::jinja {

class Template {
 public:
  // `text`: well-formed UTF-8. Throws Problem with the line.
  static Template parse(const std::string& text);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // `variables`: an object. Without a clock (null), strftime_now is undefined. Throws Problem with the line for what
  // the template raises or does wrong, and when it goes over a budget (nesting, steps, memory). Thread-safe.
  std::string render(const OrderedJson& variables, const Clock* clock = nullptr) const;

 private:
  struct Impl;
  explicit Template(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vlrm::jinja

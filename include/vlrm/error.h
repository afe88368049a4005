// What the functions of vlrm throw, in four kinds: input or settings that are wrong, what may go well at the next try,
// an interrupt that was asked for, and bugs of vlrm's own.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace vlrm {

// How the program ends, beside 0: done, and 128 + n: ended by signal n. 75 is what sysexits.h calls a temporary
// failure.
constexpr int kExitBug = 1, kExitBadInput = 2, kExitChanged = 3, kExitTemporary = 75;

// Bad input, or a machine that cannot do what was asked. what() is one line: what is wrong, where (file, tensor, line,
// offset) and what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& line, int exit_code = kExitBadInput)
      : std::runtime_error(line), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }  // that vlrm gives for it

 private:
  int exit_code_;
};

// An Error that may be gone at the next try: a full disk, too little memory, an output that another run is writing.
class TemporaryError : public Error {
 public:
  explicit TemporaryError(const std::string& line) : Error(line, kExitTemporary) {}
};

// The value of an option is wrong. what() is "OPTION: COMPLAINT"; a front end can put its own name for the option in
// front of the complaint.
class OptionError : public Error {
 public:
  // `option` is the name of a field in the options of a call.
  OptionError(const std::string& option, const std::string& complaint)
      : Error(option + ": " + complaint), option_(option), complaint_(complaint) {}
  const std::string& option() const { return option_; }
  const std::string& complaint() const { return complaint_; }

 private:
  std::string option_, complaint_;
};

// The work was asked to stop (see Listener). Not an Error: nothing is wrong.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

// A bug of vlrm's own. what() says where.
class BugError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace vlrm

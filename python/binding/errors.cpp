#include "errors.h"

#include <nanobind/nanobind.h>
#include <vlrm/error.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>

namespace nb = nanobind;

namespace vlrm {
namespace {

// Whatever bytes a name in it has.
nb::object text(const std::string& line) {
  return nb::steal(PyUnicode_DecodeUTF8(line.data(), static_cast<Py_ssize_t>(line.size()), "replace"));
}

template <class... Arguments>
void raise(const char* name, const Arguments&... arguments) {
  const nb::object kind = nb::module_::import_("vlrm.errors").attr(name);
  const nb::object error = kind(arguments...);
  PyErr_SetObject(kind.ptr(), error.ptr());
}

void raise(const std::error_code& cause, const std::string& line) {
  constexpr std::array kPassing{ENOSPC, EDQUOT, ENOMEM, EAGAIN, EMFILE, ENFILE, EIO, ESTALE};
  const bool passes = std::ranges::find(kPassing, cause.value()) != kPassing.end();
  raise(passes ? "TemporaryError" : "Error", text(line));
}

void translate(const std::exception_ptr& thrown, void*) try {
  std::rethrow_exception(thrown);
} catch (const OptionError& error) {
  raise("OptionError", text(error.what()), error.option().c_str());
} catch (const TemporaryError& error) {
  raise("TemporaryError", text(error.what()));
} catch (const Error& error) {
  raise("Error", text(error.what()), error.exit_code());
} catch (const Interrupted&) {
  PyErr_SetNone(PyExc_KeyboardInterrupt);
} catch (const BugError& error) {
  raise("BugError", text(error.what()));
} catch (const std::filesystem::filesystem_error& error) {
  raise(error.code(), error.path1().string() + ": " + error.code().message());
} catch (const std::system_error& error) {
  raise(error.code(), error.what());
} catch (const std::bad_alloc&) {
  raise("TemporaryError", "out of memory");
} catch (const std::exception& error) {  // nanobind keeps Python's own and those about arguments
  raise("BugError", text(error.what()));
}

}  // namespace

void translate_errors() {
  nb::register_exception_translator(translate);
}

}  // namespace vlrm

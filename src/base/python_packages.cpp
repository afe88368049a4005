#include "base/python_packages.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <regex>
#include <vector>

#include "base/command.h"
#include "base/error.h"
#include "base/file.h"
#include "base/joined.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

constexpr size_t kLongestAnswer = 1 << 16;  // bytes

struct Preferred {
  std::mutex mutex;
  std::map<std::string, fs::path> directories;
};

Preferred& preferred() {
  static Preferred one;
  return one;
}

bool is_package(const fs::path& directory) {
  std::error_code error;
  return fs::is_regular_file(directory / "__init__.py", error);
}

std::string version_of(const fs::path& directory) {
  static const std::regex assignment(R"(__version__\s*=\s*['"]([^'"]+)['"])");
  std::error_code error;
  const fs::path file = directory / "version.py";
  if (fs::is_regular_file(file, error)) {
    const std::string text = read_text_or_throw(file, 1 << 16);
    if (std::smatch found; std::regex_search(text, found, assignment)) return found[1];
  }
  const std::string name = directory.filename().string() + "-", ending = ".dist-info";
  for (const fs::directory_entry& entry : fs::directory_iterator(directory.parent_path(), error)) {
    const std::string folder = entry.path().filename().string();
    if (folder.starts_with(name) && folder.ends_with(ending))
      return folder.substr(name.size(), folder.size() - name.size() - ending.size());
  }
  return "";
}

// Thrown where a Python does not answer in time.
struct NoAnswer {};

// Asks a Python where it would import the package from, without importing it.
std::optional<fs::path> ask(const std::string& python, const PythonPackageRequest& request) {
  // The current directory, which "-c" puts first, is not where packages are installed.
  const std::string question =
      "import sys, os, importlib.util as u; sys.path[:] = [p for p in sys.path if p]; s = u.find_spec('" +
      request.name + "'); print(os.path.dirname(s.origin) if s and s.origin else '')";
  const auto end = std::chrono::steady_clock::now() + request.patience;
  const auto answer = run_command({python, "-c", question}, CommandErrors::dropped, kLongestAnswer, [end] {
    if (std::chrono::steady_clock::now() > end) throw NoAnswer();
  });
  if (!answer || answer->exit_code != 0) return std::nullopt;
  const fs::path directory = answer->output.substr(0, answer->output.find('\n'));
  return is_package(directory) ? std::optional(directory) : std::nullopt;
}

std::optional<fs::path> in_environment(const fs::path& environment, const PythonPackageRequest& request) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(environment / "lib", error)) {
    const fs::path directory = entry.path() / "site-packages" / request.name;
    if (entry.path().filename().string().starts_with("python3") && is_package(directory)) return directory;
  }
  return ask((environment / "bin/python").string(), request);  // which knows .pth files
}

// What a variable may name: the package itself, the folder that it is installed in, an environment, a Python.
std::optional<fs::path> named(const fs::path& path, const PythonPackageRequest& request) {
  std::error_code error;
  if (is_package(path) && path.filename() == request.name) return path;
  if (is_package(path / request.name)) return path / request.name;
  return fs::is_directory(path, error) ? in_environment(path, request) : ask(path.string(), request);
}

// Goes through the places until a package fits, and keeps what each of them has for the error.
class Search {
 public:
  explicit Search(const PythonPackageRequest& request) : request_(request) {}

  // Whether the package of a place, if it has one, is what was looked for. `find` gives its directory.
  bool try_place(const std::string& place, const std::function<std::optional<fs::path>()>& find) {
    std::optional<fs::path> directory;
    try {
      directory = find();
    } catch (const NoAnswer&) {
      return skip(place + " does not answer");
    }
    if (!directory) return skip(place + " has none");
    found_ = {*directory, version_of(*directory)};
    if (request_.fits(found_.version)) return true;
    return skip(place + (found_.version.empty() ? " has one of an unknown version" : " has " + found_.version));
  }
  bool skip(const std::string& what) {
    looked_.push_back(what);
    return false;
  }

  const PythonPackage& found() const { return found_; }

  [[noreturn]] void give_up() const {
    fail(
        "no {} that fits (this vlrm was built for {} {}): {}. Install one (pip install {}), or name its environment by "
        "{}",
        request_.name, request_.name, request_.wanted, printable(joined(looked_, "; "), 1000), request_.name,
        request_.variable);
  }

 private:
  const PythonPackageRequest& request_;
  PythonPackage found_;
  std::vector<std::string> looked_;
};

const char* set_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

PythonPackage find_python_package(const PythonPackageRequest& request) {
  Search search(request);
  if (const char* path = set_variable(request.variable.c_str())) {
    if (!search.try_place(fmt::format("{}, {},", request.variable, path), [&] { return named(path, request); }))
      search.give_up();
    return search.found();
  }
  search.skip(request.variable + " is not set");
  if (const auto directory = preferred_python_package(request.name))
    if (search.try_place(directory->string(), [&] { return std::optional(*directory); })) return search.found();
  bool active = false;
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const char* environment = set_variable(variable);
    active |= environment != nullptr;
    if (environment != nullptr && search.try_place(environment, [&] { return in_environment(environment, request); }))
      return search.found();
  }
  if (!active) search.skip("no environment is active");
  if (is_package(request.built_with) &&
      search.try_place(request.built_with.string(), [&] { return request.built_with; }))
    return search.found();
  if (!search.try_place("python3", [&] { return ask("python3", request); })) search.give_up();
  return search.found();
}

std::optional<fs::path> preferred_python_package(const std::string& name) {
  const std::lock_guard lock(preferred().mutex);
  const auto found = preferred().directories.find(name);
  return found == preferred().directories.end() ? std::nullopt : std::optional(found->second);
}

void prefer_python_package(const std::string& name, const fs::path& directory) {
  const std::lock_guard lock(preferred().mutex);
  preferred().directories[name] = directory;
}

}  // namespace vlrm

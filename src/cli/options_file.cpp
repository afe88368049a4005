#include "cli/options_file.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "cli/usage_errors.h"
#include "merge/yaml_document.h"
#include "merge/yaml_fields.h"

namespace vlrm {
namespace {

// CLI11 reads a file of options between the command line and the checks of what is required. It gives us the text, and
// we set the options ourselves: errors then name the line.
class OptionsFile : public CLI::Config {
 public:
  explicit OptionsFile(CLI::App& program) : program_(program) {}

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return ""; }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const auto file = program_.get_config_ptr()->as<std::string>();
    const std::string text{std::istreambuf_iterator<char>(input), {}};
    if (std::ssize(text) > kLargest) fail("{}: is too large for a file of options", file);
    const YamlFields yaml(file);
    const YAML::Node root = load_document_or_throw(text, file);
    if (root.IsNull()) return {};
    yaml.keys(root, "a file of options");
    const CLI::App& command = chosen_command(program_);
    const std::set<const CLI::Option*> given = given_options(command);
    for (const auto& entry : root) set(yaml, command, given, entry);
    return {};
  }

 private:
  static constexpr int64_t kLargest = 1 << 20;  // bytes

  static std::set<const CLI::Option*> given_options(const CLI::App& command) {
    std::set<const CLI::Option*> given;
    for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
      for (const CLI::Option* option : app->get_options())
        if (option->count() > 0) given.insert(option);
    return given;
  }

  // Null where there is none that a file can set.
  CLI::Option* find(const CLI::App& command, const std::string& name) const {
    for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
      for (const CLI::Option* option : app->get_options())
        if (option->check_lname(name) && option != program_.get_config_ptr() && option != app->get_help_ptr() &&
            option != app->get_version_ptr())
          return const_cast<CLI::App*>(app)->get_option("--" + name);
    return nullptr;
  }

  using Entry = YAML::const_iterator::value_type;

  void set(const YamlFields& yaml, const CLI::App& command, const std::set<const CLI::Option*>& given,
           const Entry& entry) const {
    std::string name = yaml.text(entry.first);
    name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
    std::ranges::replace(name, '_', '-');
    CLI::Option* option = find(command, name);
    if (option == nullptr)
      yaml.fail_at(entry.first.Mark(), "\"{}\" is not an option of {}{}", printable(entry.first.Scalar()),
                   command_path(command), unknown_option_hint(command, "--" + name));
    const auto excludes_given = [&](const CLI::Option* one) {
      return given.contains(one) ||
             std::ranges::any_of(one->get_excludes(), [&](CLI::Option* other) { return given.contains(other); });
    };
    if (excludes_given(option)) return;
    if (option->get_items_expected_max() == 0) {
      const auto value = yaml.boolean(entry.second);
      if (!value) yaml.fail_at(entry.second.Mark(), "{} is a flag: true or false", name);
      if (*value) return apply(yaml, *option, {option->get_flag_value(name, "true")}, entry.second);
      CLI::Option* opposite = find(command, "no-" + name);
      if (opposite != nullptr) apply(yaml, *opposite, {"true"}, entry.second);
      return;
    }
    apply(yaml, *option, values(yaml, name, entry), entry.second);
  }

  static std::vector<std::string> values(const YamlFields& yaml, const std::string& name, const Entry& entry) {
    const YAML::Node& node = entry.second;
    std::vector<std::string> texts;
    const auto add = [&](const YAML::Node& each) {
      if (!each.IsScalar()) yaml.fail_at(entry.first.Mark(), "{} needs a value, or a list of values", name);
      texts.push_back(each.Scalar());
    };
    if (!node.IsSequence()) add(node);
    if (node.IsSequence())
      for (const YAML::Node& each : node) add(each);
    if (texts.empty()) yaml.fail_at(entry.first.Mark(), "{} needs a value, or a list of values", name);
    return texts;
  }

  static void apply(const YamlFields& yaml, CLI::Option& option, const std::vector<std::string>& values,
                    const YAML::Node& node) {
    try {
      for (const std::string& value : values) option.add_result(value);
      option.run_callback();
    } catch (const CLI::ArgumentMismatch&) {
      yaml.fail_at(node.Mark(), "{} takes another number of values", option.get_name());
    } catch (const CLI::ParseError& error) {
      yaml.fail_at(node.Mark(), "{}", error.what());
    }
  }

  CLI::App& program_;
};

}  // namespace

void declare_options_file(CLI::App& program) {
  program
      .set_config("--options", "",
                  "A file of options (YAML), by their long names without dashes; what is on the command line wins")
      ->type_name("TEXT");
  program.config_formatter(std::make_shared<OptionsFile>(program));
}

}  // namespace vlrm

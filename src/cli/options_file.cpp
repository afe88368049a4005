#include "cli/options_file.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/utf8.h"
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
    const std::string text = read(input, file);
    const YamlFields yaml(file);
    const YAML::Node root = load_document_or_throw(text, file, "mapping of options");
    if (root.IsNull()) return {};
    yaml.keys(root, "a file of options");
    const CLI::App& command = chosen_command(program_);
    const std::set<const CLI::Option*> given = given_options(command);
    std::set<const CLI::Option*> seen;
    for (const auto& entry : root) set(yaml, command, given, seen, entry);
    return {};
  }

 private:
  using Entry = YAML::const_iterator::value_type;
  static constexpr std::streamsize kLargest = 1 << 20;  // bytes

  static std::string read(std::istream& input, const std::string& file) {
    std::string text(kLargest + 1, '\0');
    input.read(text.data(), std::ssize(text));
    if (input.bad()) fail("--options: {}: cannot be read", file);
    if (input.gcount() > kLargest) fail("{}: is too large for a file of options", file);
    text.resize(static_cast<size_t>(input.gcount()));
    const size_t wrong = std::min(utf8::first_invalid(text).value_or(text.npos), text.find('\0'));
    if (wrong != text.npos) fail("{}: a file of options is UTF-8 text, and this is not, from byte {} on", file, wrong);
    return text;
  }

  static std::set<const CLI::Option*> given_options(const CLI::App& command) {
    std::set<const CLI::Option*> given;
    for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
      for (const CLI::Option* option : app->get_options())
        if (option->count() > 0) given.insert(option);
    return given;
  }

  // Null where there is none.
  static CLI::Option* find(const CLI::App& command, const std::string& name) {
    for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
      for (const CLI::Option* option : app->get_options())
        if (option->check_lname(name)) return const_cast<CLI::App*>(app)->get_option("--" + name);
    return nullptr;
  }

  // Whether only the command line can have it.
  bool is_of_the_command_line(const CLI::App& command, const CLI::Option* option) const {
    return option == program_.get_config_ptr() || option == program_.get_version_ptr() ||
           option == program_.get_help_ptr() || option == command.get_help_ptr();
  }

  [[noreturn]] void refuse(const YamlFields& yaml, const CLI::App& command, const std::string& name,
                           const Entry& entry) const {
    const std::string key = printable(entry.first.Scalar()), path = command_path(command);
    if (find(command, name) != nullptr)
      yaml.fail_at(entry.first.Mark(), "\"{}\" is not an option of {} that a file can set", key, path);
    const auto is_called_so = [&](const CLI::App* one) { return one->check_name(name); };
    if (entry.second.IsMap() && std::ranges::any_of(subcommands_of(program_), is_called_so))
      yaml.fail_at(entry.first.Mark(), "\"{}\" is a command; its options stand in the file without it", key);
    yaml.fail_at(entry.first.Mark(), "\"{}\" is not an option of {}{}", key, path,
                 unknown_option_hint(command, "--" + name));
  }

  // `seen`: the options that the file named so far.
  void set(const YamlFields& yaml, const CLI::App& command, const std::set<const CLI::Option*>& given,
           std::set<const CLI::Option*>& seen, const Entry& entry) const {
    std::string name = yaml.text(entry.first);
    name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
    std::ranges::replace(name, '_', '-');
    CLI::Option* const opposite = find(command, "no-" + name);
    CLI::Option* const own = find(command, name);
    CLI::Option* const option = own != nullptr ? own : opposite;
    if (option == nullptr || is_of_the_command_line(command, option)) refuse(yaml, command, name, entry);
    if (!seen.insert(option).second)
      yaml.fail_at(entry.first.Mark(), "\"{}\": {} is given twice", printable(entry.first.Scalar()),
                   option->get_name());
    const auto excludes_given = [&](const CLI::Option* one) {
      return given.contains(one) ||
             std::ranges::any_of(one->get_excludes(), [&](CLI::Option* other) { return given.contains(other); });
    };
    if (excludes_given(option)) return;
    if (option->get_items_expected_max() == 0) {
      const auto value = yaml.boolean(entry.second);
      if (!value) yaml.fail_at(entry.second.Mark(), "{} is a flag: true or false", name);
      CLI::Option* const meant = *value ? own : opposite;
      if (meant != nullptr)
        apply(yaml, *meant, {meant->get_flag_value((*value ? "" : "no-") + name, "true")}, entry.second);
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

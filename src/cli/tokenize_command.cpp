// vlrm tokenize: texts to ids and back, for looking inside and for comparing with other tools.
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "base/line_reader.h"
#include "cli/commands.h"
#include "text/tokenizer.h"
#include "weights/model_files.h"

namespace vlrm {
namespace {

struct TokenizeOptions {
  std::string model, input = "-";
  bool add_special_tokens = false, decode = false, skip_special_tokens = false, no_clean_up = false;
};

std::string encoded(const Tokenizer& tokenizer, const Json& line, const TokenizeOptions& options) {
  if (!line.is_string()) fail("not a JSON string");
  std::string list;
  for (const int32_t id : tokenizer.encode(line.get_ref<const std::string&>(), options.add_special_tokens))
    list += fmt::format("{}{}", list.empty() ? "" : ", ", id);
  return "[" + list + "]";
}

std::string decoded(const Tokenizer& tokenizer, const Json& line, const TokenizeOptions& options) {
  if (!detail::holds<std::vector<int32_t>>(line)) fail("not a JSON list of ids");
  const auto ids = line.get<std::vector<int32_t>>();
  return Json(options.no_clean_up ? tokenizer.decode_as_is(ids, options.skip_special_tokens)
                                  : tokenizer.decode(ids, options.skip_special_tokens))
      .dump();
}

void run_tokenize(const TokenizeOptions& options) {
  const auto tokenizer = Tokenizer::from_directory(resolve_texts(options.model).tokenizer());
  LineReader lines(options.input);
  for (std::string line; lines.next(line);) {
    const std::string source = lines.source();
    const Json parsed = parse_json_or_throw(line, source);
    try {
      fmt::print("{}\n", options.decode ? decoded(tokenizer, parsed, options) : encoded(tokenizer, parsed, options));
    } catch (const Error& error) {
      rethrow_at(source, error);
    }
  }
}

}  // namespace

void add_tokenize_command(CLI::App& program) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = program.add_subcommand("tokenize", "JSON strings, one a line, to JSON lists of ids, or back");
  command->footer("Example: echo '\"What is this?\"' | vlrm tokenize --model MODEL\n");
  command->add_option("--model", options->model, "Directory or hub id with tokenizer.json")->required();
  command->add_option("--input", options->input, "JSON lines (default: standard input)");
  auto* add = command->add_flag("--add-special-tokens", options->add_special_tokens,
                                "Add what the tokenizer puts around a text, such as <|begin_of_text|>");
  auto* decode = command->add_flag("--decode", options->decode, "Lists of ids in, strings out")->excludes(add);
  command->add_flag("--skip-special-tokens", options->skip_special_tokens, "With --decode: leave special tokens out")
      ->needs(decode);
  command
      ->add_flag("--no-clean-up", options->no_clean_up,
                 "With --decode: keep the spaces before punctuation that tokenizer_config.json has removed")
      ->needs(decode);
  command->callback([options] { run_tokenize(*options); });
}

}  // namespace vlrm

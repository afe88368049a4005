#include <algorithm>
#include <iterator>
#include <utility>

#include "jinja/globals.h"
#include "jinja/loop.h"
#include "jinja/parser.h"

namespace vlrm::jinja {
namespace {

// Blocks of the whole template, which a chat template has no use for.
bool is_known_tag(std::string_view word) {
  static constexpr std::string_view kUnsupported[] = {"block", "extends", "include", "import", "from", "autoescape"};
  return std::find(std::begin(kUnsupported), std::end(kUnsupported), word) != std::end(kUnsupported);
}

}  // namespace

Program parse(const std::string& text) {
  Program program;
  for (const NamedFunction& global : globals()) program.names.id_of(std::string(global.name));
  program.body = Parser(tokenize(text), program.names).parse_template();
  Symbols symbols(nullptr);
  program.layout = settle_scope(program.body, symbols);
  return program;
}

Body Parser::parse_template() {
  return parse_body({});
}

bool Parser::skip_word(std::string_view word) {
  if (!is_word(word)) return false;
  ++at_;
  return true;
}

bool Parser::skip_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  ++at_;
  return true;
}

void Parser::expect_symbol(std::string_view symbol) {
  if (!skip_symbol(symbol)) fail_expected(fmt::format("'{}'", symbol));
}

void Parser::expect_word(std::string_view word) {
  if (!skip_word(word)) fail_expected(fmt::format("'{}'", word));
}

void Parser::expect(TokenKind kind, const char* what) {
  if (!is(kind)) fail_expected(what);
  ++at_;
}

std::string Parser::expect_name() {
  if (!is(TokenKind::name)) fail_expected("a name");
  return tokens_[at_++].text;
}

std::string Parser::describe() const {
  switch (now().kind) {
    case TokenKind::variable_end:
      return "end of print statement";
    case TokenKind::block_end:
      return "end of statement block";
    case TokenKind::end:
      return "end of template";
    case TokenKind::text:
      return "a string";
    case TokenKind::integer:
    case TokenKind::real:
      return "a number";
    default:
      return fmt::format("'{}'", now().text);
  }
}

void Parser::fail_expected(const std::string& what) const {
  raise_at(line(), "expected {}, got {}", what, describe());
}

Body Parser::parse_body(std::initializer_list<std::string_view> ends) {
  Deeper deeper(*this);
  Body body;
  while (!is(TokenKind::end)) {
    if (!is(TokenKind::block_begin)) {
      body.push_back(parse_output());
      continue;
    }
    ++at_;
    if (is(TokenKind::name) && std::find(ends.begin(), ends.end(), now().text) != ends.end()) return body;
    body.push_back(parse_statement());
    expect(TokenKind::block_end, "end of statement block");
  }
  if (ends.size() > 0)
    raise_at(open_blocks_.back().first, "the block '{}' has no end: '{}' is missing", open_blocks_.back().second,
             *(ends.end() - 1));
  return body;
}

// The rest of a tag, and what follows up to one of the tags `ends`. Stands at that word, or behind it.
Body Parser::parse_block(std::initializer_list<std::string_view> ends, bool drop_end) {
  skip_symbol(":");
  expect(TokenKind::block_end, "end of statement block");
  Body body = parse_body(ends);
  if (drop_end) ++at_;
  return body;
}

StatementPtr Parser::parse_output() {
  const int at = line();
  std::vector<Output::Part> parts;
  while (true) {
    if (is(TokenKind::data)) {
      parts.push_back({now().text, nullptr});
      ++at_;
    } else if (is(TokenKind::variable_begin)) {
      ++at_;
      parts.push_back({"", parse_tuple()});
      expect(TokenKind::variable_end, "end of print statement");
    } else {
      return std::make_unique<Output>(at, std::move(parts));
    }
  }
}

StatementPtr Parser::parse_statement() {
  if (!is(TokenKind::name)) fail_expected("the name of a tag");
  const int at = line();
  const std::string tag = tokens_[at_++].text;
  open_blocks_.emplace_back(at, tag);
  const auto parse = [&]() -> StatementPtr {
    if (tag == "for") return parse_for(at);
    if (tag == "if") return parse_if(at);
    if (tag == "set") return parse_set(at);
    if (tag == "macro") return parse_macro(at);
    if (tag == "call") return parse_call_block(at);
    if (tag == "filter") return parse_filter_block(at);
    if (tag == "with") return parse_with(at);
    if (tag == "generation") return parse_generation(at);
    if (tag == "print") return parse_print(at);
    if (tag == "break") return parse_jump(at, Flow::leave_loop);
    if (tag == "continue") return parse_jump(at, Flow::next_item);
    if (is_known_tag(tag)) raise_at(at, "the tag '{}' is not supported in chat templates", tag);
    raise_at(at, "unknown tag '{}'", tag);
  };
  StatementPtr statement = parse();
  open_blocks_.pop_back();
  return statement;
}

StatementPtr Parser::parse_for(int at) {
  Target target = parse_target("in", false);
  expect_word("in");
  For::Parts parts{std::move(target), parse_tuple(false, "recursive"), nullptr, false, names_.id_of("loop"), {}, {}};
  if (skip_word("if")) parts.condition = parse_expression();
  parts.recursive = skip_word("recursive");
  ++loops_;
  parts.body = parse_block({"else", "endfor"});
  --loops_;
  const bool otherwise = is_word("else");
  ++at_;
  if (otherwise) parts.otherwise = parse_block({"endfor"}, true);
  return std::make_unique<For>(at, std::move(parts));
}

StatementPtr Parser::parse_if(int at) {
  std::vector<If::Branch> branches;
  Body otherwise;
  while (true) {
    ExpressionPtr condition = parse_tuple(false);
    Body body = parse_block({"elif", "else", "endif"});
    branches.push_back({std::move(condition), std::move(body)});
    if (!skip_word("elif")) break;
  }
  const bool has_else = is_word("else");
  ++at_;
  if (has_else) otherwise = parse_block({"endif"}, true);
  return std::make_unique<If>(at, std::move(branches), std::move(otherwise));
}

StatementPtr Parser::parse_set(int at) {
  Target target = parse_target("", true);
  if (skip_symbol("=")) return std::make_unique<Set>(at, std::move(target), parse_tuple());
  ExpressionPtr filter;
  if (is_symbol("|")) filter = parse_filters(Expression::make<Captured>(at));
  Body body = parse_block({"endset"}, true);
  return std::make_unique<SetBlock>(at, std::move(target), std::move(filter), std::move(body));
}

StatementPtr Parser::parse_with(int at) {
  With::Settings settings;
  while (!is(TokenKind::block_end)) {
    if (!settings.empty()) expect_symbol(",");
    Target target = parse_target("", false);
    expect_symbol("=");
    settings.push_back({std::move(target), parse_expression()});
  }
  return std::make_unique<With>(at, std::move(settings), parse_block({"endwith"}, true));
}

StatementPtr Parser::parse_macro(int at) {
  MacroParts parts;
  parts.name = expect_name();
  const NameId name = names_.id_of(parts.name);
  parse_signature(parts);
  parse_macro_body(parts, "endmacro");
  return std::make_unique<MacroStatement>(at, name, std::move(parts));
}

void Parser::parse_signature(MacroParts& parts) {
  expect_symbol("(");
  while (!is_symbol(")")) {
    if (!parts.parameters.empty()) expect_symbol(",");
    MacroParts::Parameter parameter;
    parameter.id = target_name(now());
    parameter.name = expect_name();
    for (const auto& other : parts.parameters)
      if (other.name == parameter.name) raise_at(line(), "the parameter '{}' is there twice", other.name);
    if (skip_symbol("=")) {
      parameter.fallback = parse_expression();
    } else if (!parts.parameters.empty() && parts.parameters.back().fallback) {
      raise_at(line(), "a parameter without default follows one with a default");
    }
    parts.parameters.push_back(std::move(parameter));
  }
  expect_symbol(")");
}

void Parser::parse_macro_body(MacroParts& parts, std::string_view end) {
  mentioned_.emplace_back();
  const int loops = std::exchange(loops_, 0);
  parts.body = parse_block({end}, true);
  loops_ = loops;
  const auto uses = [&](const char* name, NameId& id) {
    id = names_.id_of(name);
    return mentioned_.back().contains(name);
  };
  const auto is_parameter = [&](const char* name) {
    return std::any_of(parts.parameters.begin(), parts.parameters.end(),
                       [&](const auto& parameter) { return parameter.name == name; });
  };
  parts.uses_caller = uses("caller", parts.caller);
  parts.uses_kwargs = uses("kwargs", parts.kwargs) && !is_parameter("kwargs");
  parts.uses_varargs = uses("varargs", parts.varargs) && !is_parameter("varargs");
  mentioned_.pop_back();
}

StatementPtr Parser::parse_call_block(int at) {
  MacroParts parts;
  if (is_symbol("(")) parse_signature(parts);
  ExpressionPtr expression = parse_expression();
  if (!dynamic_cast<const Call*>(expression.get())) raise_at(at, "expected a call");
  std::unique_ptr<const Call> call(static_cast<const Call*>(expression.release()));
  parse_macro_body(parts, "endcall");
  return std::make_unique<CallBlock>(at, std::move(call), std::move(parts));
}

StatementPtr Parser::parse_filter_block(int at) {
  ExpressionPtr filter = parse_filters(parse_filter(Expression::make<Captured>(at)));
  return std::make_unique<FilterBlock>(at, std::move(filter), parse_block({"endfilter"}, true));
}

StatementPtr Parser::parse_generation(int at) {
  const int loops = std::exchange(loops_, 0);
  Body body = parse_block({"endgeneration"}, true);
  loops_ = loops;
  return std::make_unique<Generation>(at, std::move(body));
}

StatementPtr Parser::parse_print(int at) {
  std::vector<Output::Part> parts;
  while (!is(TokenKind::block_end)) {
    if (!parts.empty()) expect_symbol(",");
    parts.push_back({"", parse_expression()});
  }
  return std::make_unique<Output>(at, std::move(parts));
}

StatementPtr Parser::parse_jump(int at, Flow flow) {
  if (loops_ == 0) raise_at(at, "'{}' outside of a loop", flow == Flow::leave_loop ? "break" : "continue");
  return std::make_unique<Jump>(at, flow);
}

NameId Parser::target_name(const Token& token) {
  static constexpr std::string_view kConstants[] = {"true", "false", "none", "True", "False", "None"};
  if (token.kind != TokenKind::name) fail_expected("a name");
  if (std::find(std::begin(kConstants), std::end(kConstants), token.text) != std::end(kConstants))
    raise_at(token.line, "cannot assign to '{}'", token.text);
  return names_.id_of(token.text);
}

Target Parser::parse_one_target(bool with_attributes) {
  if (skip_symbol("(")) {
    Deeper deeper(*this);
    Target inner = parse_target(")", false);
    expect_symbol(")");
    return inner;
  }
  const NameId name = target_name(now());
  ++at_;
  if (!with_attributes || !skip_symbol(".")) return Target::name(name);
  return Target::attribute(name, expect_name());
}

// a, or a, b: ends at "=", at the end of the tag or at `end_word`.
Target Parser::parse_target(std::string_view end_word, bool with_attributes) {
  std::vector<Target> parts;
  bool several = false;
  while (true) {
    if (is(TokenKind::block_end) || is_symbol(")") || (!end_word.empty() && is_word(end_word))) break;
    parts.push_back(parse_one_target(with_attributes));
    if (!skip_symbol(",")) break;
    several = true;
  }
  if (parts.empty()) fail_expected("a name to assign to");
  return several ? Target::parts(std::move(parts)) : std::move(parts.front());
}

}  // namespace vlrm::jinja

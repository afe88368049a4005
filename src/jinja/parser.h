// Tokens to statements and expressions.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "jinja/lexer.h"
#include "jinja/macro.h"
#include "jinja/statements.h"

namespace vlrm::jinja {

// A template as parsed.
struct Program {
  Names names;
  Body body;
  ScopeLayout layout;
};

// Throws Problem with the line. `text`: well-formed UTF-8.
Program parse(const std::string& text);

class Parser {
 public:
  Parser(std::vector<Token> tokens, Names& names) : tokens_(std::move(tokens)), names_(names) {}
  Body parse_template();

 private:
  static constexpr int kDepth = 200;  // of brackets and blocks within each other
  class Deeper;

  // Tokens.
  const Token& now() const { return tokens_[at_]; }
  const Token& after() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  int line() const { return now().line; }
  bool is(Token::Kind kind) const { return now().kind == kind; }
  static bool is(const Token& token, Token::Kind kind, std::string_view text) {
    return token.kind == kind && token.text == text;
  }
  bool is_word(std::string_view word) const { return is(now(), Token::Kind::name, word); }
  bool is_symbol(std::string_view symbol) const { return is(now(), Token::Kind::symbol, symbol); }
  bool skip_word(std::string_view word);
  bool skip_symbol(std::string_view symbol);
  void expect_symbol(std::string_view symbol);
  void expect_word(std::string_view word);
  void expect(Token::Kind kind, const char* what);
  std::string expect_name();
  std::string describe() const;
  [[noreturn]] void fail_expected(const std::string& what) const;

  // Expressions, from the loosest binding to the tightest.
  ExpressionPtr parse_expression(bool with_condition = true);
  ExpressionPtr parse_tuple(bool with_condition = true, std::string_view end_word = "", bool in_parentheses = false);
  ExpressionPtr parse_conditional();
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filters = true);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr expression);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr expression);
  ExpressionPtr parse_subscript(ExpressionPtr object);
  ExpressionPtr parse_filters(ExpressionPtr value);
  ExpressionPtr parse_filter(ExpressionPtr value);
  ExpressionPtr parse_test(ExpressionPtr value);
  std::string parse_dotted_name();
  CallArguments parse_arguments();
  void parse_argument(CallArguments& arguments);
  std::unique_ptr<Call> parse_call(ExpressionPtr function);
  template <class Operand, class Combine>
  ExpressionPtr parse_chain(Operand operand, Combine combine);
  ExpressionPtr name_expression(const Token& token);

  // Statements.
  Body parse_body(std::initializer_list<std::string_view> ends);
  Body parse_block(std::initializer_list<std::string_view> ends, bool drop_end = false);
  StatementPtr parse_statement();
  StatementPtr parse_output();
  StatementPtr parse_for(int line);
  StatementPtr parse_if(int line);
  StatementPtr parse_set(int line);
  StatementPtr parse_with(int line);
  StatementPtr parse_macro(int line);
  StatementPtr parse_call_block(int line);
  StatementPtr parse_filter_block(int line);
  StatementPtr parse_generation(int line);
  StatementPtr parse_print(int line);
  StatementPtr parse_jump(int line, Flow flow);
  void parse_signature(MacroParts& parts);
  void parse_macro_body(MacroParts& parts, std::string_view end);
  Target parse_target(std::string_view end_word, bool with_attributes);
  Target parse_one_target(bool with_attributes);
  NameId target_name(const Token& token);

  const std::vector<Token> tokens_;
  Names& names_;
  size_t at_ = 0;
  int depth_ = 0;
  int loops_ = 0;  // around the statement, within its macro
  std::vector<std::pair<int, std::string>> open_blocks_;
  std::vector<std::set<std::string>> mentioned_;  // special names, by macro around
};

class Parser::Deeper {
 public:
  explicit Deeper(Parser& parser) : parser_(parser) {
    if (parser_.depth_ >= kDepth) raise_at(parser_.line(), "is nested more than {} deep", kDepth);
    ++parser_.depth_;
  }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  ~Deeper() { --parser_.depth_; }

 private:
  Parser& parser_;
};

}  // namespace vlrm::jinja

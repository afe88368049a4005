// What follows a value: attributes, subscripts, calls, filters and tests.
#include "jinja/parser.h"

namespace vlrm::jinja {

ExpressionPtr Parser::parse_postfix(ExpressionPtr expression) {
  while (true) {
    if (is_symbol(".") || is_symbol("[")) {
      expression = parse_subscript(std::move(expression));
    } else if (is_symbol("(")) {
      expression = parse_call(std::move(expression));
    } else {
      return expression;
    }
  }
}

ExpressionPtr Parser::parse_filters_and_tests(ExpressionPtr expression) {
  while (true) {
    if (skip_symbol("|")) {
      expression = parse_filter(std::move(expression));
    } else if (skip_word("is")) {
      expression = parse_test(std::move(expression));
    } else if (is_symbol("(")) {
      expression = parse_call(std::move(expression));
    } else {
      return expression;
    }
  }
}

ExpressionPtr Parser::parse_subscript(ExpressionPtr object) {
  const int at = line();
  if (skip_symbol(".")) {
    const Token& token = now();
    ++at_;
    if (token.kind == TokenKind::name) return Expression::make<GetAttribute>(at, std::move(object), token.text);
    if (token.kind != TokenKind::integer) raise_at(token.line, "expected a name or a number after \".\"");
    return Expression::make<GetItem>(at, std::move(object),
                                     Expression::make<Constant>(at, Value::integer(token.integer)));
  }
  expect_symbol("[");
  ExpressionPtr first;
  if (!is_symbol(":")) first = parse_expression();
  if (skip_symbol(":")) {
    GetSlice::Bounds bounds;
    bounds.start = std::move(first);
    if (!is_symbol("]") && !is_symbol(":")) bounds.stop = parse_expression();
    if (skip_symbol(":") && !is_symbol("]")) bounds.step = parse_expression();
    expect_symbol("]");
    return Expression::make<GetSlice>(at, std::move(object), std::move(bounds));
  }
  if (is_symbol(",")) {
    Expressions keys;
    keys.push_back(std::move(first));
    while (skip_symbol(",")) keys.push_back(parse_expression());
    first = Expression::make<SequenceLiteral>(at, Value::Kind::tuple, std::move(keys));
  }
  expect_symbol("]");
  return Expression::make<GetItem>(at, std::move(object), std::move(first));
}

std::unique_ptr<Call> Parser::parse_call(ExpressionPtr function) {
  const int at = line();
  CallArguments arguments = parse_arguments();
  return Expression::make<Call>(at, std::move(function), std::move(arguments));
}

CallArguments Parser::parse_arguments() {
  expect_symbol("(");
  CallArguments arguments;
  bool first = true;
  while (!is_symbol(")")) {
    if (!first) {
      expect_symbol(",");
      if (is_symbol(")")) break;
    }
    first = false;
    parse_argument(arguments);
  }
  expect_symbol(")");
  return arguments;
}

void Parser::parse_argument(CallArguments& arguments) {
  const auto ensure = [&](bool valid) {
    if (!valid) raise_at(line(), "the arguments of a call are in a wrong order");
  };
  if (skip_symbol("*")) {
    ensure(!arguments.more_positional && !arguments.more_named);
    arguments.more_positional = parse_expression();
  } else if (skip_symbol("**")) {
    ensure(!arguments.more_named);
    arguments.more_named = parse_expression();
  } else if (is(TokenKind::name) && is(after(), TokenKind::symbol, "=")) {
    ensure(!arguments.more_named);
    const std::string name = now().text;
    for (const auto& [other, value] : arguments.named)
      if (other == name) raise_at(line(), "keyword argument repeated: {}", name);
    at_ += 2;
    arguments.named.emplace_back(name, parse_expression());
  } else {
    ensure(!arguments.more_positional && !arguments.more_named && arguments.named.empty());
    arguments.positional.push_back(parse_expression());
  }
}

std::string Parser::parse_dotted_name() {
  std::string name = expect_name();
  while (skip_symbol(".")) name.append(".").append(expect_name());
  return name;
}

ExpressionPtr Parser::parse_filters(ExpressionPtr value) {
  while (skip_symbol("|")) value = parse_filter(std::move(value));
  return value;
}

ExpressionPtr Parser::parse_filter(ExpressionPtr value) {
  const int at = line();
  std::string name = parse_dotted_name();
  CallArguments arguments;
  if (is_symbol("(")) arguments = parse_arguments();
  return Expression::make<Filter>(at, std::move(value), std::move(name), std::move(arguments));
}

ExpressionPtr Parser::parse_test(ExpressionPtr value) {
  const int at = line();
  const bool negated = skip_word("not");
  std::string name = parse_dotted_name();
  CallArguments arguments;
  const bool bare = is(TokenKind::name) || is(TokenKind::text) || is(TokenKind::integer) || is(TokenKind::real) ||
                    is_symbol("[") || is_symbol("{");
  if (is_symbol("(")) {
    arguments = parse_arguments();
  } else if (bare && !is_word("else") && !is_word("or") && !is_word("and")) {
    if (is_word("is")) raise_at(line(), "tests with \"is\" cannot be chained");
    Deeper deeper(*this);
    arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  ExpressionPtr test = Expression::make<Test>(at, std::move(value), std::move(name), std::move(arguments));
  if (!negated) return test;
  return Expression::make<Unary>(at, Unary::Kind::negation, std::move(test));
}

}  // namespace vlrm::jinja

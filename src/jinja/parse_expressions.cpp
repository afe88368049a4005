#include "jinja/parser.h"

namespace vlrm::jinja {
namespace {

struct OperatorSymbol {
  std::string_view symbol;
  Operator op;
};
constexpr OperatorSymbol kSums[] = {{"+", Operator::add}, {"-", Operator::subtract}};
constexpr OperatorSymbol kProducts[] = {
    {"*", Operator::multiply}, {"/", Operator::divide}, {"//", Operator::floor_divide}, {"%", Operator::modulo}};

struct ComparisonSymbol {
  std::string_view symbol;
  Comparison::Kind kind;
};
constexpr ComparisonSymbol kComparisons[] = {
    {"==", Comparison::Kind::equal},      {"!=", Comparison::Kind::not_equal}, {"<", Comparison::Kind::less},
    {"<=", Comparison::Kind::less_equal}, {">", Comparison::Kind::greater},    {">=", Comparison::Kind::greater_equal},
};

template <class Table>
auto* entry_of(const Table& table, const Token& token) {
  for (const auto& entry : table)
    if (token.kind == TokenKind::symbol && token.text == entry.symbol) return &entry;
  return static_cast<decltype(&table[0])>(nullptr);
}

}  // namespace

// operand { operator operand }, to the left. `combine` puts what stands left and the next operand together, or returns
// false where no operator follows.
template <class Operand, class Combine>
ExpressionPtr Parser::parse_chain(Operand operand, Combine combine) {
  ExpressionPtr left = (this->*operand)();
  while (combine(left, line())) continue;
  return left;
}

ExpressionPtr Parser::parse_expression(bool with_condition) {
  Deeper deeper(*this);
  return with_condition ? parse_conditional() : parse_or();
}

ExpressionPtr Parser::parse_tuple(bool with_condition, std::string_view end_word, bool in_parentheses) {
  const int at = line();
  Expressions items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) expect_symbol(",");
    if (is(TokenKind::variable_end) || is(TokenKind::block_end) || is_symbol(")") ||
        (!end_word.empty() && is_word(end_word)))
      break;
    items.push_back(parse_expression(with_condition));
    if (!is_symbol(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return std::move(items.front());
  if (!is_tuple && !in_parentheses) fail_expected("an expression");
  return Expression::make<SequenceLiteral>(at, Value::Kind::tuple, std::move(items));
}

ExpressionPtr Parser::parse_conditional() {
  return parse_chain(&Parser::parse_or, [this](ExpressionPtr& yes, int at) {
    if (!skip_word("if")) return false;
    ExpressionPtr condition = parse_or();
    ExpressionPtr no;
    if (skip_word("else")) {
      Deeper deeper(*this);
      no = parse_conditional();
    }
    yes = Expression::make<Conditional>(at, std::move(condition), std::move(yes), std::move(no));
    return true;
  });
}

ExpressionPtr Parser::parse_or() {
  return parse_chain(&Parser::parse_and, [this](ExpressionPtr& left, int at) {
    if (!skip_word("or")) return false;
    ExpressionPtr right = parse_and();
    left = Expression::make<Logical>(at, false, std::move(left), std::move(right));
    return true;
  });
}

ExpressionPtr Parser::parse_and() {
  return parse_chain(&Parser::parse_not, [this](ExpressionPtr& left, int at) {
    if (!skip_word("and")) return false;
    ExpressionPtr right = parse_not();
    left = Expression::make<Logical>(at, true, std::move(left), std::move(right));
    return true;
  });
}

ExpressionPtr Parser::parse_not() {
  const int at = line();
  if (!skip_word("not")) return parse_comparison();
  Deeper deeper(*this);
  return Expression::make<Unary>(at, Unary::Kind::negation, parse_not());
}

ExpressionPtr Parser::parse_comparison() {
  const int at = line();
  ExpressionPtr first = parse_sum();
  Comparison::Rest rest;
  while (true) {
    if (const auto* entry = entry_of(kComparisons, now())) {
      ++at_;
      rest.emplace_back(entry->kind, parse_sum());
    } else if (skip_word("in")) {
      rest.emplace_back(Comparison::Kind::in, parse_sum());
    } else if (is_word("not") && is(after(), TokenKind::name, "in")) {
      at_ += 2;
      rest.emplace_back(Comparison::Kind::not_in, parse_sum());
    } else {
      break;
    }
  }
  if (rest.empty()) return first;
  return Expression::make<Comparison>(at, std::move(first), std::move(rest));
}

ExpressionPtr Parser::parse_sum() {
  return parse_chain(&Parser::parse_concatenation, [this](ExpressionPtr& left, int at) {
    const auto* entry = entry_of(kSums, now());
    if (!entry) return false;
    ++at_;
    ExpressionPtr right = parse_concatenation();
    left = Expression::make<Binary>(at, entry->op, std::move(left), std::move(right));
    return true;
  });
}

ExpressionPtr Parser::parse_concatenation() {
  const int at = line();
  Expressions parts;
  parts.push_back(parse_product());
  while (skip_symbol("~")) parts.push_back(parse_product());
  if (parts.size() == 1) return std::move(parts.front());
  return Expression::make<Concatenation>(at, std::move(parts));
}

ExpressionPtr Parser::parse_product() {
  return parse_chain(&Parser::parse_power, [this](ExpressionPtr& left, int at) {
    const auto* entry = entry_of(kProducts, now());
    if (!entry) return false;
    ++at_;
    ExpressionPtr right = parse_power();
    left = Expression::make<Binary>(at, entry->op, std::move(left), std::move(right));
    return true;
  });
}

ExpressionPtr Parser::parse_power() {
  const int at = line();
  ExpressionPtr left = parse_unary();
  while (skip_symbol("**")) {
    ExpressionPtr right = parse_unary();
    left = Expression::make<Binary>(at, Operator::power, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr Parser::parse_unary(bool with_filters) {
  Deeper deeper(*this);
  const int at = line();
  ExpressionPtr expression;
  if (skip_symbol("-")) {
    expression = Expression::make<Unary>(at, Unary::Kind::minus, parse_unary(false));
  } else if (skip_symbol("+")) {
    expression = Expression::make<Unary>(at, Unary::Kind::plus, parse_unary(false));
  } else {
    expression = parse_primary();
  }
  expression = parse_postfix(std::move(expression));
  return with_filters ? parse_filters_and_tests(std::move(expression)) : std::move(expression);
}

ExpressionPtr Parser::name_expression(const Token& token) {
  if (token.text == "true" || token.text == "True") return Expression::make<Constant>(token.line, Value::boolean(true));
  if (token.text == "false" || token.text == "False")
    return Expression::make<Constant>(token.line, Value::boolean(false));
  if (token.text == "none" || token.text == "None") return Expression::make<Constant>(token.line, Value());
  if (token.text == "caller" || token.text == "kwargs" || token.text == "varargs")
    for (auto& names : mentioned_) names.insert(token.text);
  return Expression::make<Name>(token.line, names_.id_of(token.text));
}

ExpressionPtr Parser::parse_primary() {
  const Token& token = now();
  switch (token.kind) {
    case TokenKind::name:
      ++at_;
      return name_expression(token);
    case TokenKind::text: {
      std::string text;
      for (; is(TokenKind::text); ++at_) text += now().text;
      return Expression::make<Constant>(token.line, std::move(text));
    }
    case TokenKind::integer:
      ++at_;
      return Expression::make<Constant>(token.line, Value::integer(token.integer));
    case TokenKind::real:
      ++at_;
      return Expression::make<Constant>(token.line, Value::real(token.real));
    default:
      break;
  }
  if (is_symbol("[")) return parse_list();
  if (is_symbol("{")) return parse_dict();
  if (!skip_symbol("(")) raise_at(token.line, "unexpected {}", describe());
  ExpressionPtr inner = parse_tuple(true, "", true);
  expect_symbol(")");
  return inner;
}

ExpressionPtr Parser::parse_list() {
  const int at = line();
  expect_symbol("[");
  Expressions items;
  while (!is_symbol("]")) {
    if (!items.empty()) expect_symbol(",");
    if (is_symbol("]")) break;
    items.push_back(parse_expression());
  }
  expect_symbol("]");
  return Expression::make<SequenceLiteral>(at, Value::Kind::list, std::move(items));
}

ExpressionPtr Parser::parse_dict() {
  const int at = line();
  expect_symbol("{");
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
  while (!is_symbol("}")) {
    if (!entries.empty()) expect_symbol(",");
    if (is_symbol("}")) break;
    ExpressionPtr key = parse_expression();
    expect_symbol(":");
    entries.emplace_back(std::move(key), parse_expression());
  }
  expect_symbol("}");
  return Expression::make<DictLiteral>(at, std::move(entries));
}

}  // namespace vlrm::jinja

#include "jinja/lexer.h"

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "jinja/literals.h"
#include "python/text.h"

namespace vlrm::jinja {
namespace {

constexpr size_t kLongestName = 1000;  // looking a name up takes a step whatever its length

// Every line break as "\n", without the last one of the text.
std::string with_plain_newlines(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      out += '\n';
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
    } else {
      out += text[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(const std::string& text) : text_(with_plain_newlines(text)) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) read_until_tag();
    add(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  enum class Tag { block, variable, comment, raw };

  std::string_view rest() const { return std::string_view(text_).substr(at_); }
  bool next_is(std::string_view expected) const { return rest().starts_with(expected); }

  void add(Token::Kind kind, std::string text) {
    Token token;
    token.kind = kind;
    token.line = line_;
    token.text = std::move(text);
    tokens_.push_back(std::move(token));
  }

  void skip(size_t bytes) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(at_ + bytes), '\n'));
    at_ += bytes;
    if (bytes > 0) line_starting_ = text_[at_ - 1] == '\n';
  }

  void skip_space() { skip(rest().size() - python::trimmed(rest(), true, false).size()); }

  // Skips "{%", a sign, a keyword and what closes the tag if they stand at `from`; else says nothing.
  std::optional<size_t> keyword_tag(size_t from, std::string_view keyword, bool plus_closes) const {
    std::string_view tail = std::string_view(text_).substr(from);
    const auto drop_space = [&] { tail = python::trimmed(tail, true, false); };
    tail.remove_prefix(2);
    if (tail.starts_with('-') || tail.starts_with('+')) tail.remove_prefix(1);
    drop_space();
    if (!tail.starts_with(keyword)) return std::nullopt;
    tail.remove_prefix(keyword.size());
    drop_space();
    if (tail.starts_with("-%}")) {
      tail.remove_prefix(3);
      drop_space();
    } else if (plus_closes && tail.starts_with("+%}")) {
      tail.remove_prefix(3);
    } else if (tail.starts_with("%}")) {
      tail.remove_prefix(2);
      if (plus_closes && tail.starts_with('\n')) tail.remove_prefix(1);
    } else {
      return std::nullopt;
    }
    return text_.size() - tail.size();
  }

  // Data up to a tag at `tag`, without the white space that the tag takes away.
  void add_data(size_t tag, bool may_strip_line) {
    std::string_view data = std::string_view(text_).substr(at_, tag - at_);
    const char sign = tag + 2 < text_.size() ? text_[tag + 2] : '\0';
    if (sign == '-') {
      data = python::trimmed(data, false, true);
    } else if (sign != '+' && may_strip_line) {
      const size_t newline = data.rfind('\n');
      const size_t line_start = newline == data.npos ? 0 : newline + 1;
      if ((line_start > 0 || line_starting_) && python::trimmed(data.substr(line_start)).empty())
        data = data.substr(0, line_start);
    }
    if (!data.empty()) add(Token::Kind::data, std::string(data));
    skip(tag - at_);
  }

  void read_until_tag() {
    const auto tag = next_tag();
    if (!tag) {
      add(Token::Kind::data, std::string(rest()));
      skip(rest().size());
      return;
    }
    const auto raw_end = text_[*tag + 1] == '%' ? keyword_tag(*tag, "raw", false) : std::nullopt;
    const Tag kind = raw_end                  ? Tag::raw
                     : text_[*tag + 1] == '%' ? Tag::block
                     : text_[*tag + 1] == '{' ? Tag::variable
                                              : Tag::comment;
    add_data(*tag, kind != Tag::variable);
    if (kind == Tag::raw) {
      skip(*raw_end - at_);
      read_raw();
      return;
    }
    const int line = line_;
    skip(2);
    if (next_is("-") || next_is("+")) skip(1);
    if (kind == Tag::comment) {
      read_comment();
      return;
    }
    add(kind == Tag::block ? Token::Kind::block_begin : Token::Kind::variable_begin, "");
    tokens_.back().line = line;
    read_tag(kind == Tag::block);
  }

  std::optional<size_t> next_tag() const {
    for (size_t i = text_.find('{', at_); i != text_.npos; i = text_.find('{', i + 1)) {
      const char next = i + 1 < text_.size() ? text_[i + 1] : '\0';
      if (next == '%' || next == '{' || next == '#') return i;
    }
    return std::nullopt;
  }

  void read_comment() {
    const size_t end = text_.find("#}", at_);
    if (end == text_.npos) raise_at(line_, "the comment has no end: \"#}}\" is missing");
    const char sign = end > at_ ? text_[end - 1] : '\0';
    skip(end + 2 - at_);
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && next_is("\n")) {
      skip(1);
    }
  }

  void read_raw() {
    for (size_t i = text_.find("{%", at_); i != text_.npos; i = text_.find("{%", i + 1)) {
      const auto end = keyword_tag(i, "endraw", true);
      if (!end) continue;
      add_data(i, true);
      skip(*end - at_);
      return;
    }
    raise_at(line_, "the raw block has no end: its endraw tag is missing");
  }

  bool read_tag_end(bool block) {
    if (block && next_is("+%}")) {
      skip(3);
    } else if (next_is(block ? "-%}" : "-}}")) {
      skip(3);
      skip_space();
    } else if (next_is(block ? "%}" : "}}")) {
      skip(2);
      if (block && next_is("\n")) skip(1);
    } else {
      return false;
    }
    return true;
  }

  void read_tag(bool block) {
    std::string open_brackets;
    while (at_ < text_.size()) {
      const int line = line_;
      if (open_brackets.empty() && read_tag_end(block)) {
        add(block ? Token::Kind::block_end : Token::Kind::variable_end, "");
        tokens_.back().line = line;
        return;
      }
      if (python::is_space(utf8::first(rest()).value)) {
        skip_space();
      } else if (!read_literal() && !read_name()) {
        read_symbol(open_brackets);
      }
    }
  }

  bool read_literal() {
    try {
      const bool after_dot = at_ > 0 && text_[at_ - 1] == '.';
      Literal literal = literal_at(rest(), !after_dot);
      if (literal.length == 0) return false;
      literal.token.line = line_;
      tokens_.push_back(std::move(literal.token));
      skip(literal.length);
      return true;
    } catch (const Problem& problem) {
      raise_at(line_, "{}", problem.what());
    }
  }

  bool read_name() {
    std::string_view tail = rest();
    if (!python::is_identifier_start(utf8::first(tail).value)) return false;
    while (!tail.empty() && python::is_identifier_part(utf8::first(tail).value))
      tail.remove_prefix(utf8::first(tail).length);
    const size_t length = rest().size() - tail.size();
    if (length > kLongestName) raise_at(line_, "a name of more than {} bytes is not supported", kLongestName);
    add(Token::Kind::name, std::string(rest().substr(0, length)));
    skip(length);
    return true;
  }

  void read_symbol(std::string& open_brackets) {
    static constexpr std::string_view kDouble[] = {"//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view kSingle = "+-/*%~[](){}><=.:|,;";
    const auto twin =
        std::find_if(std::begin(kDouble), std::end(kDouble), [&](auto symbol) { return next_is(symbol); });
    const size_t length = twin != std::end(kDouble) ? 2 : 1;
    const char first = text_[at_];
    if (length == 1 && kSingle.find(first) == kSingle.npos)
      raise_at(line_, "unexpected character '{}'", rest().substr(0, utf8::first(rest()).length));
    if (length == 1) match_brackets(open_brackets, first);
    add(Token::Kind::symbol, std::string(rest().substr(0, length)));
    skip(length);
  }

  void match_brackets(std::string& open_brackets, char symbol) const {
    if (symbol == '(' || symbol == '[' || symbol == '{') {
      open_brackets += symbol == '(' ? ')' : symbol == '[' ? ']' : '}';
    } else if (symbol == ')' || symbol == ']' || symbol == '}') {
      if (open_brackets.empty()) raise_at(line_, "unexpected '{}'", symbol);
      if (open_brackets.back() != symbol)
        raise_at(line_, "unexpected '{}', expected '{}'", symbol, open_brackets.back());
      open_brackets.pop_back();
    }
  }

  const std::string text_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const std::string& text) {
  return Lexer(text).run();
}

}  // namespace vlrm::jinja

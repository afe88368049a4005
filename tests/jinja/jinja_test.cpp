// What templates can say, a line each. The expected texts are jinja2 3.1.6's.
#include <thread>

#include "jinja/template.h"
#include "support/support.h"

namespace vlrm::jinja {
namespace {

std::string render(const std::string& text, const std::string& variables = "{}") {
  return Template::parse(text).render(parse_ordered_json_or_throw(variables, "variables"));
}

std::string error(const std::string& text, const std::string& variables = "{}") {
  try {
    return "no error, but: " + render(text, variables);
  } catch (const Problem& problem) {
    return fmt::format("line {}: {}", problem.line(), problem.what());
  }
}

struct Case {
  const char *text, *expected;
};

void check(std::initializer_list<Case> cases, const std::string& variables = "{}") {
  for (const auto& [text, expected] : cases) EXPECT_EQ(render(text, variables), expected) << text;
}

TEST(Jinja, WhiteSpaceAroundTags) {
  check({{"a\n", "a"},
         {"a\n\n", "a\n"},
         {"a\r\nb\rc", "a\nb\nc"},
         {"  {% if true %}\nx\n  {% endif %}\ny", "x\ny"},
         {"  {%+ if true %}\nx{% endif +%}\ny", "  x\ny"},
         {" a {%- if true -%} b {%- endif -%} c ", " abc "},
         {"x {{- 1 -}} \n y", "x1y"},
         {"  {# c #}\n  z", "  z"},
         {"  {#- c -#}\n  z", "z"},
         {"q {% raw %}{{ x }}{% endraw %} r", "q {{ x }} r"},
         {"q {%- raw -%} {{ x }} {%- endraw -%} r", "q{{ x }}r"},
         {"{{ '{%' }}{{ \"}}\" }}", "{%}}"},
         {"1\n  {{ 2 }}\n3", "1\n  2\n3"}});
}

TEST(Jinja, LiteralsPrintAsPythonPrintsThem) {
  check({{"{{ 1 }} {{ 1.0 }} {{ 1e3 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }}",
          "1 1.0 1000.0 1e+16 1e-05 0.30000000000000004"},
         {"{{ 0x1f }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }}", "31 5 15 1000"},
         {"{{ true }} {{ False }} {{ none }} {{ nope }}", "True False None "},
         {"{{ [1, 'a', none, nope] }} {{ (1,) }} {{ () }}", "[1, 'a', None, Undefined] (1,) ()"},
         {"{{ {'a': 1, 2: [3.5]} }}", "{'a': 1, 2: [3.5]}"},
         {"{{ {1: 'a', 1.0: 'b', true: 'c'} }}", "{1: 'c'}"},
         {R"({{ ["it's", 'q"', '\'"', '\n\x00é\u200b'] }})", R"(["it's", 'q"', '\'"', '\n\x00é\u200b'])"},
         {R"({{ 'a' "b" 'c' }}{{ '\q\101\
z' }})",
          R"(abc\qAz)"},
         {"{{ 1, 2 }}", "(1, 2)"}});
}

TEST(Jinja, Operators) {
  check(
      {{"{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}", "3 -4 2 -2 3.0 0.5"},
       {"{{ 7 / 2 }} {{ 4 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}", "3.5 2.0 1024 0.5 64 4"},
       {"{{ 'a' + 'b' }} {{ [1] + [2] }} {{ 'ab' * 2 }} {{ 2 * [1] }} {{ true + 1 }}", "ab [1, 2] abab [1, 1] 2"},
       {"{{ 1 ~ 'a' ~ none ~ nope ~ 2.0 }}", "1aNone2.0"},
       {"{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 1 == 1.0 }} {{ '1' == 1 }} {{ [1] == (1,) }}",
        "True False True False False"},
       {"{{ 'a' in 'cat' }} {{ 1 not in [2] }} {{ 'x' in {'x': 1} }} {{ not 1 in [1] }}", "True True True False"},
       {"{{ 1 and 0 or 'x' }} {{ [] or 'y' }} {{ not '' }}", "x y True"},
       {"{{ 'yes' if 1 else 'no' }} {{ 'yes' if 0 }}.", "yes ."},
       {"{{ 'abcdef'[1:4] }} {{ 'abc'[::-1] }} {{ [1,2,3][-1] }} {{ [1,2,3][5:] }} {{ '日本語'[1] }}",
        "bcd cba 3 [] 本"}});
}

TEST(Jinja, Statements) {
  check(
      {{"{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }},{% endfor %}", "3,7,"},
       {"{% for x in [] %}a{% else %}none{% endfor %}", "none"},
       {"{% for x in range(9) if x is odd %}{{ loop.index }}{{ x }}{{ loop.last }} {% endfor %}",
        "11False 23False 35False 47True "},
       {"{% for x in range(9) %}{% if x == 2 %}{% continue %}{% elif x > 4 %}{% break %}{% endif %}{{ x }}{% endfor %}",
        "0134"},
       {"{% for x in [[1, [2]], 3] recursive %}{{ loop(x) if x is sequence else x }}{{ loop.depth }} {% endfor %}",
        "12 23 2 1 31 "},
       {"{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", "231"},
       {"{% set ns = namespace(a=1) %}{% for i in [1, 2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}",
        "4"},
       {"{% set a, (b, c) = 1, 'xy' %}{{ a }}{{ b }}{{ c }}", "1xy"},
       {"{% set x | upper %}a{{ 1 }}b{% endset %}{{ x }}", "A1B"},
       {"{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }} {{ m(1, 3, 4, k=5) }}",
        "12(){} 13(4,){'k': 5}"},
       {"{% macro m() %}<{{ caller('x') }}>{% endmacro %}{% call(y) m() %}{{ y }}!{% endcall %}", "<x!>"},
       {"{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "12"},
       {"{% filter upper | trim %} a {% endfilter %}", "A"},
       {"{% generation %}x{% set y = 1 %}{% endgeneration %}{{ y }}", "x"},
       {"{% if nope %}a{% elif 1 %}b{% else %}c{% endif %}", "b"}});
}

TEST(Jinja, Ranges) {
  check({{"{% set r = range(1, 10, 3) %}{{ r }} {{ r.count(4) }} {{ r.count('x') }} {{ r.index(7) }} {{ r.step }}",
          "range(1, 10, 3) 1 0 2 3"},
         {"{{ range(5)[1:4] }} {{ range(3) == range(0, 3, 1) }}", "range(1, 4) True"}});
  EXPECT_EQ(error("{{ range(3).index(3) }}"), "line 1: 3 is not in range");
}

// A scope that sets a name later on does not see the caller's variable of that name, as in the Python that jinja2
// makes of it.
TEST(Jinja, NamesThatAreSetLater) {
  const std::string variables = R"({"x": "given"})";
  check({{"{{ x }}{% set x = 1 %}{{ x }}", "given1"},
         {"{% for i in [1] %}{{ x }}{% endfor %}{% set x = 1 %}{{ x }}", "1"},
         {"{% if false %}{% set x = 1 %}{% endif %}{{ x }}", "given"},
         {"{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}", "2"}},
        variables);
}

TEST(Jinja, AttributesItemsAndMethods) {
  const std::string variables = R"({"d": {"a": 1, "items": 2, "k": {"b": [10, 20]}}, "s": "Hello World"})";
  check({{"{{ d.a }} {{ d['a'] }} {{ d.nope }} {{ d['items'] }} {{ d.k.b.1 }} {{ d.get('z', 'Z') }}", "1 1  2 20 Z"},
         {"{% for k, v in d.items() %}{{ k }};{% endfor %}{{ d.keys() }}", "a;items;k;dict_keys(['a', 'items', 'k'])"},
         {"{{ s.split() }} {{ s.lower() }} {{ s.replace('l', 'L', 1) }} {{ s.find('o', 5) }} {{ s.title() }}",
          "['Hello', 'World'] hello world HeLlo World 7 Hello World"},
         {"{{ '{} {1}'.__class__ }}|{{ ' a '.strip() }}|{{ d.update }}", "|a|"},
         {"{{ 'straße ΑΣ'.upper() }} {{ 'ΑΣ'.lower() }} {{ 'ǆ ﬁ'.title() }} {{ 'é'|length }}", "STRASSE ΑΣ ας ǅ Fi 1"}},
        variables);
}

TEST(Jinja, FiltersAndTests) {
  check(
      {{"{{ [3, 1, 2]|sort }} {{ ['b', 'A']|sort }} {{ [1, 2]|map('string')|join('-') }}", "[1, 2, 3] ['A', 'b'] 1-2"},
       {"{{ {'b': 1, 'a': [none, true, 1.5]}|tojson }}", R"({"b": 1, "a": [null, true, 1.5]})"},
       {"{{ {'b': 1, 'a': 'é'}|tojson(indent=1, sort_keys=true, ensure_ascii=true) }}",
        "{\n \"a\": \"\\u00e9\",\n \"b\": 1\n}"},
       {"{{ 2.5|round }} {{ 2.675|round(2) }} {{ '3.7'|int }} {{ 'x'|int(5) }} {{ '1e2'|float }}",
        "2.0 2.67 3 5 100.0"},
       {"{{ nope|default('d') }} {{ ''|default('d', true) }} {{ 'a b'|title }} {{ 'x'|indent }}", "d d A B x"},
       {"{{ 'a<b'|e }} {{ ('a'|safe) + '<' }}", "a&lt;b a&lt;"},
       {"{{ nope is defined }} {{ 1 is integer }} {{ 1.0 is float }} {{ true is integer }} {{ 'a' is string }}",
        "False True True False True"},
       {"{{ {} is mapping }} {{ 'a' is iterable }} {{ 4 is divisibleby 2 }} {{ 3 is in [3] }} {{ 1 is not none }}",
        "True True True True True"}});
}

TEST(Jinja, ErrorsNameTheLine) {
  EXPECT_EQ(error("\n{{ a.b }}"), "line 2: 'a' is undefined");
  EXPECT_EQ(error("{{ 1 +\n 'a' }}"), "line 1: unsupported operand type(s) for +: 'int' and 'str'");
  EXPECT_EQ(error("\n\n{{ raise_exception('no\nway') }}"), "line 3: no\nway");
  EXPECT_EQ(error("{% if 1 %}\n{% for %}"), "line 2: expected a name to assign to, got end of statement block");
  EXPECT_EQ(error("{% if 1 %}"), "line 1: the block 'if' has no end: 'endif' is missing");
  EXPECT_EQ(error("{% endif %}"), "line 1: unknown tag 'endif'");
  EXPECT_EQ(error("{% break %}"), "line 1: 'break' outside of a loop");
  EXPECT_EQ(error("{% include 'x' %}"), "line 1: the tag 'include' is not supported in chat templates");
  EXPECT_EQ(error("{# open"), "line 1: the comment has no end: \"#}\" is missing");
  EXPECT_EQ(error("{% raw %}"), "line 1: the raw block has no end: its endraw tag is missing");
  EXPECT_EQ(error("{{ (1] }}"), "line 1: unexpected ']', expected ')'");
  EXPECT_EQ(error("{{ 1 ! }}"), "line 1: unexpected character '!'");
  EXPECT_EQ(error("{{ 'a }}"), "line 1: unexpected character '''");
  EXPECT_EQ(error("{{ x|nope }}"), "line 1: no filter named 'nope'");
  EXPECT_EQ(error("{{ 1 is nope }}"), "line 1: no test named 'nope'");
  EXPECT_EQ(error("{{ '%d' % 1 }}"), "line 1: formatting text with % is not supported: join it with ~");
  EXPECT_EQ(error("{{ '%d'|format(1) }}"), "line 1: the filter 'format' is not supported");
  EXPECT_EQ(error("{{ '{}'.format(1) }}"), "line 1: the method 'format' of text is not supported");
  EXPECT_EQ(error("{{ x|urlize }}"), "line 1: the filter 'urlize' is not supported");
  EXPECT_EQ(error("{{ 99999999999999999999 }}"),
            "line 1: the integer is too large: more than 64 bits are not supported");
  EXPECT_EQ(error("{{ x }}", R"({"x": 18446744073709551615})"),
            "line 1: integers of more than 64 bits are not supported");
  EXPECT_EQ(error("{{ {}.update(a=1) }}"), "line 1: access to attribute 'update' of 'dict' object is unsafe.");
  EXPECT_EQ(error("{{ nope() }}"), "line 1: 'nope' is undefined");
  EXPECT_EQ(error("{{ strftime_now('%Y') }}"), "line 1: 'strftime_now' is undefined");
  EXPECT_EQ(error("{% set a.b = 1 %}"), "line 1: cannot assign attribute on non-namespace object");
  EXPECT_EQ(error("{{ [1]|tojson(indent=range) }}"),
            "line 1: 'builtin_function_or_method' object cannot be interpreted as an integer");
}

// Python's own limits stop these; ours have to.
TEST(Jinja, Budgets) {
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(error(text).find(part), std::string::npos) << text.substr(0, 80) << ": " << error(text);
  };
  has("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "is nested too deep");
  has("{% macro f() %}{% if 1 %}{% for x in [1] %}{{ f()|upper }}{% endfor %}{% endif %}{% endmacro %}{{ f() }}",
      "is nested too deep");
  has("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "is nested too deep");
  has("{% set n = namespace(x=[1]) %}{% for i in range(50000) %}{% set n.x = n.x|select %}{% endfor %}{{ n.x|list }}",
      "is nested too deep");
  has("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "runs too long");
  has("{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}", "needs too much memory");
  has("{{ 'a' * 10 ** 9 }}", "needs too much memory");
  has("{{ [1] * 10 ** 9 }}", "needs too much memory");
  has("{{ 'x'.center(10 ** 12) }}", "needs too much memory");
  has("{{ ('a' * 9999999)|replace('a', 'b' * 99999) }}", "needs too much memory");
  has("{{ [1]|batch(10 ** 12, 0)|list }}", "needs too much memory");
  has("{{ [[1]]|tojson(indent=10 ** 8) }}", "needs too much memory");
  has("{{ [1]|slice(10 ** 12)|list }}", "runs too long");
  has("{{ range(10 ** 9) }}", "range too big");
  has("{% set n = namespace() %}{% set n.n = n %}{{ n }}", "values are nested");
  has("{% set n = namespace(x=[], y=[]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}"
      "{% endfor %}{{ n.x == n.y }}",
      "runs too long");
  has("{{ " + std::string(9999, '(') + "1" + std::string(9999, ')') + " }}", "is nested more than");
  has("{{ " + std::string(9999, '-') + "1 }}", "is nested more than");
  std::string sum = "{{ 1", attributes = "{{ a", blocks;
  for (int i = 0; i < 9999; ++i) {
    sum += "+1";
    attributes += ".b";
    blocks += "{% if 1 %}";
  }
  has(sum + " }}", "an expression of more than 200 levels");
  has(attributes + " }}", "an expression of more than 200 levels");
  has(blocks, "is nested more than");
}

TEST(Jinja, RendersInManyThreads) {
  const auto shared = Template::parse("{% for i in range(50) %}{{ 'a' ~ i }}{{ x|tojson }}{% endfor %}");
  const OrderedJson variables = {{"x", {1, "é"}}};
  const std::string expected = shared.render(variables);
  std::vector<std::string> texts(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& text : texts) threads.emplace_back([&] { text = shared.render(variables); });
  }
  for (const std::string& text : texts) EXPECT_EQ(text, expected);
}

}  // namespace
}  // namespace vlrm::jinja

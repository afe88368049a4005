// What templates may cost: each of these is a few bytes and would take minutes, or gigabytes.
#include <gmock/gmock.h>

#include <chrono>

#include "jinja/template.h"
#include "support/support.h"

namespace vlrm::jinja {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

std::string outcome_of(const std::string& text) {
  try {
    return "rendered: " + Template::parse(text).render(OrderedJson::object()).substr(0, 100);
  } catch (const Problem& problem) {
    return problem.what();
  }
}

constexpr const char* kLoop = "{% for i in range(100000) %}{% for j in range(1000) %}";
constexpr const char* kEnd = "{% endfor %}{% endfor %}";

TEST(JinjaCosts, SearchesTakeTheTimeOfTheirLength) {
  const char* set = "{% set t = 'a' * 4000000 %}{% set p = 'a' * 2000000 ~ 'b' %}";
  for (const char* search :
       {"{{ t.count(p) }}", "{{ t.find(p) }}", "{{ t.rfind('b' ~ p) }}", "{{ p in t }}", "{{ t.split(p) | length }}",
        "{{ t.rsplit('b' ~ p) | length }}", "{{ t.replace(p, '') | length }}", "{{ t | replace(p, '') | length }}",
        "{{ t.partition(p) | length }}", "{{ t.rpartition('b' ~ p) | length }}",
        "{{ t.strip('b' * 2000000) | length }}", "{{ t | trim(p) | length }}"}) {
    const auto start = Clock::now();
    EXPECT_THAT(outcome_of(std::string(set) + search),
                AnyOf(HasSubstr("rendered: "), HasSubstr("runs too long"), HasSubstr("too much memory")))
        << search;
    EXPECT_LT(Clock::now() - start, testing::kSlower * std::chrono::seconds(10)) << search;
  }
}

TEST(JinjaCosts, WhatALoopDoesIsCounted) {
  if (testing::kSlower > 1) GTEST_SKIP() << "sanitizers make each step slow";
  const std::string set = "{% set s = '1' * 1000000 %}{% set ns = namespace(" + std::string(1000, 'n') + "=1) %}";
  for (const char* body :
       {"{% set x = s | float %}", "{% set x = s.startswith(s) %}", "{% set x = s.endswith((s, s, s)) %}",
        "{% set x = s.removeprefix(s ~ '') %}", "{% set x = s.isprintable() %}", "{% set x = s.istitle() %}",
        "{% set x = s is upper %}", "{% set x = s.isidentifier() %}", "{% set x = s | truncate(5000000, end=s) %}",
        "{% set x = s | wordcount %}", "{% set x = ns[s] %}", "{% set x = strftime_now %}{% set x = s in s %}"}) {
    const auto start = Clock::now();
    EXPECT_THAT(outcome_of(set + kLoop + body + kEnd), AnyOf(HasSubstr("runs too long"), HasSubstr("too much memory")))
        << body;
    EXPECT_LT(Clock::now() - start, testing::kSlower * std::chrono::seconds(20)) << body;
  }
}

TEST(JinjaCosts, PartsOfLongTextsDoNotFillTheMemory) {
  if (testing::kSlower > 1) GTEST_SKIP() << "sanitizers make each step slow";
  for (const char* text : {"{{ ('a' * 100000000)[1:] | length }}", "{{ ('a' * 100000000).split('a') | length }}",
                           "{{ ('a ' * 50000000).split() | length }}",
                           "{{ ('\\n' * 100000000).splitlines() | length }}", "{{ ('<' * 60000000) | e | length }}",
                           "{{ ('a' * 100000000)[::2] | length }}", "{{ ('a' * 100000000).upper() | length }}"})
    EXPECT_THAT(outcome_of(text), AnyOf(HasSubstr("rendered: "), HasSubstr("too much memory"), HasSubstr("too long")))
        << text;
}

TEST(JinjaCosts, ManyNamesAreCountedToo) {
  if (testing::kSlower > 1) GTEST_SKIP() << "sanitizers make each step slow";
  std::string sets, parameters, ifs;
  for (int i = 0; i < 30'000; ++i) {
    sets += fmt::format("{{% set n{} = 1 %}}", i);
    parameters += fmt::format("{}p{}", i > 0 ? "," : "", i);
    ifs += fmt::format("{{% if x %}}{{% set m{} = 1 %}}{{% endif %}}", i);
  }
  const auto start = Clock::now();
  EXPECT_THAT(outcome_of(sets + kLoop + "{{ n0 }}{{ n29999 }}" + kEnd), HasSubstr("runs too long"));
  EXPECT_THAT(outcome_of("{% macro m(" + parameters + ") %}{% endmacro %}" + kLoop + "{{ m() }}" + kEnd),
              AnyOf(HasSubstr("runs too long"), HasSubstr("too much memory")));
  EXPECT_THAT(outcome_of(ifs), HasSubstr("rendered: "));
  EXPECT_LT(Clock::now() - start, testing::kSlower * std::chrono::seconds(30));
  EXPECT_THAT(outcome_of("{{ " + std::string(1001, 'n') + " }}"), HasSubstr("a name of more than 1000 bytes"));
}

// What a branch sets is known behind it, and in branches within it.
TEST(JinjaCosts, BranchesStillKnowWhatCameBefore) {
  EXPECT_EQ(outcome_of("{% set a = 1 %}{% if a %}{% if a %}{% set b = a + 1 %}{% endif %}{{ b }}{% endif %}{{ b }}"),
            "rendered: 22");
  EXPECT_EQ(outcome_of("{% if false %}{% set b = 1 %}{% elif true %}{% set b = 2 %}{% else %}{% set c = 3 %}{% endif %}"
                       "{{ b }}{{ c is defined }}"),
            "rendered: 2False");
}

TEST(JinjaCosts, SlicesAndSplitsAreThoseOfPython) {
  EXPECT_EQ(outcome_of("{{ 'abcdef'[1:5:2] }} {{ 'abcdef'[::-1] }} {{ 'äöü'[1:] }} {{ 'äöü'[::-2] }} {{ 'ab'[5:] }}"),
            "rendered: bd fedcba öü üä ");
  EXPECT_EQ(
      outcome_of("{{ [1,2,3,4][::-2] }} {{ [1,2,3][1:1] }} {{ 'aaa'.rsplit('aa') }} {{ 'a,b,c'.rsplit(',', 1) }}"),
      "rendered: [4, 2] [] ['a', ''] ['a,b', 'c']");
  EXPECT_EQ(outcome_of("{{ ' a b  c '.split(none, 1) }} {{ ' a b c '.rsplit(none, 1) }} {{ 'abab'.rfind('ab') }} "
                       "{{ 'abab'.rpartition('ab') }} {{ 'xxayx'.strip('yx') }}"),
            "rendered: ['a', 'b  c '] [' a b', 'c'] 2 ('ab', 'ab', '') a");
}

}  // namespace
}  // namespace vlrm::jinja

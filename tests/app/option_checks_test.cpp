#include <vlrm/compare.h>
#include <vlrm/evaluate.h>
#include <vlrm/generate.h>
#include <vlrm/merge.h>
#include <vlrm/report.h>
#include <vlrm/score.h>
#include <vlrm/write.h>

#include <cmath>

#include "app/option_checks.h"
#include "base/error.h"
#include "support/support.h"

namespace vlrm::testing {
namespace {

// The option that a use case says is wrong, before it opens anything; "" if it names none.
template <class Options, class Result>
std::string wrong_option(Result (*use_case)(const Options&), const std::function<void(Options&)>& set) {
  Options options;
  set(options);
  try {
    use_case(options);
  } catch (const OptionError& error) {
    return error.option();
  }
  return "";
}

std::string wrong_in_score(const std::function<void(ScoreOptions&)>& set) {
  return wrong_option<ScoreOptions>(score, [&](ScoreOptions& options) {
    options.model.model = "m";
    options.responses = {"r"};
    set(options);
  });
}

TEST(OptionChecks, ScoringNeedsResponsesAndSomebodyToTakeTheLines) {
  EXPECT_EQ(wrong_in_score([](auto& options) { options.responses.clear(); }), "responses");
  EXPECT_EQ(wrong_in_score([](auto& options) { options.model.max_length = 0; }), "max_length");
  EXPECT_EQ(wrong_in_score([](auto& options) { options.model.truncation = "left"; }), "truncation");
  EXPECT_EQ(wrong_in_score([](auto& options) { options.model.recipe = "r.yml"; }), "model");
  EXPECT_EQ(wrong_option<ScoreFileOptions>(score_file, [](auto&) {}), "input");
  EXPECT_EQ(wrong_option<ScoreFileOptions>(score_file, [](auto& options) { options.input = "i"; }), "output");
}

TEST(OptionChecks, NumbersOfAMergeGoWithAMethod) {
  EXPECT_EQ(wrong_in_score([](auto& options) { options.model.weight = 0.5; }), "method");
  EXPECT_EQ(wrong_in_score([](auto& options) { options.model.method = "ties"; }), "model");
  const auto merging = [](const std::function<void(ModelOptions&)>& set) {
    return wrong_in_score([&](auto& options) {
      options.model.model.clear();
      options.model.vlm = "v";
      options.model.rm = "r";
      set(options.model);
    });
  };
  EXPECT_EQ(merging([](auto&) {}), "vlm");
  EXPECT_EQ(merging([](auto& model) { model.method = "tie"; }), "method");
  EXPECT_EQ(merging([](auto& model) {
              model.recipe = "r.yml";
              model.density = 1;
            }),
            "recipe");
  EXPECT_EQ(wrong_option<SweepOptions>(sweep, [](auto& options) { options.evaluate.model.method = "ties"; }), "method");
  EXPECT_EQ(wrong_option<EvaluateOptions>(evaluate,
                                          [](auto& options) {
                                            options.mode = "random";
                                            options.output = "o";
                                            options.model.weight_rm = 1;
                                          }),
            "mode");
}

TEST(OptionChecks, ALimitIsAboveZero) {
  EXPECT_EQ(wrong_option<ScoreFileOptions>(score_file,
                                           [](auto& options) {
                                             options.input = "i";
                                             options.limit = 0;
                                           }),
            "limit");
  EXPECT_EQ(wrong_option<CaptionOptions>(caption, [](auto& options) { options.write.limit = -1; }), "limit");
  EXPECT_EQ(wrong_option<AnswersOptions>(answers, [](auto& options) { options.write.limit = 0; }), "limit");
}

TEST(OptionChecks, OutputsAndModelsAreNamed) {
  EXPECT_EQ(wrong_option<EvaluateOptions>(evaluate, [](auto& options) { options.mode = "random"; }), "output");
  EXPECT_EQ(wrong_option<BuildOptions>(build, [](auto&) {}), "output");
  EXPECT_EQ(wrong_option<ReportFileOptions>(write_report, [](auto&) {}), "output");
  const auto text_name = [](auto& options) { options.output = "report", options.results = {"run"}; };
  EXPECT_EQ(wrong_option<ReportFileOptions>(write_report, text_name), "output");
  EXPECT_EQ(wrong_option<MapOptions>(map, [](auto& options) { options.output.null_sink = true; }), "text");
  EXPECT_EQ(wrong_option<CheckModelsOptions>(check_models, [](auto& options) { options.vlm = "v"; }), "rm");
}

TEST(OptionChecks, NumbersAreInTheirRange) {
  for (const int64_t number : {0, -1}) {
    EXPECT_EQ(wrong_option<GenerateOptions>(generate, [&](auto& options) { options.texts = number; }), "texts");
    EXPECT_EQ(wrong_option<GenerateOptions>(generate, [&](auto& options) { options.max_new_tokens = number; }),
              "max_new_tokens");
    EXPECT_EQ(wrong_option<BuildOptions>(build,
                                         [&](auto& options) {
                                           options.output.directory = "o";
                                           options.output.max_shard_bytes = number;
                                         }),
              "max_shard_bytes");
    EXPECT_EQ(wrong_option<ScoreFileOptions>(score_file,
                                             [&](auto& options) {
                                               options.input = "i";
                                               options.batch_samples = number;
                                             }),
              "batch_samples");
  }
  for (const int64_t number : {int64_t{0}, int64_t{1'000'001}, int64_t{1} << 40}) {
    EXPECT_EQ(wrong_option<GenerateOptions>(generate, [&](auto& options) { options.texts = number; }), "texts");
    EXPECT_EQ(wrong_option<AnswersOptions>(answers, [&](auto& options) { options.texts = number; }), "texts");
  }
  for (const double top : {0.0, 2.0, std::nan("")})
    EXPECT_EQ(wrong_option<CompareOptions>(compare,
                                           [&](auto& options) {
                                             options.page = "p";
                                             options.top = top;
                                           }),
              "top");
}

TEST(OptionChecks, WhatAnotherTryMayNotMeetIsNoOptionsFault) {
  const auto thrown = [](const std::function<void()>& work) {
    try {
      naming_option("date", work);
    } catch (const OptionError& error) {
      return fmt::format("{} {}", error.exit_code(), error.what());
    } catch (const Error& error) {
      return fmt::format("{} not an option's: {}", error.exit_code(), error.what());
    }
    return std::string();
  };
  EXPECT_EQ(thrown([] { fail("is wrong"); }), "2 date: is wrong");
  EXPECT_EQ(thrown([] { fail_for_now("no memory"); }), "75 not an option's: no memory");
  EXPECT_EQ(thrown([] {
              try {
                fail_for_now("no memory");
              } catch (const Error& error) {
                rethrow_at("file", error);
              }
            }),
            "75 not an option's: file: no memory");
}

}  // namespace
}  // namespace vlrm::testing

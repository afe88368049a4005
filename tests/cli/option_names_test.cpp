#include "cli/option_names.h"

#include <gtest/gtest.h>

namespace vlrm::testing {
namespace {

TEST(OptionNames, AreTheFieldsOfUseCasesButForSome) {
  EXPECT_EQ(option_name("score_label"), "--score-label");
  EXPECT_EQ(option_name("batch_samples"), "--batch-size");
  EXPECT_EQ(option_name("texts_together"), "--batch-size");
  EXPECT_EQ(option_name("judging"), "--judge");
  EXPECT_EQ(option_name("texts"), "-n");
  EXPECT_EQ(option_name("named_directory"), "--intermediate-dir");
}

TEST(OptionNames, StandInTextsInPlaceOfFields) {
  EXPECT_EQ(with_option_names("out: exists; `resume_mixed` resumes anyway, `force` starts again"),
            "out: exists; --resume-mixed resumes anyway, --force starts again");
  EXPECT_EQ(with_option_names("use `mode` text-only"), "use --mode text-only");
}

TEST(OptionNames, OtherBackQuotesStay) {
  for (const char* text : {"", "`", "``", "`force", "a `vlrm build` made", "`Force`", "file`"})
    EXPECT_EQ(with_option_names(text), text);
}

}  // namespace
}  // namespace vlrm::testing

#include "prompt/response_prefix.h"

#include "support/support.h"

using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

// What is said of a turn in which the assistant's message stands as `written`; "" where nothing is wrong.
std::string said_of(const std::string& written, const std::string& prefix, const std::string& response) {
  const std::string prompt = "<user>It is a box\n\n</user><assistant>";
  try {
    check_response_prefix(prompt + written + "</assistant>\n\n", prompt, prefix, response, "the sample");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ResponsePrefix, StandsBeforeTheResponse) {
  EXPECT_EQ(said_of("It is a box", "It is ", "a box"), "");
  EXPECT_EQ(said_of("<think></think>It is a box", "It is ", "a box"), "");
  EXPECT_EQ(said_of("It is\n a box", "It is", "\n a box\n"), "");
  EXPECT_EQ(said_of("It is", "It is ", ""), "");
  EXPECT_EQ(said_of("It is", "It is ", " \n"), "");
  EXPECT_EQ(said_of("", "\n\n", ""), "");
}

TEST(ResponsePrefix, ThatIsChangedIsTold) {
  const std::string line = "the sample: the chat template does not write `response_prefix` as it is";
  EXPECT_THAT(said_of("It is a box", " It is ", "a box"), HasSubstr(line));
  EXPECT_THAT(said_of("a box", "\n\n", "a box"), HasSubstr(line));  // as stands in the prompt, and behind the message
  EXPECT_THAT(said_of("a box", "It is ", "a box"), HasSubstr(line));
  EXPECT_THAT(said_of("It isa box", "It is ", "a box"), HasSubstr(line));
  EXPECT_THAT(said_of("\xE2\x80\x83 box", "It is", "\xE2\x80\x83 box"), HasSubstr(line));
  EXPECT_THAT(said_of("", "It is", ""), HasSubstr(line));
}

}  // namespace
}  // namespace vlrm::testing

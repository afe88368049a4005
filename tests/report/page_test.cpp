#include "report/page.h"

#include "base/html.h"

#include "report/thumbnails.h"
#include "support/support.h"

using ::testing::HasSubstr;
using ::testing::Not;

namespace vlrm::testing {
namespace {

constexpr const char* kAttack = "</script><img src=x onerror=alert(1)><!--";

TEST(Page, JsonCannotEndItsElement) {
  const OrderedJson value{{"text", kAttack}, {"none", std::nan("")}};
  const std::string json = json_for_script(value);
  EXPECT_THAT(json, Not(HasSubstr("<")));
  const Json read = parse_json_or_throw(json, "json");
  EXPECT_EQ(read["text"], kAttack);
  EXPECT_TRUE(read["none"].is_null());
}

TEST(Page, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(json_for_script(OrderedJson("a\xff")), "\"a\xEF\xBF\xBD\"");
}

TEST(Page, TitlesAreTextsAndMarkersInThemStay) {
  const std::string page =
      make_page({std::string(kAttack) + "{{data}}", "<p>table</p>", {{"a", "{{images}}"}}, {"xyz"}});
  EXPECT_THAT(page, HasSubstr("<title>&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&lt;!--{{data}}</title>"));
  EXPECT_THAT(page, HasSubstr("{\"a\":\"{{images}}\"}</script>"));
  EXPECT_THAT(page, HasSubstr("[\"data:image/jpeg;base64,eHl6\"]</script>"));
  EXPECT_THAT(page, HasSubstr("<p>table</p>"));
}

TEST(Page, ItsPolicyLetsNothingBeLoaded) {
  const std::string page = make_page({"t", "", {}, {}});
  EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src 'nonce-"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe-inline")));
  EXPECT_THAT(page, Not(HasSubstr("http:")));
  EXPECT_THAT(page, Not(HasSubstr("https:")));
}

TEST(Page, Base64IsThatOfTheStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("\xff\xff\xfe"), "///+");
}

}  // namespace
}  // namespace vlrm::testing

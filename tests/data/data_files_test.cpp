#include "data/data_files.h"

#include "base/glob.h"
#include "support/support.h"

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace vlrm::testing {
namespace {

TEST(Glob, StarsStayBetweenSlashesAndTwoOfThemDoNot) {
  const auto matches = [](const char* pattern, const char* path) { return glob_matches(pattern, path); };
  EXPECT_TRUE(matches("data/test-*", "data/test-00000-of-00002.parquet"));
  EXPECT_TRUE(matches("standard (10 options)/test-*", "standard (10 options)/test-0.parquet"));
  EXPECT_TRUE(matches("./data/te?t-*.parquet", "data/test-0.parquet"));
  EXPECT_TRUE(matches("**/*.parquet", "a/b/c.parquet"));
  EXPECT_TRUE(matches("**/*.parquet", "c.parquet"));
  EXPECT_TRUE(matches("a/**", "a/b/c.parquet"));
  EXPECT_TRUE(matches("a*a*b", "aXaaab"));
  EXPECT_FALSE(matches("*.parquet", "a/c.parquet"));
  EXPECT_FALSE(matches("data/*", "data/a/c.parquet"));
  EXPECT_FALSE(matches("data/tes?", "data/tes"));
  EXPECT_FALSE(matches("data/test", "data/tests"));
}

TEST(Glob, TakesNoTimeOnPatternsMadeToTakeLong) {
  std::string stars, folders;
  for (int i = 0; i < 100; ++i) stars += "*a", folders += "**/a/";
  EXPECT_FALSE(glob_matches(stars + "b", std::string(250, 'a')));
  std::string path;
  for (int i = 0; i < 200; ++i) path += "a/";
  EXPECT_FALSE(glob_matches(folders + "b", path));
}

TEST(NamesInPath, SplitsAndConfigs) {
  const auto names = [](const char* path) {
    const NamesInPath found = names_in_path(path);
    return found.config + " | " + found.split;
  };
  EXPECT_EQ(names("data/test-00000-of-00002.parquet"), "default | test");
  EXPECT_EQ(names("data/train-00000-of-00001-a1b2c3d4e5f60718.parquet"), "default | train");
  EXPECT_EQ(names("data/humanities_2-00000-of-00001.parquet"), "default | humanities_2");
  EXPECT_EQ(names("standard (10 options)/test-00000-of-00002.parquet"), "standard (10 options) | test");
  EXPECT_EQ(names("en/train/0000.parquet"), "en | train");
  EXPECT_EQ(names("val.jsonl"), "default | validation");
  EXPECT_EQ(names("my-set_dev.jsonl"), "default | validation");
  EXPECT_EQ(names("rows.jsonl"), "default | ");
  EXPECT_EQ(names("latest.jsonl"), "default | ");
  EXPECT_EQ(names("test/data-00000-of-00001.arrow"), "default | test");
}

// Files of the given names, empty: only their names matter here.
class SplitFilesTest : public ::testing::Test {
 protected:
  void make(std::initializer_list<const char*> names) {
    for (const char* name : names) write_text(dir / name, "");
  }
  std::vector<std::string> found(const std::string& config = "", const std::string& split = "") {
    std::vector<std::string> files;
    for (const auto& file : find_split_files(dir.path(), config, split).files)
      files.push_back(file.lexically_relative(dir.path()).string());
    return files;
  }
  std::string error(const std::string& config = "", const std::string& split = "") {
    const std::string line = error_of([&] { found(config, split); });
    EXPECT_THAT(line, ::testing::StartsWith(dir.path().string()));
    return line;
  }
  const TemporaryDirectory dir;
};

TEST_F(SplitFilesTest, ShardsInOrder) {
  make({"data/test-00001-of-00003.parquet", "data/test-00002-of-00003.parquet", "data/test-00000-of-00003.parquet",
        "README.txt"});
  const auto all = ElementsAre("data/test-00000-of-00003.parquet", "data/test-00001-of-00003.parquet",
                               "data/test-00002-of-00003.parquet");
  EXPECT_THAT(found(), all);
  EXPECT_THAT(found("", "test"), all);
  EXPECT_THAT(found("vision", "test"), all);  // there is no config to choose from
  EXPECT_THAT(error("", "train"), HasSubstr("there is no split \"train\"; there is \"test\""));
}

TEST_F(SplitFilesTest, AMissingShardIsNamed) {
  make({"test-00000-of-00003.parquet", "test-00002-of-00003.parquet"});
  EXPECT_THAT(error(), HasSubstr("test-*-of-00003.parquet: shard 00001 is not there, 2 of 3 are"));
}

TEST_F(SplitFilesTest, WhereThereIsAChoiceItIsAskedFor) {
  make({"vision/test-00000-of-00001.parquet", "standard (10 options)/test-00000-of-00001.parquet",
        "standard (10 options)/validation-00000-of-00001.parquet"});
  EXPECT_THAT(error(), HasSubstr("which config? There are \"standard (10 options)\", \"vision\": `config` chooses"));
  EXPECT_THAT(error("vison"),
              HasSubstr("there is no config \"vison\"; there are \"standard (10 options)\", \"vision\""));
  EXPECT_THAT(error("standard (10 options)"), HasSubstr("which split? There are \"test\", \"validation\""));
  EXPECT_THAT(error("vision", "dev"), HasSubstr("no split \"dev\"; there is \"test\""));
  EXPECT_THAT(found("vision"), ElementsAre("vision/test-00000-of-00001.parquet"));
  EXPECT_THAT(found("standard (10 options)", "test"), ElementsAre("standard (10 options)/test-00000-of-00001.parquet"));
}

TEST_F(SplitFilesTest, ParquetGoesBeforeJsonLinesAndNamedSplitsBeforeOthers) {
  make({"notes.jsonl", "test.jsonl", ".hidden/x.parquet", "config.json"});
  EXPECT_THAT(found(), ElementsAre("test.jsonl"));
  make({"data/validation-00000-of-00001.parquet"});
  EXPECT_THAT(found(), ElementsAre("data/validation-00000-of-00001.parquet"));
}

TEST_F(SplitFilesTest, FilesWithoutNamesFitAnySplit) {
  make({"b.jsonl", "a.jsonl"});
  EXPECT_THAT(found("", "test"), ElementsAre("a.jsonl", "b.jsonl"));
}

TEST_F(SplitFilesTest, NothingThereSaysWhatWasLookedFor) {
  make({"picture.png", "config.json"});
  EXPECT_THAT(error(), AllOf(HasSubstr("holds no rows"), HasSubstr(".parquet"), HasSubstr("state.json")));
}

TEST_F(SplitFilesTest, TheCardGoesFirst) {
  make({"a/one.parquet", "a/two.parquet", "b/three.parquet"});
  write_text(
      dir / "README.md",
      "---\nlicense: mit\nconfigs:\n- config_name: first\n  data_files:\n  - split: test\n    path:\n    - a/two*\n"
      "    - a/one.parquet\n  - split: train\n    path: none-*\n- config_name: second\n  data_dir: b\n"
      "  data_files: '*.parquet'\n- config_name: third\n  data_files:\n    dev: a/*\n---\n# A card\n");
  EXPECT_THAT(found("first"), ElementsAre("a/two.parquet", "a/one.parquet"));  // the only split that is there
  EXPECT_THAT(found("second", "train"), ElementsAre("b/three.parquet"));
  EXPECT_THAT(found("third", "dev"), ElementsAre("a/one.parquet", "a/two.parquet"));
  EXPECT_THAT(error(), HasSubstr("\"first\", \"second\", \"third\""));
  EXPECT_THAT(error("first", "train"), HasSubstr("its files are not there"));
  EXPECT_THAT(error("first", "dev"), HasSubstr("no split \"dev\"; there are \"test\", \"train\""));
}

TEST_F(SplitFilesTest, ACardWithoutConfigsSaysNothing) {
  make({"test.parquet"});
  for (const char* card :
       {"# no front matter", "---\nlicense: mit\n---\n", "---\nnever closed", "---\r\na: b\r\n---\r\n"}) {
    write_text(dir / "README.md", card);
    EXPECT_THAT(found(), ElementsAre("test.parquet")) << card;
  }
}

TEST_F(SplitFilesTest, AMalformedCardIsNamedWithItsLine) {
  make({"test.parquet"});
  write_text(dir / "README.md", "---\nconfigs:\n- config_name: [\n---\n");
  EXPECT_THAT(error(), HasSubstr("README.md:"));
  write_text(dir / "README.md", "---\nlicense: mit\nconfigs: 3\n---\n");
  EXPECT_THAT(error(), HasSubstr("README.md:3: \"configs\" must be a list"));
  write_text(dir / "README.md", "---\nconfigs:\n- config_name: x\n  data_files:\n  - path: y\n---\n");
  EXPECT_THAT(error(), HasSubstr("README.md:5: an entry of \"data_files\" needs \"split\" and \"path\""));
  write_text(dir / "README.md", "---\nconfigs:\n- config_name: {a: b}\n---\n");
  EXPECT_THAT(error(), HasSubstr("README.md:3: a string is needed here"));
  write_text(dir / "README.md", "---\nconfigs:\n- 3\n---\n");
  EXPECT_THAT(error(), HasSubstr("must be a mapping"));
  write_text(dir / "README.md", "---\nconfigs: " + std::string(100'000, '[') + "\n---\n");
  EXPECT_THAT(error(), HasSubstr("README.md:"));
}

TEST_F(SplitFilesTest, SavedToDisk) {
  write_text(dir / "state.json", R"({"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": null})");
  EXPECT_THAT(found("any", "any"), ElementsAre("data-00000-of-00001.arrow"));
  write_text(dir / "state.json", R"({"_data_files": [{"filename": "../../secret"}], "_split": null})");
  EXPECT_THAT(error(), HasSubstr("state.json: \"../../secret\" is not the name of a file"));
  write_text(dir / "state.json", R"({"_data_files": [{"filename": 3}]})");
  EXPECT_THAT(error(), AllOf(HasSubstr("state.json"), HasSubstr("filename")));
  write_text(dir / "state.json", R"({"_split": "test", "_data_files": [{"filename": "data-00001-of-00002.arrow"}]})");
  EXPECT_THAT(error("", "train"), HasSubstr("there is \"test\""));
  EXPECT_THAT(error("", "test"), HasSubstr("shard 00000 is not there"));
  write_text(dir / "state.json", R"({"_data_files": [], "_indices_data_files": [{"filename": "x"}]})");
  EXPECT_THAT(error(), HasSubstr("flatten_indices()"));
  write_text(dir / "state.json", R"({"_data_files": []})");
  EXPECT_THAT(error(), HasSubstr("state.json: lists no file"));
}

TEST_F(SplitFilesTest, ADictOfThemSavedToDisk) {
  write_text(dir / "dataset_dict.json", R"({"splits": ["train", "test"]})");
  for (const char* split : {"train", "test"})
    write_text(dir.path() / split / "state.json",
               R"({"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": null})");
  EXPECT_THAT(found("", "test"), ElementsAre("test/data-00000-of-00001.arrow"));
  EXPECT_THAT(error(), HasSubstr("which split? There are \"test\", \"train\""));
  write_text(dir / "dataset_dict.json", R"({"splits": ["../train"]})");
  EXPECT_THAT(error(), HasSubstr("dataset_dict.json: \"../train\" is not"));
  write_text(dir / "dataset_dict.json", R"({"splits": []})");
  EXPECT_THAT(error(), HasSubstr("lists no split"));
}

}  // namespace
}  // namespace vlrm::testing

// The wording of a prompt, with places for a question and answers.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vlrm {

// Text with fields as Python's str.format has them: {INSTRUCTION}; "{{" and "}}" are braces. Images are shown where
// "<|image|>" stands, or, where it does not, directly before {INSTRUCTION}.
class PromptTemplate {
 public:
  static constexpr std::string_view kInstruction = "INSTRUCTION", kImage = "<|image|>";

  // `needed`: fields that have to be there, beside INSTRUCTION, which may. Throws Error naming `source` for other
  // fields, missing ones, a brace that stands alone, and images in two places.
  static PromptTemplate parse_or_throw(std::string text, std::vector<std::string> needed, const std::string& source);

  // A message's content: parts of text and of images. A value is put in as it is.
  OrderedJson content(const std::map<std::string, std::string>& values, size_t images) const;
  // The same as one text, with an image token for each image, as in the reference's prompts.
  std::string fill(const std::map<std::string, std::string>& values, size_t images) const;
  const std::string& text() const { return text_; }

 private:
  struct Part {
    enum class Kind { text, field, images } kind;
    std::string text;  // or the field's name
  };
  void read_parts(const std::string& source);
  void add_text(const std::string& text);
  std::string text_;
  std::vector<Part> parts_;
};

// For run.json: the text, and the digest that runs are compared by.
OrderedJson describe_prompt(const std::string& text);

// A prompt template file's text. Throws Error if it cannot be read, is empty or is no UTF-8.
std::string read_prompt_text_or_throw(const std::filesystem::path& file);

}  // namespace vlrm

#include "writing/own_prompts.h"

#include "python/text.h"

namespace vlrm {
namespace {

constexpr const char* kSystem = "You judge answers to questions about images, strictly and fairly.";

constexpr const char* kScore =
    "<|image|>Somebody was shown this and asked:\n\n{INSTRUCTION}\n\nThe answer was:\n\n{ANSWER}\n\n"
    "How good is this answer? Look first whether what it says is true of the image, then whether it answers all of the "
    "question, and last whether it is clear. Give your reasons in a few sentences. Then end with one line of this "
    "form, "
    "with a number from 1 (useless or false) to 5 (could not be better):\nOverall: NUMBER";

constexpr const char* kLikelihood =
    "<|image|>Somebody was shown this and asked:\n\n{INSTRUCTION}\n\nThe answer was:\n\n{ANSWER}\n\n"
    "How good is this answer, from 1 (useless or false) to 5 (could not be better)? Reply with the number alone.";

constexpr const char* kPairwise =
    "<|image|>Two people were shown this and asked:\n\n{INSTRUCTION}\n\nAnswer A:\n\n{ANSWER_A}\n\nAnswer B:\n\n"
    "{ANSWER_B}\n\nWhich answer is better? Look first whether what they say is true of the image, then whether they "
    "answer all of the question, and last whether they are clear; which comes first means nothing. Give your reasons "
    "in "
    "a few sentences. Then end with one of these lines:\nVerdict: A\nVerdict: B\nVerdict: tie";

constexpr const char* kCaption =
    "<|image|>Describe this image to somebody who cannot see it and has to answer the question below. Say all that "
    "helps to answer it: what is there, how many, where, in which colours, and any text, word for word. Do not answer "
    "the question yourself.\n\nQuestion: {INSTRUCTION}";

const char* own_prompt(Judging judging) {
  switch (judging) {
    case Judging::score:
      return kScore;
    case Judging::likelihood:
      return kLikelihood;
    case Judging::pairwise:
      break;
  }
  return kPairwise;
}

}  // namespace

JudgePrompts JudgePrompts::of(const JudgeJobOptions& options) {
  const std::string text = options.prompt ? read_prompt_text_or_throw(*options.prompt) : own_prompt(options.judging);
  const std::string source = options.prompt ? options.prompt->string() : "the judge's prompt";
  const std::vector<std::string> needed = options.judging == Judging::pairwise
                                              ? std::vector<std::string>{"ANSWER_A", "ANSWER_B"}
                                              : std::vector<std::string>{"ANSWER"};
  // A prompt of the user's goes without a system prompt that they have not seen.
  std::string system = options.prompt ? "" : kSystem;
  if (options.system_prompt) system = python::trimmed(read_prompt_text_or_throw(*options.system_prompt));
  return {std::move(system), PromptTemplate::parse_or_throw(text, needed, source)};
}

PromptTemplate default_caption_prompt() {
  return PromptTemplate::parse_or_throw(kCaption, {}, "the caption prompt");
}

}  // namespace vlrm

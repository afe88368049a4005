// The program's own wording of prompts, where the user gives none.
#pragma once

#include <string>
#include <vector>

#include "writing/prompt_template.h"
#include "writing/writing_job.h"

namespace vlrm {

struct JudgePrompts {
  std::string system;  // may be empty
  PromptTemplate prompt;
  // Throws Error for templates that cannot be read or lack a place for what is judged: {ANSWER}, or, pairwise,
  // {ANSWER_A} and {ANSWER_B}.
  static JudgePrompts of(const JudgeJobOptions& options);
};

PromptTemplate default_caption_prompt();

}  // namespace vlrm

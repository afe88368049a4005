// What a judge's text says.
#pragma once

#include <optional>
#include <string_view>

namespace vlrm {

// The first number after the last "Overall", else the last number; nothing where there is none (which the reference
// takes for 0). A number is -?[\d,]*\.?\d+, its commas taken out; rounded to 5 decimals, as the reference does.
std::optional<double> overall_score(std::string_view text);

// 1 where the first answer is the better one, 0 where the second, 0.5 for a tie: the 1 or 2 in the last
// <answer>…</answer>, as R1-Reward writes it, unless a verdict follows, else the first "A", "B" or "tie" after the
// last "Verdict" or "verdict", else what stands in the last of [[A]], [[B]] and [[C]] (a tie), else a tie.
double first_answers_share(std::string_view text);

}  // namespace vlrm

// One function a subcommand: each declares its options on the program and what to run when it is chosen.
#pragma once

#include <CLI/CLI.hpp>

namespace vlrm {

void add_aggregate_command(CLI::App& program);
void add_answers_command(CLI::App& program);
void add_build_command(CLI::App& program);
void add_caption_command(CLI::App& program);
void add_check_command(CLI::App& program);
void add_compare_command(CLI::App& program);
void add_completion_command(CLI::App& program);
void add_eval_command(CLI::App& program);
void add_extract_command(CLI::App& program);
void add_generate_command(CLI::App& program);
void add_help_command(CLI::App& program);
void add_judge_command(CLI::App& program);
void add_merge_command(CLI::App& program);
void add_map_command(CLI::App& program);
void add_inspect_command(CLI::App& program);
void add_score_command(CLI::App& program);
void add_serve_command(CLI::App& program);
void add_results_command(CLI::App& program);
void add_report_command(CLI::App& program);
void add_recipes_command(CLI::App& program);
void add_reproduce_command(CLI::App& program);
void add_tokenize_command(CLI::App& program);
void add_render_command(CLI::App& program);
void add_preprocess_command(CLI::App& program);
void add_version_command(CLI::App& program);

}  // namespace vlrm

// The samples behind the figures, with what each of several runs made of them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "report/sample_columns.h"
#include "report/thumbnails.h"
#include "results/result_folder.h"
#include "tasks/benchmark_table.h"

namespace vlrm {

struct GallerySample {
  std::string question;
  std::vector<std::string> responses;
  std::vector<size_t> images;  // numbers of thumbnails
};

struct Gallery {
  std::vector<const RunResults*> runs;  // over the same samples
  std::vector<GallerySample> samples;
  std::vector<SampleColumn> columns;
  bool rendered = false;           // the texts are rendered prompts
  std::vector<std::string> notes;  // why something is missing
};

// Runs that have the same samples, each as every other of them, together, in their order: a list a gallery, the longest
// first. Runs without rows are in none.
std::vector<std::vector<const RunResults*>> by_samples(const std::vector<const RunResults*>& runs);

// Reads the first `limit` samples of such runs. `data` names the dataset, or "" takes the one that a run.json names;
// where that one is not there, or is not the runs', the gallery does without images. Throws Error where `data` cannot
// be opened or has other samples.
Gallery read_gallery(const std::vector<const RunResults*>& runs, const std::string& data, int64_t limit,
                     Thumbnails& thumbnails, const Benchmarks& benchmarks = all_benchmarks());

// Cuts long texts, the same length everywhere, until all of them together are at most so many bytes, or short.
void shorten_texts(std::vector<Gallery>& galleries, int64_t bytes);

// ids, groups (null where there are none) and their names, columns, questions, responses, correctness, images, and for
// each run scores, picked, margins (null where they are no finite numbers) and wrong.
OrderedJson gallery_json(const Gallery& gallery);

}  // namespace vlrm

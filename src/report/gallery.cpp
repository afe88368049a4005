#include "report/gallery.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "report/run_data.h"
#include "report/sample_texts.h"
#include "results/analysis.h"
#include "results/comparison.h"

namespace vlrm {
namespace {

constexpr size_t kBatch = 64;                                // samples read at once
constexpr size_t kLongestText = 8192, kShortestLimit = 128;  // bytes

size_t rows_of(const RunResults* run) {
  return run->outcomes.size();
}

// Others may be unfinished.
const RunResults& longest(const std::vector<const RunResults*>& runs) {
  return **std::ranges::max_element(runs, {}, rows_of);
}

void read_texts(Gallery& gallery, SampleReader& reader, int64_t count) {
  while (static_cast<int64_t>(gallery.samples.size()) < count) {
    auto texts = reader.next();
    if (!texts) return;
    gallery.samples.push_back({std::move(texts->question), std::move(texts->responses), {}});
  }
}

// The same with images, a batch at a time, so that few full ones are in memory.
void read_all(Gallery& gallery, SampleReader& reader, int64_t count, const DecodeOptions& decode,
              Thumbnails& thumbnails) {
  Progress progress("reading images", count, Progress::Unit::samples);
  while (static_cast<int64_t>(gallery.samples.size()) < count) {
    std::vector<EncodedImage> images;
    std::vector<size_t> owners;  // the sample of each
    const size_t first = gallery.samples.size();
    while (gallery.samples.size() < std::min(first + kBatch, static_cast<size_t>(count))) {
      auto texts = reader.next();
      if (!texts) break;
      for (EncodedImage& image : texts->images) {
        images.push_back(std::move(image));
        owners.push_back(gallery.samples.size());
      }
      gallery.samples.push_back({std::move(texts->question), std::move(texts->responses), {}});
    }
    if (gallery.samples.size() == first) return;
    const auto numbers = thumbnails.add(images, decode);
    for (size_t i = 0; i < images.size(); ++i)
      if (numbers[i]) gallery.samples[owners[i]].images.push_back(*numbers[i]);
    progress.advance(static_cast<int64_t>(gallery.samples.size() - first));
  }
}

// They are extra: a column of a kind that cannot be read costs nothing but them.
void add_columns(Gallery& gallery, const RunResults& run, const std::string& data, int64_t count,
                 const Benchmarks& benchmarks) {
  try {
    gallery.columns = read_columns(run, data, count, benchmarks);
  } catch (const Error& error) {
    gallery.notes.push_back(fmt::format("Without the data's columns: {}", error.what()));
  }
}

// Whether it could be done.
bool read_from_dataset(Gallery& gallery, const std::string& data, int64_t count, Thumbnails& thumbnails,
                       const Benchmarks& benchmarks) {
  const auto& runs = gallery.runs;
  const auto known = std::ranges::find_if(runs, [](const RunResults* run) { return run->info.data.has_value(); });
  const bool longest_knows = known == runs.end() || longest(runs).info.data.has_value();
  const RunResults& run = longest_knows ? longest(runs) : **known;
  const size_t thumbnails_before = thumbnails.files().size();
  try {
    const auto benchmark = open_benchmark_of(run, data, benchmarks);
    if (!benchmark) return false;
    DecodeOptions decode;
    if (benchmark->spec().drops_alpha) decode.alpha = DecodeOptions::Alpha::drop;
    read_all(gallery, *read_benchmark(longest(runs), *benchmark), count, decode, thumbnails);
    add_columns(gallery, run, data, count, benchmarks);
    return true;
  } catch (const Error& error) {
    thumbnails.keep_first(thumbnails_before);
    if (!data.empty()) rethrow_at(fmt::format("`data` {}", printable(data)), error);
    gallery.notes.push_back(
        fmt::format("Without images, as {} is not what was scored, or not to be read: {} (`data` names another place)",
                    printable(run.info.data->name), error.what()));
    gallery.samples.clear();
    return false;
  }
}

void shorten(std::string& text, size_t limit) {
  if (text.size() <= limit) return;
  text = utf8::with_replacements(text);
  while (limit > 0 && limit < text.size() && (static_cast<unsigned char>(text[limit]) >> 6) == 2) --limit;
  text = text.substr(0, limit) + "…";
}

template <class Action>
void for_each_text(std::vector<Gallery>& galleries, const Action& action) {
  for (Gallery& gallery : galleries)
    for (GallerySample& sample : gallery.samples) {
      action(sample.question);
      for (std::string& response : sample.responses) action(response);
    }
}

OrderedJson run_json(const RunResults& run, size_t count) {
  OrderedJson scores = OrderedJson::array(), picked = scores, margins = scores, wrong = scores;
  for (size_t i = 0; i < std::min(count, run.outcomes.size()) && run.scored(); ++i) {
    const Outcome& outcome = run.outcomes[i];
    scores.push_back(outcome.scores);
    picked.push_back(outcome.chosen);
    margins.push_back(score_margin(outcome));  // as JSON, what is no finite number is null
    if (outcome.tie)
      wrong.push_back(nullptr);  // neither right nor wrong
    else
      wrong.push_back(chose_wrong(outcome) ? 1 : 0);
  }
  return {{"scores", scores}, {"picked", picked}, {"margins", margins}, {"wrong", wrong}};
}

}  // namespace

std::vector<std::vector<const RunResults*>> by_samples(const std::vector<const RunResults*>& runs) {
  std::vector<const RunResults*> longest_first = runs;
  std::ranges::stable_sort(longest_first, std::greater(), rows_of);
  std::vector<std::vector<const RunResults*>> members;
  std::map<const RunResults*, size_t> set_of;
  for (const RunResults* run : longest_first) {
    const auto fits = [&](const RunResults* other) {
      return same_benchmark(other->info.benchmark, run->info.benchmark) && difference_of_samples(*other, *run).empty();
    };
    // With each: an unfinished run may agree with two finished ones that are of different samples.
    const auto same = std::ranges::find_if(members, [&](const auto& set) { return std::ranges::all_of(set, fits); });
    set_of[run] = static_cast<size_t>(same - members.begin());
    if (same == members.end())
      members.push_back({run});
    else
      same->push_back(run);
  }
  std::vector<std::vector<const RunResults*>> sets(members.size());
  for (const RunResults* run : runs) sets[set_of[run]].push_back(run);
  std::erase_if(sets, [](const auto& set) { return longest(set).outcomes.empty(); });
  return sets;
}

Gallery read_gallery(const std::vector<const RunResults*>& runs, const std::string& data, int64_t limit,
                     Thumbnails& thumbnails, const Benchmarks& benchmarks) {
  Gallery gallery;
  gallery.runs = runs;
  const RunResults& all = longest(runs);
  const int64_t rows = static_cast<int64_t>(all.outcomes.size()), count = std::min(limit, rows);
  if (count < rows) gallery.notes.push_back(fmt::format("The first {} of {} samples.", count, rows));
  if (!read_from_dataset(gallery, data, count, thumbnails, benchmarks)) {
    read_texts(gallery, *read_rows(all), count);
    gallery.rendered = all.info.benchmark.is_pairs();
    if (gallery.rendered) gallery.notes.emplace_back("The texts are the rendered prompts.");
  }
  return gallery;
}

void shorten_texts(std::vector<Gallery>& galleries, int64_t bytes) {
  for (size_t limit = kLongestText; limit >= kShortestLimit; limit /= 2) {
    int64_t all = 0;
    for_each_text(galleries, [&](std::string& text) {
      shorten(text, limit);
      all += static_cast<int64_t>(text.size());
    });
    if (all <= bytes) return;
  }
}

OrderedJson gallery_json(const Gallery& gallery) {
  OrderedJson ids = OrderedJson::array(), groups = ids, questions = ids, responses = ids, correctness = ids,
              images = ids;
  for (size_t i = 0; i < gallery.samples.size(); ++i) {
    const Outcome& outcome = longest(gallery.runs).outcomes[i];
    ids.push_back(outcome.id);
    groups.push_back(outcome.group);
    questions.push_back(gallery.samples[i].question);
    responses.push_back(gallery.samples[i].responses);
    correctness.push_back(outcome.correctness);
    images.push_back(gallery.samples[i].images);
  }
  const std::vector<std::string>& names = gallery.runs.front()->info.benchmark.groups;
  if (names.empty()) groups = nullptr;
  OrderedJson json{{"rendered", gallery.rendered},
                   {"notes", gallery.notes},
                   {"ids", ids},
                   {"groups", groups},
                   {"group_names", names},
                   {"columns", columns_json(gallery.columns)},
                   {"questions", questions},
                   {"responses", responses},
                   {"correctness", correctness},
                   {"images", images},
                   {"runs", OrderedJson::array()}};
  for (const RunResults* run : gallery.runs) json["runs"].push_back(run_json(*run, gallery.samples.size()));
  return json;
}

}  // namespace vlrm

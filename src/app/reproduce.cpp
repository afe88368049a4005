#include <vlrm/report.h>
#include <vlrm/reproduce.h>

#include <algorithm>

#include "app/listening.h"
#include "app/reproduce_tables.h"
#include "base/atomic_output.h"
#include "base/error.h"
#include "base/joined.h"
#include "data/dataset.h"
#include "tasks/benchmark_table.h"
#include "weights/model_files.h"

namespace fs = std::filesystem;

namespace vlrm {
namespace {

using StepState = ReproduceStep::State;

// What cannot be had now, and whether another try may do.
struct Lack {
  std::string why;  // "": it is there
  bool temporary = false;
};

template <class Look>
Lack lack_found_by(const Look& look) try {
  look();
  return {};
} catch (const Error& error) {
  return {error.what(), error.exit_code() == kExitTemporary};
}

// Models, datasets and files: looked for once each, and downloaded where that is how to have them.
class Inputs {
 public:
  std::vector<Lack> lacks_of(const PaperStep& step) {
    std::vector<Lack> lacks;
    const auto add = [&](const Lack& lack) {
      if (!lack.why.empty()) lacks.push_back(lack);
    };
    for (const std::string& model : step.models) add(once("model " + model, [&] { resolve_model(model); }));
    for (const DatasetName& name : step.datasets)
      add(once(fmt::format("data {} {} {}", name.data, name.config, name.split), [&] { open_dataset(name); }));
    for (const auto& [file, advice] : step.files) {
      std::error_code ignored;
      if (!fs::is_regular_file(file, ignored))
        lacks.push_back({fmt::format("{}: no such file; {}", printable(file), advice)});
    }
    return lacks;
  }

 private:
  template <class Look>
  Lack once(const std::string& key, const Look& look) {
    const auto found = known_.find(key);
    return found != known_.end() ? found->second : known_.emplace(key, lack_found_by(look)).first->second;
  }
  std::map<std::string, Lack> known_;
};

// The steps as they stand.
class Reproduction {
 public:
  explicit Reproduction(const ReproduceOptions& options) : setup_(options), work_(paper_steps(setup_)) {
    for (const PaperStep& work : work_) {
      steps_.push_back({work.name, work.what, StepState::left, {}, std::nullopt});
      look_at(steps_.size() - 1);
    }
    add_costs();
  }

  const PaperSetup& setup() const { return setup_; }
  const std::vector<ReproduceStep>& steps() const { return steps_; }
  bool only_temporary() const { return only_temporary_; }

  // Finished ones, too, whose settings are compared; but not where what they were made of is gone.
  void run() {
    for (size_t i = 0; i < work_.size(); ++i) {
      look_at(i);
      ReproduceStep& step = steps_[i];
      if (step.state != StepState::left && !(step.state == StepState::done && !lacking_[i])) continue;
      if (step.state == StepState::left) tell_status(fmt::format("step {} of {}: {}", i + 1, work_.size(), step.what));
      try {
        work_[i].run();
      } catch (const OptionError& error) {
        throw Error(fmt::format("{}: `{}`: {}", step.name, error.option(), error.complaint()), error.exit_code());
      } catch (const Error& error) {
        rethrow_at(step.name, error);
      }
      step.state = StepState::done;
    }
  }

 private:
  void look_at(size_t i) {
    ReproduceStep& step = steps_[i];
    step.why.clear();
    const std::vector<Lack> lacks = inputs_.lacks_of(work_[i]);
    lacking_.resize(steps_.size());
    lacking_[i] = !lacks.empty();
    step.state = work_[i].done() ? StepState::done : lacks.empty() ? StepState::left : StepState::missing;
    if (step.state == StepState::missing)
      for (const Lack& lack : lacks) {
        step.why.push_back(lack.why);
        only_temporary_ = only_temporary_ && lack.temporary;
      }
    if (step.state != StepState::left) return;
    for (const std::string& name : work_[i].after) {
      const auto other = std::ranges::find(steps_, name, &ReproduceStep::name);
      if (other == steps_.end() || other->state == StepState::done || other->state == StepState::left) continue;
      step.state = StepState::waiting;
      step.why.push_back("waits for " + name);
    }
  }

  // Of what is left and does not wait for a file that is written first. What is wrong is said by the run.
  void add_costs() {
    const ListenerScope silent(nullptr);
    std::map<std::string, std::optional<Costs>> known;
    for (size_t i = 0; i < work_.size(); ++i) {
      if (steps_[i].state != StepState::left || !work_[i].costs) continue;
      const auto [found, is_new] = known.emplace(work_[i].costs_as, std::nullopt);
      if (is_new) lack_found_by([&, &costs = found->second] { costs = work_[i].costs(); });
      steps_[i].costs = found->second;
    }
  }

  PaperSetup setup_;
  std::vector<PaperStep> work_;
  std::vector<ReproduceStep> steps_;
  std::vector<bool> lacking_;  // something that a step, done or not, is made of
  Inputs inputs_;
  bool only_temporary_ = true;
};

// Each reason once.
std::string missing_text(const std::vector<ReproduceStep>& steps) {
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
  for (const ReproduceStep& step : steps)
    for (const std::string& why : step.why) {
      auto found = std::ranges::find(reasons, why, [](const auto& reason) { return reason.first; });
      if (found == reasons.end()) found = reasons.insert(found, {why, {}});
      found->second.push_back(step.name);
    }
  std::string text;
  for (const auto& [why, names] : reasons) text += fmt::format("  {}\n    not made: {}\n", why, joined(names));
  return text.empty() ? "" : "\nMissing:\n" + text;
}

void write_page(const PaperSetup& setup, const std::vector<std::string>& folders) {
  if (folders.empty()) return;
  ReportFileOptions options;
  options.results = folders;
  options.output = setup.path("report.html").string();
  options.report.title = "The tables of arXiv 2502.13487";
  options.force = true;
  write_report(options);
}

}  // namespace

std::vector<ReproduceStep> reproduce_plan(const ReproduceOptions& options) {
  const CallListener listening(options.listener);
  return Reproduction(options).steps();
}

Reproduced reproduce(const ReproduceOptions& options,
                     const std::function<void(const std::vector<ReproduceStep>&)>& planned) {
  const CallListener listening(options.listener);
  Reproduction work(options);
  if (planned) planned(work.steps());
  const PaperSetup& setup = work.setup();
  AtomicFiles files(
      {setup.path("tables.txt"), setup.path("tables.md"), setup.path("tables.tex"), setup.path("plan.json")}, true);
  work.run();
  Reproduced result{work.steps(), "", true, 0};
  const PaperTables tables(setup, result.steps);
  write_page(setup, tables.folders());
  files.commit({tables.text(Layout::text), tables.text(Layout::markdown), tables.text(Layout::latex),
                tables.plan().dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n"});
  const std::string missing = missing_text(result.steps);
  result.summary = tables.text(Layout::text) + missing;
  result.complete = missing.empty();
  if (!result.complete) result.exit_code = work.only_temporary() ? kExitTemporary : kExitBadInput;
  return result;
}

}  // namespace vlrm

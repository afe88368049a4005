#include "serve/gathering_queue.h"

#include <algorithm>
#include <atomic>

#include "base/content_digest.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "serve/http_error.h"

namespace vlrm {
namespace {

using Clock = std::chrono::steady_clock;

// Of a batch, as `vlrm score` has them: prompts, and about as many texts.
constexpr size_t kGroups = 8, kTexts = 64;
constexpr std::chrono::milliseconds kBetweenLooks(250);  // at clients that may have left

size_t texts_of(const RewardQuestion& question) {
  return question.rendered.empty() ? question.sample.responses.size() : question.rendered.size();
}

std::string digest_of(const RewardQuestion& question) {
  if (!question.rendered.empty()) return {};
  std::string key = question.sample.messages.dump();
  for (const EncodedImage& image : question.sample.images) key += content_digest(image.bytes);
  return content_digest(key);
}

bool about_the_same(const Sample& a, const Sample& b) {
  const auto equal = [](const EncodedImage& x, const EncodedImage& y) { return x.bytes == y.bytes; };
  return a.messages == b.messages && std::ranges::equal(a.images, b.images, equal);
}

}  // namespace

// The questions of one call of score().
struct GatheringQueue::Request {
  size_t open = 0;  // questions without a result
  std::vector<Scored> scored;
  std::exception_ptr error;
  bool begun = false;
  std::atomic<bool> abandoned = false;
  std::condition_variable finished;
};

struct GatheringQueue::Waiting {
  RewardQuestion question;
  Scorer* scorer = nullptr;
  std::string digest;  // of prompt and images; "": shared with nobody
  Clock::time_point arrived;
  std::shared_ptr<Request> request;
  size_t index = 0;  // in the request
};

// Questions about one prompt, as one sample.
struct GatheringQueue::Group {
  std::vector<Waiting> parts;
  PreparedSample prepared;

  void prepare() {
    const RewardQuestion& first = parts[0].question;
    const Scorer& scorer = *parts[0].scorer;
    if (!first.rendered.empty()) {
      prepared = scorer.prepare_rendered(first.rendered, first.source);
      return;
    }
    Sample sample = first.sample;
    for (size_t i = 1; i < parts.size(); ++i) {
      const auto& more = parts[i].question.sample.responses;
      sample.responses.insert(sample.responses.end(), more.begin(), more.end());
    }
    prepared = scorer.prepare(sample, first.source);
  }
  // Each question as a group of its own.
  std::vector<Group> apart() {
    std::vector<Group> groups(parts.size());
    for (size_t i = 0; i < parts.size(); ++i) groups[i].parts.push_back(std::move(parts[i]));
    return groups;
  }
  bool abandoned() const {
    return std::ranges::all_of(parts, [](const Waiting& part) { return part.request->abandoned.load(); });
  }
};

// Ends the work on a batch that nobody waits for any more.
class GatheringQueue::Gone : public Listener {
 public:
  explicit Gone(const std::vector<Group>& groups) : groups_(groups) {}
  bool interrupted() override { return std::ranges::all_of(groups_, &Group::abandoned); }

 private:
  const std::vector<Group>& groups_;
};

GatheringQueue::GatheringQueue(const GatheringOptions& options)
    : options_(options), preparing_([this] { prepare_all(); }), scoring_([this] { score_all(); }) {}

GatheringQueue::~GatheringQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  preparing_.join();
  scoring_.join();
}

GatheringCounts GatheringQueue::counts() const {
  const std::lock_guard lock(mutex_);
  GatheringCounts counts = counts_;
  counts.waiting = std::ssize(waiting_);
  return counts;
}

std::vector<GatheringQueue::Scored> GatheringQueue::score(Scorer& scorer, std::vector<RewardQuestion> questions,
                                                          const std::function<bool()>& left) {
  const auto request = std::make_shared<Request>();
  request->open = questions.size();
  request->scored.resize(questions.size());
  const Clock::time_point now = Clock::now();
  std::vector<Waiting> parts;
  for (size_t i = 0; i < questions.size(); ++i) {
    std::string digest = digest_of(questions[i]);
    parts.push_back({std::move(questions[i]), &scorer, std::move(digest), now, request, i});
  }
  std::unique_lock lock(mutex_);
  if (requests_ >= options_.most_requests) {
    ++counts_.full;
    throw overloaded(fmt::format("{} requests are waiting already: try again later", requests_));
  }
  ++requests_;
  std::ranges::move(parts, std::back_inserter(waiting_));
  changed_.notify_all();
  while (request->open > 0 && !request->error) {
    request->finished.wait_for(lock, kBetweenLooks);
    if (request->open == 0 || request->error) break;
    const bool late = !request->begun && Clock::now() > now + options_.time_limit;
    if (!late && !left()) continue;
    ++(late ? counts_.late : counts_.left);
    withdraw(*request);
    --requests_;
    if (!late) throw ClientLeft();
    throw overloaded(fmt::format("not begun within {} s: try again later", options_.time_limit.count()));
  }
  --requests_;
  if (request->error) {
    withdraw(*request);
    std::rethrow_exception(request->error);
  }
  return std::move(request->scored);
}

// Nobody waits for its questions any more.
void GatheringQueue::withdraw(Request& request) {
  request.abandoned = true;
  std::erase_if(waiting_, [&](const Waiting& each) { return each.request.get() == &request; });
}

// Waits for a question, and for others about its prompt, and takes the oldest ones with all that share their prompts.
// Nothing once the queue ends.
std::vector<GatheringQueue::Group> GatheringQueue::take_groups() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return {};
    const Clock::time_point ready = waiting_.front().arrived + options_.gather;
    if (stopping_ || Clock::now() >= ready) break;
    changed_.wait_until(lock, ready);
  }
  std::vector<Group> groups;
  size_t texts = 0;
  const auto take = [&](const std::deque<Waiting>::iterator& at, Group& group) {
    texts += texts_of(at->question);
    at->request->begun = true;
    ++counts_.running;
    group.parts.push_back(std::move(*at));
    return waiting_.erase(at);
  };
  while (!waiting_.empty() && groups.size() < kGroups && (groups.empty() || texts < kTexts)) {
    Scorer* const scorer = groups.empty() ? waiting_.front().scorer : groups[0].parts[0].scorer;
    const auto oldest = std::ranges::find(waiting_, scorer, &Waiting::scorer);
    if (oldest == waiting_.end()) break;
    Group& group = groups.emplace_back();
    auto next = take(oldest, group);
    if (group.parts[0].digest.empty()) continue;
    while (next != waiting_.end() && texts < kTexts) {
      const Waiting& first = group.parts[0];
      const bool joins = next->scorer == scorer && next->digest == first.digest &&
                         about_the_same(next->question.sample, first.question.sample);
      if (joins) ++counts_.gathered;
      next = joins ? take(next, group) : next + 1;
    }
  }
  return groups;
}

// Prepares them with all threads. What cannot be prepared is tried in parts, and answered if it is one question.
std::vector<GatheringQueue::Group> GatheringQueue::prepare(std::vector<Group> groups) {
  std::vector<std::exception_ptr> errors(groups.size());
  parallel_for(std::ssize(groups), [&](int64_t i) {
    Group& group = groups[static_cast<size_t>(i)];
    try {
      group.prepare();
    } catch (...) {
      errors[static_cast<size_t>(i)] = std::current_exception();
    }
  });
  std::vector<Group> result;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!errors[i]) {
      result.push_back(std::move(groups[i]));
    } else if (groups[i].parts.size() == 1) {
      finish(groups[i], {}, errors[i]);
    } else {
      std::ranges::move(prepare(groups[i].apart()), std::back_inserter(result));
    }
  }
  return result;
}

void GatheringQueue::prepare_all() {
  for (;;) {
    std::vector<Group> groups = take_groups();
    if (groups.empty()) break;
    groups = prepare(std::move(groups));
    if (groups.empty()) continue;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return next_.empty(); });
    next_ = std::move(groups);
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  prepared_all_ = true;
  changed_.notify_all();
}

void GatheringQueue::score_all() {
  for (;;) {
    std::vector<Group> groups;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !next_.empty() || prepared_all_; });
      if (next_.empty()) return;
      groups.swap(next_);
      ++counts_.batches;
      changed_.notify_all();
    }
    score(std::move(groups));
  }
}

void GatheringQueue::score(std::vector<Group> groups) {
  Gone gone(groups);
  const ListenerScope listening(&gone);
  std::vector<PreparedSample> samples;
  for (Group& group : groups) samples.push_back(std::move(group.prepared));
  std::vector<std::vector<double>> rewards;
  std::exception_ptr error;
  try {
    rewards = groups[0].parts[0].scorer->score(samples);
  } catch (...) {
    error = std::current_exception();
  }
  const bool one = groups.size() == 1 && groups[0].parts.size() == 1;
  if (error && !one && !gone.interrupted()) {
    for (Group& group : groups)
      for (Group& part : group.apart()) {
        std::vector<Group> alone;
        alone.push_back(std::move(part));
        alone = prepare(std::move(alone));
        if (!alone.empty()) score(std::move(alone));
      }
    return;
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i].prepared = std::move(samples[i]);
    finish(groups[i], error ? std::vector<double>() : rewards[i], error);
  }
}

// Gives each question of the group its part of the rewards, or the error.
void GatheringQueue::finish(Group& group, const std::vector<double>& rewards, const std::exception_ptr& error) {
  const std::lock_guard lock(mutex_);
  counts_.running -= std::ssize(group.parts);
  if (!error) counts_.tokens_computed += group.prepared.tokens();
  size_t text = 0;
  for (Waiting& part : group.parts) {
    Request& request = *part.request;
    if (error) {
      if (!request.error) request.error = error;
    } else {
      Scored& scored = request.scored[part.index];
      scored.notes.add(group.prepared.notes_of_messages);
      for (const size_t end = text + texts_of(part.question); text < end; ++text) {
        scored.rewards.push_back(rewards[text]);
        scored.tokens.push_back(group.prepared.tokens_of_responses[text]);
        scored.notes.add(group.prepared.notes_of_responses[text]);
        counts_.tokens += scored.tokens.back();
        ++counts_.responses;
      }
    }
    --request.open;
    request.finished.notify_all();
  }
}

}  // namespace vlrm

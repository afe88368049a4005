#include "generate/generator.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <list>

#include "base/error.h"
#include "generate/generation_config.h"

namespace vlrm {
namespace {

const OpenedModel& checked_model(const OpenedModel& model, const GeneratorOptions& options) {
  options.sampling.check();
  if (options.prompt.mode == Mode::image && !model.config.vision)
    fail("{}: a text model, which sees no image", model.weights->description());
  if (!model.config.vision && model.config.head == Head::reward)
    fail("{}: a text reward model has no lm_head to write with", model.weights->description());
  return model;
}

struct GrowingText {
  Sampler sampler;
  std::vector<int32_t> tokens;  // the prompt's too
  WrittenText written;
  bool finished = false;
};

// The texts of one request.
struct Group {
  int64_t number = 0;
  std::string source;
  SharedPrefixBatch prompt;
  std::vector<GrowingText> texts;
  std::vector<size_t> living;  // those that the writer has, in its order
  int64_t bytes = 0;
};

template <class Value>
bool is_ready(const std::future<Value>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

// One run: the requests that are being answered.
class Generator::Writing {
 public:
  Writing(const Generator& generator, const Next& next, const Done& done, const Grown& grown)
      : generator_(generator), writer_(generator.backend_->write_texts()), next_(next), done_(done), grown_(grown) {}

  void run() {
    prepare_next();
    for (;;) {
      admit();
      if (groups_.empty()) return;
      step();
    }
  }

  // No text goes on after its prompt.
  void show_next_tokens(const Shown& shown) {
    prepare_next();
    for (std::list<Group> fresh = admitted(true); !fresh.empty(); fresh = admitted(true)) {
      const Logits logits = begin(fresh);
      size_t row = 0;
      for (const Group& group : fresh) shown(group.number, group.source, logits.row(row++));
      writer_ = generator_.backend_->write_texts();
      texts_ = bytes_ = 0;
    }
  }

 private:
  const GeneratorOptions& options() const { return generator_.options_; }

  // New requests, as many as there is room for and, unless they are to be waited for, are prepared; where nothing is
  // written, at least one.
  std::list<Group> admitted(bool wait = false) {
    std::list<Group> fresh;
    for (;;) {
      if (!waiting_ && coming_.valid() && (texts_ == 0 || wait || is_ready(coming_))) {
        waiting_ = coming_.get();
        if (waiting_) prepare_next();
      }
      if (!waiting_ || !fits(*waiting_)) return fresh;
      fresh.push_back(take_waiting());
    }
  }

  // While others are written. There is none to come once `next_` gave none.
  void prepare_next() {
    coming_ = std::async(std::launch::async, [this]() -> std::optional<Group> {
      auto request = next_();
      if (!request) return std::nullopt;
      return prepare(std::move(*request));
    });
  }

  Logits begin(const std::list<Group>& fresh) {
    std::vector<SharedPrefixBatch> prompts;
    std::vector<int64_t> counts;
    for (const Group& group : fresh) {
      prompts.push_back(group.prompt);
      counts.push_back(static_cast<int64_t>(group.texts.size()));
    }
    return writer_->begin(prompts, counts);
  }

  void admit() {
    std::list<Group> fresh = admitted();
    if (fresh.empty()) return;
    const Logits logits = begin(fresh);
    size_t row = 0;
    for (Group& group : fresh) {
      for (size_t text = 0; text < group.texts.size(); ++text) draw(group, text, logits.row(row));
      ++row;
    }
    groups_.splice(groups_.end(), fresh);
  }

  int64_t bytes_of(const Group& group) const {
    return writer_->group_bytes(group.prompt, static_cast<int64_t>(group.texts.size()), options().max_new_tokens);
  }

  bool fits(const Group& group) const {
    if (texts_ == 0) return true;
    const auto more = static_cast<int64_t>(group.texts.size());
    return texts_ + more <= options().texts_together && bytes_ + bytes_of(group) <= generator_.backend_->spare_memory();
  }

  Group take_waiting() {
    Group group = std::move(*waiting_);
    waiting_.reset();
    group.bytes = bytes_of(group);
    texts_ += static_cast<int64_t>(group.texts.size());
    bytes_ += group.bytes;
    return group;
  }

  Group prepare(GenerationRequest request) {
    const PromptEncoder& encoder = generator_.encoder_;
    Group group;
    group.number = taken_++;
    group.source = std::move(request.source);
    const std::string rendered = encoder.render(request.sample, nullptr, group.source);
    group.prompt.prefix = encoder.tokens(rendered, request.sample, group.source);
    group.prompt.images = encoder.images(request.sample, group.source);
    for (const uint64_t seed : request.seeds) {
      group.living.push_back(group.texts.size());
      group.texts.push_back({Sampler(options().sampling, seed), group.prompt.prefix, {}});
    }
    VLRM_ASSERT(!group.texts.empty());
    return group;
  }

  void draw(Group& group, size_t index, std::span<const float> logits) {
    GrowingText& text = group.texts[index];
    Drawn drawn;
    try {
      drawn = text.sampler.next(logits, text.tokens);
    } catch (const Error& error) {
      fail("{}: {}", group.source, error.what());
    }
    text.tokens.push_back(drawn.token);
    text.written.tokens.push_back(drawn.token);
    text.written.log_probabilities.push_back(drawn.log_probability);
    text.written.ended = std::ranges::find(generator_.stop_tokens_, drawn.token) != generator_.stop_tokens_.end();
    text.finished = text.written.ended || static_cast<int64_t>(text.written.tokens.size()) >= options().max_new_tokens;
    if (!text.finished && !grown_) return;
    text.written.text = generator_.encoder_.tokenizer().decode(text.written.tokens, true);
    if (grown_) grown_(index, text.written.text);
  }

  // A token more for every text that is not finished; requests without such texts are done.
  void step() {
    std::vector<TextWriter::Next> all;
    for (Group& group : groups_) {
      TextWriter::Next next;
      std::vector<size_t> living;
      for (size_t i = 0; i < group.living.size(); ++i) {
        const GrowingText& text = group.texts[group.living[i]];
        if (text.finished) continue;
        next.texts.push_back(static_cast<int64_t>(i));
        next.tokens.push_back(text.tokens.back());
        living.push_back(group.living[i]);
      }
      group.living = std::move(living);
      all.push_back(std::move(next));
    }
    const Logits logits = writer_->step(all);
    finish();
    size_t row = 0;
    for (Group& group : groups_)
      for (const size_t text : group.living) draw(group, text, logits.row(row++));
  }

  void finish() {
    for (auto group = groups_.begin(); group != groups_.end();) {
      if (!group->living.empty()) {
        ++group;
        continue;
      }
      std::vector<WrittenText> texts;
      for (GrowingText& text : group->texts) texts.push_back(std::move(text.written));
      texts_ -= static_cast<int64_t>(texts.size());
      bytes_ -= group->bytes;
      done_(group->number, std::move(texts));
      group = groups_.erase(group);
    }
  }

  const Generator& generator_;
  std::unique_ptr<TextWriter> writer_;
  const Next& next_;
  const Done& done_;
  const Grown& grown_;
  std::list<Group> groups_;  // in the writer's order
  std::optional<Group> waiting_;
  int64_t taken_ = 0, texts_ = 0, bytes_ = 0;
  std::future<std::optional<Group>> coming_;  // the one after it; last, since what prepares it uses the others
};

Generator::Generator(const OpenedModel& model, GeneratorOptions options, const BackendOptions& backend)
    : options_((checked_model(model, options), std::move(options))),
      encoder_(model, options_.prompt),
      stop_tokens_(stop_tokens(model.files)) {
  VLRM_ASSERT(options_.max_new_tokens > 0 && options_.texts_together > 0);
  ModelConfig config = model.config;
  config.head = Head::language_model;
  backend_ = load_backend(config, model.weights, backend);
}

Generator::~Generator() = default;

void Generator::run(const Next& next, const Done& done) {
  const Grown grown;
  Writing(*this, next, done, grown).run();
}

void Generator::show_next_tokens(const Next& next, const Shown& shown) {
  const Done done;
  const Grown grown;
  Writing(*this, next, done, grown).show_next_tokens(shown);
}

std::vector<WrittenText> Generator::write(const GenerationRequest& request, const Grown& grown) {
  bool given = false;
  std::vector<WrittenText> result;
  const Next next = [&]() -> std::optional<GenerationRequest> {
    if (given) return std::nullopt;
    given = true;
    return request;
  };
  const Done done = [&](int64_t, std::vector<WrittenText> texts) { result = std::move(texts); };
  Writing(*this, next, done, grown).run();
  return result;
}

}  // namespace vlrm

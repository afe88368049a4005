#include "generate/generator.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <list>

#include "base/error.h"
#include "base/listening.h"
#include "generate/generation_config.h"

namespace vlrm {
namespace {

const Model& checked_model(const Model& model, const GeneratorOptions& options) {
  options.sampling.check();
  if (options.prompt.mode == Mode::image && !model.config.sees())
    fail("{}: a text model, which sees no image", model.weights->description());
  if (!model.config.sees() && model.config.head == Head::reward)
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
  TextNotes notes;
  std::vector<uint64_t> seeds;
  std::vector<GrowingText> texts;
  std::vector<size_t> living;  // those that the writer has, in its order
  int64_t written = 0;         // tokens of each of them, beyond the prompt
  int64_t expected = 0;        // tokens that they are thought to have in the end
  bool put_back = false;       // there was no room for it to go on: it starts again later

  // At its prompt. Seeds give the same texts again.
  void start(const SamplingOptions& sampling) {
    texts.clear();
    living.clear();
    for (const uint64_t seed : seeds) {
      living.push_back(texts.size());
      texts.push_back({Sampler(sampling, seed), prompt.prefix, {}});
    }
    written = 0;
    put_back = false;
  }
};

template <class Value>
bool is_ready(const std::future<Value>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

// One run: the requests that are being answered.
class Generator::Writing {
 public:
  Writing(Generator& generator, const Next& next, const Done& done, const Grown& grown)
      : generator_(generator), writer_(generator.backend_->write_texts()), next_(next), done_(done), grown_(grown) {}

  void run() {
    prepare_next();
    for (admit(); !groups_.empty(); admit()) step();
    if (failure_) std::rethrow_exception(failure_);
  }

  // No text goes on after its prompt.
  void show_next_tokens(const Shown& shown) {
    prepare_next();
    for (std::list<Group> fresh = admitted(true); !fresh.empty(); fresh = admitted(true)) {
      const Logits logits = begin(fresh);
      size_t row = 0;
      for (const Group& group : fresh) shown(group.number, group.source, logits.row(row++));
      writer_ = generator_.backend_->write_texts();
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const GeneratorOptions& options() const { return generator_.options_; }

  // New requests, as many as there is room for and, unless they are to be waited for, are prepared; where nothing is
  // written, at least one.
  std::list<Group> admitted(bool wait = false) {
    std::list<Group> fresh;
    for (;;) {
      if (waiting_.empty() && coming_.valid() && ((groups_.empty() && fresh.empty()) || wait || is_ready(coming_))) {
        if (auto group = take_coming()) {
          generator_.notes_.add(group->notes);
          waiting_.push_back(std::move(*group));
          prepare_next();
        }
      }
      if (waiting_.empty() || !fits(waiting_.front(), fresh)) return fresh;
      fresh.splice(fresh.end(), waiting_, waiting_.begin());
    }
  }

  // Nothing is to come after what cannot be prepared; those before it are written to their end.
  std::optional<Group> take_coming() {
    try {
      return coming_.get();
    } catch (...) {
      failure_ = std::current_exception();
      return std::nullopt;
    }
  }

  // While others are written. There is none to come once `next_` gave none.
  void prepare_next() {
    coming_ = std::async(std::launch::async, with_this_listener([this]() -> std::optional<Group> {
                           auto request = next_();
                           if (!request) return std::nullopt;
                           return prepare(std::move(*request));
                         }));
  }

  Logits begin(const std::list<Group>& fresh) {
    const auto [prompts, counts] = asked(fresh);
    return writer_->begin(prompts, counts);
  }

  static std::pair<std::vector<SharedPrefixBatch>, std::vector<int64_t>> asked(const std::list<Group>& fresh) {
    std::vector<SharedPrefixBatch> prompts;
    std::vector<int64_t> counts;
    for (const Group& group : fresh) {
      prompts.push_back(group.prompt);
      counts.push_back(static_cast<int64_t>(group.texts.size()));
    }
    return {std::move(prompts), std::move(counts)};
  }

  // Of the texts that the writer goes on with, where it draws.
  static std::vector<DrawInput> inputs(const std::list<Group>& groups) {
    std::vector<DrawInput> all;
    for (const Group& group : groups) {
      if (group.put_back) continue;
      for (const size_t text : group.living) all.push_back(group.texts[text].sampler.input(group.texts[text].tokens));
    }
    return all;
  }

  void take_all(std::list<Group>& groups, const std::vector<Drawn>& all) {
    auto drawn = all.begin();
    for (Group& group : groups)
      for (const size_t text : group.living) take(group, text, *drawn++);
  }

  // What the writer drew.
  void take(Group& group, size_t index, const Drawn& drawn) {
    try {
      group.texts[index].sampler.take(drawn);
    } catch (const Error& error) {
      rethrow_at(group.source, error);
    }
    add(group, index, drawn);
  }

  void admit() {
    std::list<Group> fresh = admitted();
    if (fresh.empty()) return;
    if (writer_->can_draw()) {
      const auto [prompts, counts] = asked(fresh);
      take_all(fresh, writer_->begin_and_draw(prompts, counts, options().sampling, inputs(fresh)));
    } else {
      const Logits logits = begin(fresh);
      size_t row = 0;
      for (Group& group : fresh) {
        for (size_t text = 0; text < group.texts.size(); ++text) draw(group, text, logits.row(row));
        ++row;
      }
    }
    groups_.splice(groups_.end(), fresh);
  }

  // Once each text has so many tokens.
  int64_t bytes_of(const Group& group, int64_t tokens) const {
    return writer_->group_bytes(group.prompt, static_cast<int64_t>(group.living.size()), tokens);
  }
  int64_t expected_bytes(const Group& group) const {
    return bytes_of(group, std::max(group.written + 1, group.expected));
  }
  // The rest of what there is is for encoded images and for what a pass computes.
  int64_t memory() const { return options().memory > 0 ? options().memory : generator_.backend_->spare_memory() / 2; }

  bool fits(const Group& group, const std::list<Group>& fresh) const {
    auto texts = static_cast<int64_t>(group.texts.size());
    int64_t bytes = expected_bytes(group);
    for (const std::list<Group>* others : {&groups_, &fresh})
      for (const Group& other : *others) {
        texts += static_cast<int64_t>(other.living.size());
        bytes += expected_bytes(other);
      }
    return (groups_.empty() && fresh.empty()) || (texts <= options().texts_together && bytes <= memory());
  }

  // Texts grow beyond what was expected. Where the next tokens do not fit, the requests begun last make room.
  void make_room() {
    int64_t bytes = 0;
    for (Group& group : groups_) {
      if (group.living.empty()) continue;
      const int64_t more = bytes_of(group, group.written + 1);
      group.put_back = bytes > 0 && bytes + more > memory();
      if (!group.put_back) bytes += more;
      if (group.put_back) group.expected = std::min(2 * group.written, options().max_new_tokens);
    }
  }

  Group prepare(GenerationRequest request) {
    const PromptEncoder& encoder = generator_.encoder_;
    Group group;
    group.number = taken_++;
    group.source = std::move(request.source);
    PromptEncoder::Prepared sample = encoder.prepared(request.sample, group.source);
    PromptEncoder::Text text = encoder.encode(sample, std::nullopt, group.source);
    group.notes = text.notes;
    group.notes.add(text.message_notes);
    group.prompt.prefix = std::move(text.ids);
    group.prompt.images = std::move(sample.images);
    VLRM_ASSERT(!request.seeds.empty());
    group.seeds = std::move(request.seeds);
    group.expected = std::min(options().max_new_tokens, options().expected_tokens);
    group.start(options().sampling);
    return group;
  }

  void draw(Group& group, size_t index, std::span<const float> logits) {
    GrowingText& text = group.texts[index];
    Drawn drawn;
    try {
      drawn = text.sampler.next(logits, text.tokens);
    } catch (const Error& error) {
      rethrow_at(group.source, error);
    }
    add(group, index, drawn);
  }

  void add(Group& group, size_t index, const Drawn& drawn) {
    GrowingText& text = group.texts[index];
    text.tokens.push_back(drawn.token);
    text.written.tokens.push_back(drawn.token);
    text.written.log_probabilities.push_back(drawn.log_probability);
    text.written.ended = std::ranges::find(generator_.stop_tokens_, drawn.token) != generator_.stop_tokens_.end();
    text.finished = text.written.ended || static_cast<int64_t>(text.written.tokens.size()) >= options().max_new_tokens;
    if (!text.finished && !grown_) return;
    text.written.text = decoded(text.written.tokens);
    if (grown_) grown_(index, text.written.text);
  }

  // As in transformers, ids without a token stand for nothing.
  std::string decoded(std::vector<int32_t> ids) const {
    const Tokenizer& tokenizer = generator_.encoder_.tokenizer();
    std::erase_if(ids, [&](int32_t id) { return !tokenizer.has_token(id); });
    return tokenizer.decode(ids, true);
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
        living.push_back(group.living[i]);
        next.texts.push_back(static_cast<int64_t>(i));
        next.tokens.push_back(text.tokens.back());
      }
      group.living = std::move(living);
      ++group.written;
      all.push_back(std::move(next));
    }
    make_room();
    auto next = all.begin();
    for (const Group& group : groups_) {
      if (group.put_back) *next = {};  // the writer forgets it
      ++next;
    }
    if (writer_->can_draw()) {
      const std::vector<Drawn> drawn = writer_->step_and_draw(all, options().sampling, inputs(groups_));
      finish();
      return take_all(groups_, drawn);
    }
    const Logits logits = writer_->step(all);
    finish();
    size_t row = 0;
    for (Group& group : groups_)
      for (const size_t text : group.living) draw(group, text, logits.row(row++));
  }

  // Where the prompt is too long already, its own note says so.
  bool outgrew(const Group& group, const GrowingText& text) const {
    return static_cast<int64_t>(group.prompt.prefix.size()) <= generator_.positions_ &&
           static_cast<int64_t>(text.tokens.size()) > generator_.positions_;
  }

  void finish() {
    for (auto group = groups_.begin(); group != groups_.end();) {
      const auto after = std::next(group);
      if (group->living.empty()) {
        std::vector<WrittenText> texts;
        for (GrowingText& text : group->texts) {
          text.written.notes = group->notes;
          if (outgrew(*group, text)) {
            text.written.notes.outgrown_texts = 1;
            ++generator_.notes_.outgrown_texts;
          }
          texts.push_back(std::move(text.written));
        }
        done_(group->number, std::move(texts));
        groups_.erase(group);
      } else if (group->put_back) {
        group->start(options().sampling);
        waiting_.splice(waiting_.begin(), groups_, group);
      }
      group = after;
    }
  }

  Generator& generator_;
  std::unique_ptr<TextWriter> writer_;
  const Next& next_;
  const Done& done_;
  const Grown& grown_;
  std::list<Group> groups_;   // in the writer's order
  std::list<Group> waiting_;  // for room: those put back, or the next one
  int64_t taken_ = 0;
  std::exception_ptr failure_;                // of the request after the last
  std::future<std::optional<Group>> coming_;  // the one after it; last, since what prepares it uses the others
};

Generator::Generator(const Model& model, const GeneratorOptions& options, const BackendOptions& backend)
    : Generator(model, options, [&] {
        ModelConfig config = model.config;
        config.head = Head::language_model;
        return load_backend(config, model.weights, backend);
      }) {}

Generator::Generator(const Model& model, const GeneratorOptions& options, const Load& load)
    : options_((checked_model(model, options), options)),
      encoder_(model, options_.prompt),
      stop_tokens_(stop_tokens(model.files.directory)),
      positions_(model.config.text.positions) {
  VLRM_ASSERT(options_.max_new_tokens > 0 && options_.texts_together > 0 && options_.expected_tokens > 0);
  backend_ = load();
}

Generator::~Generator() = default;

void Generator::set_writing(const SamplingOptions& sampling, int64_t max_new_tokens, int64_t texts_together) {
  sampling.check();
  VLRM_ASSERT(max_new_tokens > 0 && texts_together > 0);
  options_.sampling = sampling;
  options_.max_new_tokens = max_new_tokens;
  options_.texts_together = texts_together;
}

Backend::Work Generator::work() const {
  return backend_->work();
}

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

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <vlrm/reward_model.h>

#include <algorithm>

#include "call.h"
#include "parts.h"

namespace vlrm {
namespace {

std::string_view view(const nb::bytes& bytes) {
  return {bytes.c_str(), bytes.size()};
}

bool same_image(const ImageInput& a, const ImageInput& b) {
  return a.bytes == b.bytes && (!a.bytes.empty() || a.file == b.file);
}

bool same_prompt(const Conversation& a, const Conversation& b) {
  return a.prompt == b.prompt && a.messages == b.messages && std::ranges::equal(a.images, b.images, same_image);
}

void add_conversations(nb::module_& module) {
  nb::class_<ImageInput>(module, "ImageInput")
      .def(
          "__init__",
          [](ImageInput* self, std::string file, const nb::bytes& bytes) {
            new (self) ImageInput{std::move(file), std::string(view(bytes))};
          },
          nb::arg("file"), nb::arg("bytes"));
  nb::class_<Conversation>(module, "Conversation")
      .def(nb::init<>())
      .def_rw("prompt", &Conversation::prompt)
      .def_rw("messages", &Conversation::messages)
      .def_rw("images", &Conversation::images)
      .def_rw("responses", &Conversation::responses)
      .def_rw("source", &Conversation::source)
      .def("same_prompt", &same_prompt, nb::arg("other"), "Whether only the responses differ.")
      .def_prop_ro("image_bytes", [](const Conversation& conversation) {
        size_t bytes = 0;
        for (const ImageInput& image : conversation.images) bytes += image.bytes.size();
        return bytes;
      });
  nb::class_<Scores>(module, "Scores")
      .def_ro("scores", &Scores::scores)
      .def_ro("date", &Scores::date)
      .def_ro("texts", &Scores::texts);
  nb::class_<GeneratedText>(module, "GeneratedText")
      .def_ro("seed", &GeneratedText::seed)
      .def_ro("text", &GeneratedText::text)
      .def_ro("ended", &GeneratedText::ended)
      .def_ro("tokens", &GeneratedText::tokens)
      .def_ro("log_probabilities", &GeneratedText::log_probabilities)
      .def_ro("texts", &GeneratedText::texts);
}

std::vector<Scores> score_with(RewardModel& model, const std::vector<Conversation>& conversations, ScoreCall how,
                               Call& call) {
  how.listener = &call;
  return call.run([&] { return model.score(conversations, how); });
}

std::vector<GeneratedText> generate_with(RewardModel& model, const Conversation& conversation, GenerateCall how,
                                         const nb::object& grown, Call& call) {
  how.listener = &call;
  if (!grown.is_none())
    how.grown = [&](size_t text, const std::string& so_far) {
      call.call_back([&] { grown(text, nb::str(so_far.data(), so_far.size())); });
    };
  return call.run([&] { return model.generate(conversation, how); });
}

}  // namespace

void add_reward_model(nb::module_& module) {
  add_conversations(module);
  nb::class_<RewardModel>(module, "RewardModel")
      .def(
          "__init__",
          [](RewardModel* self, const ModelOptions& options, Call& call) {
            call.run([&] { new (self) RewardModel(options, &call); });
          },
          nb::arg("options"), nb::arg("call"))
      .def("score", &score_with, nb::arg("conversations"), nb::arg("how"), nb::arg("call"))
      .def("generate", &generate_with, nb::arg("conversation"), nb::arg("how"), nb::arg("grown").none(),
           nb::arg("call"))
      .def(
          "settings", [](RewardModel& model, Call& call) { return call.run([&] { return model.settings(&call); }); },
          nb::arg("call"))
      .def_prop_ro("sees", &RewardModel::sees)
      .def_prop_ro("rewards", &RewardModel::rewards)
      .def_prop_ro("dtype", &RewardModel::dtype)
      .def_prop_ro("device", &RewardModel::device);
}

}  // namespace vlrm

// TextWriter on a device with flash attention: a fixed number of launches a step, whatever the groups.
#pragma once

#include <map>

#include "model/page_numbers.h"
#include "model/torch_backend.h"

namespace vlrm {

class PagedTextWriter final : public TextWriter {
 public:
  explicit PagedTextWriter(TorchBackend& backend);
  Logits begin(std::span<const SharedPrefixBatch> prompts, std::span<const int64_t> texts) override;
  Logits step(std::span<const Next> groups) override;
  int64_t group_bytes(const SharedPrefixBatch& prompt, int64_t texts, int64_t tokens) const override;

 private:
  struct Group;
  struct NewPlaces;
  Group begun(const PrefixGroup& prompt, int64_t texts, NewPlaces& places);
  void add_images(Group& group, const PrefixGroup& prompt, const RaggedBatch& batch, NewPlaces& places);
  std::vector<int64_t> first_rows(const RaggedBatch& batch) const;
  void keep(Group& group, const std::vector<int64_t>& texts);
  PagedStep next_step();
  void make_room();
  Logits logits(const at::Tensor& states) const;

  TorchBackend& backend_;
  std::vector<Group> groups_;
  PageNumbers text_pages_, image_pages_;
  std::map<std::string, std::vector<int32_t>> images_;  // by digest: pages of those that some group sees alone
  std::vector<at::Tensor> pools_;                       // of the layers
};

// All equally far.
struct PagedTextWriter::Group {
  int64_t length = 0, position = 0;         // tokens of each text so far; of its next token
  std::vector<std::vector<int32_t>> texts;  // pages of each
  std::vector<int32_t> image_pages;
  int64_t image_rows = 0;
};

}  // namespace vlrm

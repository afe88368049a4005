// The next tokens of texts, drawn on the device that has their logits: as generate/sampler.h draws one on the CPU.
#pragma once

#include <span>
#include <vector>

#include "model/aten.h"
#include "model/backend.h"

namespace vlrm {

// logits [texts, vocabulary], float32. Sums are in float64, as the sampler's: they draw the same tokens, but where a
// number is within some 1e-13 of the border between two. A wait of the host, and some bytes a text.
std::vector<Drawn> draw_tokens(const at::Tensor& logits, const SamplingOptions& options,
                               std::span<const DrawInput> draws);

}  // namespace vlrm

// Choices that families' vision encoders make in the layers that they share.
#pragma once

namespace vlrm {

enum class NormKind { layer, rms };  // layer norms have biases
// Of a feed-forward part; GELU exact, or by its approximations.
enum class Activation { gelu, gelu_tanh, quick_gelu, silu };

}  // namespace vlrm

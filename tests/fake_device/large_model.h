// Llama-3.2-11B-Vision as far as a device notices it: its shapes, with weights and images that mean nothing.
#pragma once

#include "architecture/config.h"
#include "model/backend.h"

namespace fake_device {

vlrm::ModelConfig llama_3_2_11b_vision(vlrm::Head head);

// A checkpoint of bfloat16 for `config`. With `values`, its matrices repeat a small table of random numbers, so small
// that activations stay finite; products of zeros would take a GPU less power and time than true ones. Without, reading
// a matrix leaves the memory as it is.
vlrm::CheckpointPtr any_weights(const vlrm::ModelConfig& config, bool values);

// An image of four tiles; images of different numbers have different digests.
std::shared_ptr<const vlrm::ProcessedImage> any_image(int number);

}  // namespace fake_device

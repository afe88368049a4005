#include "architecture/qwen3/model/qwen3_parts.h"

#include "architecture/qwen3/qwen3.h"
#include "model/self_attention_layer.h"

namespace vlrm {

const FamilyParts kQwen3Parts = {.architecture = &kQwen3, .add_layer = add_self_attention_layer};

}  // namespace vlrm

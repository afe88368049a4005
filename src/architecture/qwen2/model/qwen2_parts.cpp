#include "architecture/qwen2/model/qwen2_parts.h"

#include "architecture/qwen2/qwen2.h"
#include "model/self_attention_layer.h"

namespace vlrm {

const FamilyParts kQwen2Parts = {.architecture = &kQwen2, .add_layer = add_self_attention_layer};

}  // namespace vlrm

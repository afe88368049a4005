#include "architecture/qwen2_5_vl/model/qwen2_5_vl_parts.h"

#include "architecture/qwen2_5_vl/qwen2_5_vl.h"
#include "model/patch_encoder.h"
#include "model/self_attention_layer.h"

namespace vlrm {

const FamilyParts kQwen2_5VlParts = patch_family_parts(kQwen2_5Vl, add_self_attention_layer);

}  // namespace vlrm

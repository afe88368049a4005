#include "architecture/qwen2_vl/model/qwen2_vl_parts.h"

#include "architecture/qwen2_vl/qwen2_vl.h"
#include "model/patch_encoder.h"
#include "model/self_attention_layer.h"

namespace vlrm {

const FamilyParts kQwen2VlParts = patch_family_parts(kQwen2Vl, add_self_attention_layer);

}  // namespace vlrm

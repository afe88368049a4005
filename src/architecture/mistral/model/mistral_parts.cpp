#include "architecture/mistral/model/mistral_parts.h"

#include "architecture/mistral/mistral.h"
#include "model/self_attention_layer.h"

namespace vlrm {

const FamilyParts kMistralParts = {.architecture = &kMistral, .add_layer = add_self_attention_layer};

}  // namespace vlrm

// Our exceptions as Python's.
#pragma once

namespace vlrm {

// They become those of vlrm.errors, which is imported when the first one is raised.
void translate_errors();

}  // namespace vlrm

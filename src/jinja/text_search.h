// Finding, splitting and stripping in text, as Python's str does.
#pragma once

#include "jinja/function.h"

namespace vlrm::jinja {

std::string replaced(Workspace& workspace, const std::string& text, const std::string& old, const std::string& by,
                     int64_t limit);  // limit < 0: all
// Where the last `part` begins, or npos. In linear time.
size_t find_last(Workspace& workspace, std::string_view text, std::string_view part);
int64_t count_of(Workspace& workspace, std::string_view text, std::string_view part);
std::string stripped(Workspace& workspace, const Text& text, const Text* characters, bool left,
                     bool right);  // null: white space
std::vector<std::string_view> split_lines(Workspace& workspace, std::string_view text, bool keep_ends = false);
// At white space (null) or at a separator; limit < 0: everywhere.
std::vector<std::string_view> split(Workspace& workspace, const Text& text, const Text* separator, int64_t limit);
std::vector<std::string_view> split_from_right(Workspace& workspace, const Text& text, const Text* separator,
                                               int64_t limit);
Value texts(Workspace& workspace, const std::vector<std::string_view>& parts);

// Methods: (self, arguments).
Value text_find(Rendering&, const Value&, const Arguments&);
Value text_rfind(Rendering&, const Value&, const Arguments&);
Value text_index(Rendering&, const Value&, const Arguments&);
Value text_rindex(Rendering&, const Value&, const Arguments&);
Value text_count(Rendering&, const Value&, const Arguments&);
Value text_startswith(Rendering&, const Value&, const Arguments&);
Value text_endswith(Rendering&, const Value&, const Arguments&);

}  // namespace vlrm::jinja

// One HTML file that needs no other: template, style and scripts of page/, with data put in.
#pragma once

#include <string>

#include "base/json.h"

namespace vlrm {

namespace page_files {  // page/, made by CMake
extern const char* const kPage;
extern const char* const kStyle;
extern const char* const kScript;
}  // namespace page_files

struct PageContent {
  std::string title;   // any text
  std::string tables;  // HTML
  OrderedJson data;
  std::vector<std::string> images;  // files, JPEG; may be empty
};

// The page. Its policy lets it run its own scripts only and load nothing.
std::string make_page(const PageContent& content);

}  // namespace vlrm

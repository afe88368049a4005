// Images as requests name them.
#pragma once

#include <string>

#include "vision/image.h"

namespace vlrm {

// The image of a URL: data: with base64, or file: for a file in the folder `allowed` ("": none). Links are followed
// before the folder is looked at. Nothing is fetched. Throws HttpError 400 naming `where` for anything else.
EncodedImage image_of_url(const std::string& url, const std::string& allowed, const std::string& where);

// The same for a path, as datasets name a file.
EncodedImage image_of_path(const std::string& path, const std::string& allowed, const std::string& where);

}  // namespace vlrm

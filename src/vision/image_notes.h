// What an image file says beside its pixels, as far as it tells which way up the image is. The blocks are those that
// Pillow 10.4 looks at, taken as it takes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vlrm::detail {

struct ImageNotes {
  std::optional<std::string> exif;  // a TIFF structure, without "Exif\0\0" in front; nothing has been checked of it
  std::optional<std::string> xmp;   // text
};

// All give what they find before a file ends early or stops making sense; none throws for that.
// The EXIF parts of all APP1 segments, joined. A JPEG's XMP is not looked at, nor does Pillow 10.4.
ImageNotes notes_of_jpeg(std::string_view file);
// The last eXIf chunk, or a text "Raw profile type exif" in hex; and the last text "XML:com.adobe.xmp". Texts may be
// tEXt, zTXt or iTXt, and stand before or behind the pixels.
ImageNotes notes_of_png(std::string_view file);
// The EXIF chunk, where the file's header says that it has one. In webp.cpp.
ImageNotes notes_of_webp(std::string_view file);

// The orientation, 1 to 8, that the first directory of a TIFF structure gives (TIFF 6.0, section 2): 1 where its value
// is not one of these numbers, nothing where it has none or is malformed. Any type of number is good; of several
// entries the last counts.
std::optional<int> orientation_of_tiff(std::string_view tiff);
// The same of an XMP text, of an attribute tiff:Orientation="6" or an element <tiff:Orientation>6.
std::optional<int> orientation_of_xmp(std::string_view xmp);

}  // namespace vlrm::detail

// WebP by way of libwebp; of an animation the first frame, on a transparent black canvas.
#include <webp/decode.h>
#include <webp/demux.h>

#include "base/error.h"
#include "vision/decoders.h"
#include "vision/image_notes.h"

namespace vlrm::detail {
namespace {

struct Demuxer {
  explicit Demuxer(const WebPData& data) : handle(WebPDemux(&data)) {}
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;
  ~Demuxer() {
    WebPDemuxReleaseIterator(&frame);
    WebPDemuxReleaseChunkIterator(&chunk);
    WebPDemuxDelete(handle);
  }
  WebPDemuxer* handle;
  WebPIterator frame{};
  WebPChunkIterator chunk{};
};

}  // namespace

Image decode_webp(std::string_view bytes, const std::string& name, const DecodeOptions& options) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK) fail("{}: not a readable WebP", name);
  Demuxer demuxer(data);
  if (!demuxer.handle || !WebPDemuxGetFrame(demuxer.handle, 1, &demuxer.frame))
    fail("{}: not a readable WebP: truncated or malformed", name);
  const int64_t width = WebPDemuxGetI(demuxer.handle, WEBP_FF_CANVAS_WIDTH);
  const int64_t height = WebPDemuxGetI(demuxer.handle, WEBP_FF_CANVAS_HEIGHT);
  check_size(width, height, name, options);
  constexpr int kLossy = 1;  // else libwebp may keep all pixels once more
  check_memory(width * height * (features.format == kLossy ? 5 : 8), name);
  InPlace place(width, height, 4);

  const WebPIterator& frame = demuxer.frame;
  uint8_t* canvas = place.samples();
  const int stride = static_cast<int>(width * 4);
  const size_t first = static_cast<size_t>(frame.y_offset * int64_t{stride} + int64_t{frame.x_offset} * 4);
  if (!WebPDecodeRGBAInto(frame.fragment.bytes, frame.fragment.size, canvas + first,
                          static_cast<size_t>(width * height * 4) - first, stride))
    fail("{}: not a readable WebP: its pixels are truncated or malformed", name);

  const auto alpha_mode = features.has_alpha ? options.alpha : DecodeOptions::Alpha::drop;
  uint8_t* rgb = place.image.rgb.data();
  for (const uint8_t* pixel = canvas; pixel < canvas + width * height * 4; pixel += 4) {
    const int alpha = pixel[3];
    for (size_t c = 0; c < 3; ++c) *rgb++ = without_alpha(pixel[c], alpha, alpha_mode);
  }
  return std::move(place).finished();
}

ImageNotes notes_of_webp(std::string_view file) {
  const WebPData data{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
  Demuxer demuxer(data);
  if (!demuxer.handle || !WebPDemuxGetChunk(demuxer.handle, "EXIF", 1, &demuxer.chunk)) return {};
  std::string_view exif(reinterpret_cast<const char*>(demuxer.chunk.chunk.bytes), demuxer.chunk.chunk.size);
  constexpr std::string_view kMarker("Exif\0\0", 6);
  if (exif.starts_with(kMarker)) exif.remove_prefix(kMarker.size());
  return {std::string(exif), std::nullopt};
}

}  // namespace vlrm::detail

#include "dashboards/service/store/compress.h"

#include <zlib.h>
#include <zstd.h>

#include "absl/status/status.h"

namespace loam::dashboards {

absl::StatusOr<std::string> ToZstd(absl::string_view bytes) {
  std::string compressed(ZSTD_compressBound(bytes.size()), '\0');
  const size_t length = ZSTD_compress(compressed.data(), compressed.size(), bytes.data(),
                                      bytes.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(length)) return absl::InternalError(ZSTD_getErrorName(length));
  compressed.resize(length);
  return compressed;
}

absl::StatusOr<std::string> FromZstd(absl::string_view compressed, size_t expected_bytes) {
  std::string bytes(expected_bytes, '\0');
  const size_t length =
      ZSTD_decompress(bytes.data(), bytes.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(length) || length != expected_bytes) {
    return absl::DataLossError("a stored file is damaged");
  }
  return bytes;
}

absl::StatusOr<std::string> ToGzip(absl::string_view bytes) {
  constexpr int kGzipWindowBits = 15 + 16;  // 16: a gzip header
  constexpr int kMemoryLevel = 8;
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return absl::InternalError("gzip does not start");
  }
  std::string compressed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef *>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  const int code = deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return absl::InternalError("gzip does not end");
  return compressed;
}

}  // namespace loam::dashboards

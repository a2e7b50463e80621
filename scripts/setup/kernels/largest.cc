// The largest of each pixel's logits once they are enlarged, without the enlarged map: TensorFlow's ResizeBilinear and
// ArgMax, to the bit. Compiled without contraction, so that each product is rounded as it is there.

#include "largest.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

namespace pspc {
namespace {

// Channels that are compared together.
constexpr int LANES = 16;

// Where a row or a column of the result lies between two of the input.
std::vector<Between> between(int in, int out, bool aligned) {
  const float scale = aligned && out > 1 ? (in - 1) / static_cast<float>(out - 1) : in / static_cast<float>(out);
  std::vector<Between> all(out);
  for (int i = 0; i < out; ++i) {
    const float at = aligned ? static_cast<float>(i) * scale : (static_cast<float>(i) + 0.5f) * scale - 0.5f;
    const float below = std::floor(at);
    all[i] = {std::max(static_cast<int>(below), 0), std::min(static_cast<int>(std::ceil(at)), in - 1), at - below};
  }
  return all;
}

}  // namespace

int paddedChannels(int channels) { return (channels + LANES - 1) / LANES * LANES; }

Enlarged::Enlarged(int height, int width, int rows, int columns, int channels, bool aligned)
    : width_(width), channels_(channels), padded_(paddedChannels(channels)), rows_(between(height, rows, aligned)), columns_(between(width, columns, aligned)) {}

void Enlarged::pad(const float* pixels, size_t count, float* to) const {
  for (size_t i = 0; i < count; ++i, pixels += channels_, to += padded_) {
    std::copy(pixels, pixels + channels_, to);
    // Never larger than another.
    std::fill(to + channels_, to + padded_, -FLT_MAX);
  }
}

#if defined(__x86_64__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
void Enlarged::row(const float* image, int row, int32_t* classes) const {
  const Between down = rows_[row];
  const float* above = image + static_cast<size_t>(down.lower) * width_ * padded_;
  const float* below = image + static_cast<size_t>(down.upper) * width_ * padded_;
  for (const Between& across : columns_) {
    const size_t left = static_cast<size_t>(across.lower) * padded_, right = static_cast<size_t>(across.upper) * padded_;
    float most[LANES];
    int32_t at[LANES];
    for (int i = 0; i < LANES; ++i) most[i] = -FLT_MAX, at[i] = i;
    for (int c = 0; c < padded_; c += LANES)
      for (int i = 0; i < LANES; ++i) {
        const float a = above[left + c + i], b = below[left + c + i];
        const float top = a + (above[right + c + i] - a) * across.share;
        const float bottom = b + (below[right + c + i] - b) * across.share;
        const float value = top + (bottom - top) * down.share;
        at[i] = value > most[i] ? c + i : at[i];
        most[i] = value > most[i] ? value : most[i];
      }
    float largest = -FLT_MAX;
    int32_t found = 0;
    for (int i = 0; i < std::min(LANES, channels_); ++i)
      if (most[i] > largest || (most[i] == largest && at[i] < found)) largest = most[i], found = at[i];
    *classes++ = found;
  }
}

}  // namespace pspc

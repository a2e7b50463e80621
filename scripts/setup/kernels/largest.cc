// The largest of each pixel's logits once they are enlarged, without the enlarged map: TensorFlow's ResizeBilinear and
// ArgMax, to the bit. Compiled without contraction, so that each product is rounded as it is there.
//
// Rows of the input are widened once, a class after the other, and all rows of the result between two of them are mixed of
// those: pixels lie beside each other in a vector, and no vector's numbers are compared among themselves.

#include "largest.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#if defined(__x86_64__)
#define PSPC_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PSPC_CLONES
#endif

namespace pspc {
namespace {

Between between(int in, int out, bool aligned) {
  const float scale = aligned && out > 1 ? (in - 1) / static_cast<float>(out - 1) : in / static_cast<float>(out);
  Between all;
  for (int i = 0; i < out; ++i) {
    const float at = aligned ? static_cast<float>(i) * scale : (static_cast<float>(i) + 0.5f) * scale - 0.5f;
    const float below = std::floor(at);
    all.lower.push_back(std::max(static_cast<int>(below), 0));
    all.upper.push_back(std::min(static_cast<int>(std::ceil(at)), in - 1));
    all.share.push_back(at - below);
  }
  return all;
}

PSPC_CLONES
void widen(const float* row, const int32_t* lower, const int32_t* upper, const float* share, int columns, float* to) {
  for (int x = 0; x < columns; ++x) {
    const float left = row[lower[x]];
    to[x] = left + (row[upper[x]] - left) * share[x];
  }
}

PSPC_CLONES
void compare(const float* top, const float* bottom, float share, int columns, int32_t channel, float* most, int32_t* classes) {
  for (int x = 0; x < columns; ++x) {
    const float value = top[x] + (bottom[x] - top[x]) * share;
    classes[x] = value > most[x] ? channel : classes[x];
    most[x] = value > most[x] ? value : most[x];
  }
}

}  // namespace

Enlarged::Enlarged(int height, int width, int rows, int columns, int channels, bool aligned)
    : width_(width), channels_(channels), rows_(between(height, rows, aligned)), columns_(between(width, columns, aligned)) {}

// Two widened rows, one class of a row of the input, and the largest so far.
size_t Enlarged::room() const { return (size_t{2} * channels_ + 1) * columns_.share.size() + width_; }

void Enlarged::classes(const float* image, int from, int until, float* room, int32_t* to) const {
  const int columns = static_cast<int>(columns_.share.size());
  const size_t size = static_cast<size_t>(channels_) * columns;
  float* wide[2] = {room, room + size};
  float* const most = room + 2 * size;
  float* const one = most + columns;
  int held[2] = {-1, -1};
  const auto hold = [&](int which, int row) {
    if (held[which] == row) return;
    held[which] = row;
    const float* pixels = image + static_cast<size_t>(row) * width_ * channels_;
    for (int c = 0; c < channels_; ++c) {
      for (int x = 0; x < width_; ++x) one[x] = pixels[static_cast<size_t>(x) * channels_ + c];
      widen(one, columns_.lower.data(), columns_.upper.data(), columns_.share.data(), columns, wide[which] + static_cast<size_t>(c) * columns);
    }
  };
  for (int row = from; row < until; ++row, to += columns) {
    // What was below is above, a row of the input further down.
    if (held[1] == rows_.lower[row]) std::swap(wide[0], wide[1]), std::swap(held[0], held[1]);
    hold(0, rows_.lower[row]);
    hold(1, rows_.upper[row]);
    std::fill(most, most + columns, -FLT_MAX);
    std::fill(to, to + columns, 0);
    for (int c = 0; c < channels_; ++c)
      compare(wide[0] + static_cast<size_t>(c) * columns, wide[1] + static_cast<size_t>(c) * columns, rows_.share[row], columns, c, most, to);
  }
}

}  // namespace pspc

// The arithmetic of a norm's gradient for one kind of vector unit: PSPC_UNIT names it, PSPC_LANES are its floats.

#include "norms.h"
#include "vectors.h"

namespace pspc::PSPC_UNIT {
namespace {

// Vectors of a row that are summed at once.
constexpr int WIDE = 4;
constexpr int STRIPE = WIDE * LANES;
// Rows whose sums are one sum before they are added to others: a long sum in f32 forgets what is small.
constexpr int TOGETHER = 64;

template <class Number, bool isGated>
inline Vector gradientAt(const Number* dy, const Number* gate) {
  const Vector value = load(dy);
  return isGated ? (load(gate) > Vector{} ? value : Vector{}) : value;
}

template <class Number, bool isGated, int W>
void sumStripe(const NormGradient& of, int from, int until, int channel, float* sums) {
  const size_t channels = of.channels;
  Vector mean[W], all[2][W] = {};
  for (int w = 0; w < W; ++w) mean[w] = load(of.mean + channel + w * LANES);
  for (int first = from; first < until; first += TOGETHER) {
    const int last = least(until, first + TOGETHER);
    size_t at = first * channels + channel;
    const Number *dy = static_cast<const Number*>(of.dy) + at, *x = static_cast<const Number*>(of.x) + at;
    const Number* gate = isGated ? static_cast<const Number*>(of.gate) + at : dy;
    Vector shift[W] = {}, scale[W] = {};
    for (int row = first; row < last; ++row, dy += channels, x += channels, gate += channels)
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) {
        const Vector g = gradientAt<Number, isGated>(dy + w * LANES, gate + w * LANES);
        shift[w] += g;
        scale[w] += g * (load(x + w * LANES) - mean[w]);
      }
    for (int w = 0; w < W; ++w) all[0][w] += shift[w], all[1][w] += scale[w];
  }
  for (int w = 0; w < W; ++w)
    for (int kind = 0; kind < 2; ++kind) store(sums + kind * channels + channel + w * LANES, all[kind][w]);
}

template <class Number, bool isGated, int W>
void applyStripe(const NormGradient& of, int from, int until, int channel, const float* factors) {
  const size_t channels = of.channels;
  Vector mean[W], by[3][W];
  for (int w = 0; w < W; ++w) {
    mean[w] = load(of.mean + channel + w * LANES);
    for (int kind = 0; kind < 3; ++kind) by[kind][w] = load(factors + kind * channels + channel + w * LANES);
  }
  size_t at = from * channels + channel;
  const Number *dy = static_cast<const Number*>(of.dy) + at, *x = static_cast<const Number*>(of.x) + at;
  const Number* gate = isGated ? static_cast<const Number*>(of.gate) + at : dy;
  Number* dx = static_cast<Number*>(of.dx) + at;
  for (int row = from; row < until; ++row, dy += channels, x += channels, gate += channels, dx += channels)
#pragma GCC unroll 4
    for (int w = 0; w < W; ++w) {
      const Vector g = gradientAt<Number, isGated>(dy + w * LANES, gate + w * LANES);
      store(dx + w * LANES, by[0][w] * g + by[1][w] * (load(x + w * LANES) - mean[w]) + by[2][w]);
    }
}

template <class Number, bool isGated>
void sumAll(const NormGradient& of, int from, int until, int channel, float* sums) {
  int c = channel;
  const int end = least(of.channels, channel + STRIPE);
  for (; c + STRIPE <= end; c += STRIPE) sumStripe<Number, isGated, WIDE>(of, from, until, c, sums);
  for (; c < end; c += LANES) sumStripe<Number, isGated, 1>(of, from, until, c, sums);
}

template <class Number, bool isGated>
void applyAll(const NormGradient& of, int from, int until, int channel, const float* factors) {
  int c = channel;
  const int end = least(of.channels, channel + STRIPE);
  for (; c + STRIPE <= end; c += STRIPE) applyStripe<Number, isGated, WIDE>(of, from, until, c, factors);
  for (; c < end; c += LANES) applyStripe<Number, isGated, 1>(of, from, until, c, factors);
}

inline float root(float x) { return __builtin_sqrtf(x); }

void factorsOf(const NormGradient& of, const float* sums, int channel, float* factors) {
  const int channels = of.channels, end = least(channels, channel + STRIPE);
  const float each = 1.0f / static_cast<float>(of.rows);
  for (int c = channel; c < end; ++c) {
    const float inverse = 1.0f / root(of.variance[c] + of.epsilon);
    const float shift = sums[c], scale = sums[channels + c] * inverse, slope = of.scale[c] * inverse;
    of.dshift[c] = shift;
    of.dscale[c] = scale;
    factors[c] = slope;
    factors[channels + c] = -slope * inverse * scale * each;
    factors[2 * channels + c] = -slope * shift * each;
  }
}

}  // namespace

const NormArithmetic norms = {
    STRIPE,
    [](const NormGradient& of, int from, int until, int channel, float* sums) {
      const bool isGated = of.gate != nullptr;
      (of.isHalf ? isGated ? sumAll<Half, true> : sumAll<Half, false> : isGated ? sumAll<float, true> : sumAll<float, false>)(of, from, until, channel, sums);
    },
    factorsOf,
    [](const NormGradient& of, int from, int until, int channel, const float* factors) {
      const bool isGated = of.gate != nullptr;
      (of.isHalf ? isGated ? applyAll<Half, true> : applyAll<Half, false> : isGated ? applyAll<float, true> : applyAll<float, false>)(of, from, until, channel, factors);
    },
};

}  // namespace pspc::PSPC_UNIT

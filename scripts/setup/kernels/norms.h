// The gradient of a norm by a batch's own statistics, [rows, channels]: what the arithmetic (norms.cc, compiled once for
// each kind of vector unit) and TensorFlow's side of it (kernels.cc) know of each other.

#pragma once

namespace pspc {

struct NormGradient {
  int rows, channels;
  // Whether images are bf16.
  bool isHalf;
  // `gate` is the ReLU's result behind the norm, or none: where it is not above 0, dy counts as 0.
  const void *dy, *x, *gate;
  void* dx;
  const float *scale, *mean, *variance;
  float epsilon;
  float *dscale, *dshift;
};

// Rows `from` to `until` and at most `stripe` channels at a time.
struct NormArithmetic {
  int stripe;
  // Σ dy and Σ dy·(x − mean), [2][channels] each.
  void (*sums)(const NormGradient&, int from, int until, int channel, float* sums);
  // Both sums of all rows → dscale, dshift and [3][channels] factors of what follows.
  void (*factors)(const NormGradient&, const float* sums, int channel, float* factors);
  // dx = factors₀·dy + factors₁·(x − mean) + factors₂
  void (*apply)(const NormGradient&, int from, int until, int channel, const float* factors);
};

#define PSPC_UNITS(unit) namespace unit { extern const NormArithmetic norms; }
PSPC_UNITS(wide)    // AVX-512
PSPC_UNITS(middle)  // AVX2 with FMA
PSPC_UNITS(narrow)  // whatever the compiler takes for granted
#undef PSPC_UNITS

}  // namespace pspc

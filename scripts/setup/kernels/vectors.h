// Vectors of one kind of unit: PSPC_UNIT names it, PSPC_LANES are its floats. Included by what is compiled once for each.

#pragma once

#include <cstddef>
#include <cstdint>

// Nothing else of the standard library: its functions would be compiled for these units alone, and be shared with others.

namespace pspc::PSPC_UNIT {
namespace {

constexpr int LANES = PSPC_LANES;
typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

// bf16: the upper half of an f32.
typedef uint16_t Half;
typedef Half Halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
inline Vector load(const Half* from) {
  return reinterpret_cast<Vector>(__builtin_convertvector(*reinterpret_cast<const Halves*>(from), Bits) << 16);
}
// To the nearest, of two equally near ones to the even one. What is no number stays none.
inline void store(Half* to, Vector value) {
  const Bits bits = reinterpret_cast<Bits>(value);
  const Bits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  *reinterpret_cast<Halves*>(to) = __builtin_convertvector(value == value ? rounded : (bits >> 16) | 0x40, Halves);
}

inline float single(float value) { return value; }
inline float single(Half value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float wide;
  __builtin_memcpy(&wide, &bits, sizeof wide);
  return wide;
}

inline int least(int a, int b) { return a < b ? a : b; }

}  // namespace
}  // namespace pspc::PSPC_UNIT

// Winograd's convolutions tile by tile: what the arithmetic (tiles.cc, compiled once for each kind of vector unit) and
// TensorFlow's side of it (kernels.cc) know of each other. The laws are those of src/rewrite/winograd.ts.

#pragma once

#include <cstddef>
#include <cstdint>

namespace pspc {

// Channels that lie together; images whose channels are no multiple of it are not cut here.
constexpr int BLOCK = 16;

// Channels and outputs that a product takes at once, so that its part of the kernel stays in the nearest caches; fewer
// where all nine taps of it are at hand.
constexpr int DEPTH = 256, WIDTH = 256, TAPS_DEPTH = 128, TAPS_WIDTH = 128;
// Of the kernel's gradient: channels and outputs of which all places are at hand.
constexpr int BLOCK_CHANNELS = 128, BLOCK_OUTPUTS = 64;
// Floats to work in.
constexpr size_t SCRATCH = size_t{36} * BLOCK_CHANNELS * BLOCK_OUTPUTS + size_t{DEPTH} * WIDTH;
static_assert(size_t{10} * TAPS_DEPTH * TAPS_WIDTH <= SCRATCH);

// How an image [images, height, width, channels] is cut into tiles, each of which reads or writes pixels `dilation`
// apart: as many as cover the output, by image, phase, row and column.
struct Grid {
  int images, height, width, channels;
  // Whether its numbers are bf16; the arithmetic is f32, and rounds once, at the end.
  bool isHalf;
  int tile, dilation, top, left, rows, columns;
  int count() const { return images * dilation * dilation * rows * columns; }
};

// Tiles that were transformed: [places][channels / 16][tiles][16]. Both a product over channels and one over tiles read
// it in order.
struct Planes {
  float* data;
  int tiles;
  // Between two places. No power of two, so that the places of a tile do not share a line of the cache.
  size_t place;
};

// What every output gets at the end, where it is wanted: a bias and an image of the output's shape, in the image's numbers.
struct Finish {
  const void *bias = nullptr, *added = nullptr;
  bool relu = false;
};

// A product of the forward kind at one place: tiles × channels by channels × outputs. The kernel is transformed,
// [places, C, K]; or [3, 3, C, K] to be transformed by G on the way, or turned about [3, 3, K, C].
struct Product {
  Planes from, to;
  const void* kernel;
  // Whether it is bf16, which none that is transformed is.
  bool isHalf;
  int channels, outputs, tile;
  const float* taps;
  bool isTurned;
};

// One of the kernel's gradient at one place: channels × tiles by tiles × outputs, added where `isMore`.
struct Taps {
  Planes from, by;
  float* to;
  int channels, outputs;
  bool isMore;
};

// The same functions for each kind of vector unit. Tiles `from` to `to` of the grid go where `first` is the first.
struct Arithmetic {
  // Overlapping tiles of the input, by Bᵀ; and tiles of the output's gradient, by A.
  void (*cutInput)(const Grid&, const void* x, const float* matrix, Planes, int first, int from, int to);
  void (*cutOutput)(const Grid&, const void* dy, const float* matrix, Planes, int first, int from, int to);
  // Products into the image, by Aᵀ.
  void (*lay)(const Grid&, Planes, const float* matrix, const Finish&, void* y, int first, int from, int to);
  // Outputs `from` to `to`, multiples of 16 and at most WIDTH, at one place.
  void (*multiply)(const Product&, int place, int from, int to, float* scratch);
  // At most TAPS_WIDTH of them at some places, by a kernel that is not transformed yet.
  void (*multiplyKernel)(const Product&, int place, int places, int from, int to, float* scratch);
  // A kernel of at most TAPS_DEPTH by TAPS_WIDTH at some places, [places, C, K] in the order of the products; and those of all
  // places by it.
  void (*packKernel)(const Product&, int place, int places, float* strips, float* scratch);
  void (*multiplyPacked)(const Product&, int places, const float* strips);
  void (*multiplyTaps)(const Taps&, int place, int from, int to);
  // At most BLOCK_CHANNELS × BLOCK_OUTPUTS at all places, and by Gᵀ into the kernel's gradient [3, 3, C, K].
  void (*gradientOf)(const Taps&, int tile, const float* matrix, int channel, int output, float* scratch);
  // From one number to another.
  void (*addTo)(float* sums, const float* more, size_t from, size_t until);
  // The same, to bf16.
  void (*narrow)(const float*, void*, size_t from, size_t until);
  // [places, C, K] → [3, 3, C, K] by Gᵀ.
  void (*kernelOf)(int tile, const float* tiles, const float* matrix, int channels, int outputs, float* to, int from, int until);
};

#define PSPC_UNITS(unit) namespace unit { extern const Arithmetic arithmetic; }
PSPC_UNITS(wide)    // AVX-512
PSPC_UNITS(middle)  // AVX2 with FMA
PSPC_UNITS(narrow)  // whatever the compiler takes for granted
#undef PSPC_UNITS

}  // namespace pspc

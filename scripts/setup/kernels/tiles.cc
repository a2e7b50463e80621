// The arithmetic of tiles for one kind of vector unit: PSPC_UNIT names it, PSPC_LANES are its floats.

#include "tiles.h"

// Nothing of the standard library: its functions would be compiled for these units alone, and be shared with others.

namespace pspc::PSPC_UNIT {
namespace {

constexpr int LANES = PSPC_LANES;
// Of a product's outputs, as many stay in registers: two vectors for each of so many tiles.
constexpr int COLUMNS = 2 * LANES;
constexpr int ROWS = LANES == 16 ? 12 : 6;
// Of the kernel's gradient: channels, which divide a block.
constexpr int TAP_ROWS = LANES == 16 ? 8 : 4;

typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }

// M·x·Mᵀ for a square of IN × IN vectors: OUT × OUT of them.
template <int IN, int OUT, class Load, class Store>
inline __attribute__((always_inline)) void sandwich(const float* matrix, Load read, Store write) {
  Vector half[OUT][IN];
  for (int j = 0; j < IN; ++j) {
    Vector column[IN];
#pragma GCC unroll 8
    for (int i = 0; i < IN; ++i) column[i] = read(i, j);
#pragma GCC unroll 8
    for (int o = 0; o < OUT; ++o) {
      Vector sum = matrix[o * IN] * column[0];
#pragma GCC unroll 8
      for (int i = 1; i < IN; ++i) sum += matrix[o * IN + i] * column[i];
      half[o][j] = sum;
    }
  }
  for (int o = 0; o < OUT; ++o) {
#pragma GCC unroll 8
    for (int p = 0; p < OUT; ++p) {
      Vector sum = matrix[p * IN] * half[o][0];
#pragma GCC unroll 8
      for (int j = 1; j < IN; ++j) sum += matrix[p * IN + j] * half[o][j];
      write(o, p, sum);
    }
  }
}

// Where a tile begins in the image: the pixel of its first output, without padding.
struct Corner {
  int image, y, x;
};

inline Corner cornerOf(const Grid& grid, int tile) {
  const int column = tile % grid.columns, above = tile / grid.columns;
  const int row = above % grid.rows, phase = above / grid.rows;
  const int across = phase % grid.dilation, rest = phase / grid.dilation;
  const int down = rest % grid.dilation;
  const int step = grid.tile * grid.dilation;
  return {rest / grid.dilation, row * step + down, column * step + across};
}

// A pixel, or none: `mask` is 0 where a read is to find zeros.
struct Pixel {
  const float* at;
  size_t mask;
};

alignas(64) const float zeros[BLOCK] = {};

template <int SIDE>
inline void pixelsOf(const Grid& grid, const float* image, int tile, int top, int left, Pixel* pixels) {
  const Corner corner = cornerOf(grid, tile);
  for (int i = 0; i < SIDE; ++i)
    for (int j = 0; j < SIDE; ++j) {
      const int y = corner.y + i * grid.dilation - top, x = corner.x + j * grid.dilation - left;
      const bool isIn = y >= 0 && y < grid.height && x >= 0 && x < grid.width;
      const size_t at = ((static_cast<size_t>(corner.image) * grid.height + y) * grid.width + x) * grid.channels;
      pixels[i * SIDE + j] = isIn ? Pixel{image + at, ~size_t{0}} : Pixel{zeros, BLOCK - 1};
    }
}

template <int READ, int PLACES>
void cut(const Grid& grid, const float* image, const float* matrix, Planes to, int first, int from, int until) {
  const bool isInput = READ == PLACES;
  Pixel pixels[READ * READ];
  for (int tile = from; tile < until; ++tile) {
    pixelsOf<READ>(grid, image, tile, isInput ? grid.top : 0, isInput ? grid.left : 0, pixels);
    for (int c = 0; c < grid.channels; c += LANES) {
      float* at = to.data + (static_cast<size_t>(c / BLOCK) * to.tiles + (tile - first)) * BLOCK + c % BLOCK;
      sandwich<READ, PLACES>(
          matrix,
          [&](int i, int j) {
            const Pixel& pixel = pixels[i * READ + j];
            return load(pixel.at + (c & pixel.mask));
          },
          [&](int o, int p, Vector value) { store(at + (o * PLACES + p) * to.place, value); });
    }
  }
}

template <int TILE>
void layTiles(const Grid& grid, Planes products, const float* matrix, const Finish& finish, float* y, int first, int from, int until) {
  constexpr int PLACES = TILE + 2;
  Pixel pixels[TILE * TILE];
  const Vector zero = {};
  for (int tile = from; tile < until; ++tile) {
    pixelsOf<TILE>(grid, y, tile, 0, 0, pixels);
    for (int c = 0; c < grid.channels; c += LANES) {
      const float* at = products.data + (static_cast<size_t>(c / BLOCK) * products.tiles + (tile - first)) * BLOCK + c % BLOCK;
      const Vector bias = finish.bias == nullptr ? zero : load(finish.bias + c);
      sandwich<PLACES, TILE>(
          matrix, [&](int i, int j) { return load(at + (i * PLACES + j) * products.place); },
          [&](int o, int p, Vector value) {
            const Pixel& pixel = pixels[o * TILE + p];
            if (pixel.at == zeros) return;
            value += bias;
            // What is no number stays none.
            if (finish.relu) value = value < zero ? zero : value;
            store(const_cast<float*>(pixel.at) + c, value);
          });
    }
  }
}

// `R` tiles by COLUMNS outputs over `depth` channels. `from` are the tiles' blocks, `kernel` is [depth][COLUMNS].
template <int R>
void multiplyRows(const float* from, size_t block, const float* kernel, int depth, float* left, float* right, bool isMore) {
  Vector sums[R][2];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    sums[r][0] = isMore ? load(left + r * BLOCK) : Vector{};
    sums[r][1] = isMore ? load(right + r * BLOCK) : Vector{};
  }
  for (int k = 0; k < depth; k += BLOCK, from += block)
    for (int i = 0; i < BLOCK; ++i, kernel += COLUMNS) {
      const Vector a = load(kernel), b = load(kernel + LANES);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const float x = from[r * BLOCK + i];
        sums[r][0] += x * a;
        sums[r][1] += x * b;
      }
    }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    store(left + r * BLOCK, sums[r][0]);
    store(right + r * BLOCK, sums[r][1]);
  }
}

using Rows = void (*)(const float*, size_t, const float*, int, float*, float*, bool);

template <int R>
Rows rowsOf(int count) {
  if constexpr (R == 1)
    return multiplyRows<1>;
  else
    return count == R ? multiplyRows<R> : rowsOf<R - 1>(count);
}

// A vector's place among the outputs of a tile.
inline float* outputAt(const Planes& planes, float* place, int output) {
  return place + static_cast<size_t>(output / BLOCK) * planes.tiles * BLOCK + output % BLOCK;
}

// [depth][outputs] in strips of COLUMNS, the last one filled up with zeros.
void pack(const float* kernel, int stride, int depth, int outputs, float* to) {
  for (int k = 0; k < depth; ++k, kernel += stride) {
    float* row = to + static_cast<size_t>(k) * COLUMNS;
    for (int n = 0; n < outputs; n += COLUMNS, row += static_cast<size_t>(depth) * COLUMNS) {
      store(row, load(kernel + n));
      store(row + LANES, n + LANES < outputs ? load(kernel + n + LANES) : Vector{});
    }
  }
}

// The channels from `k` on, as many as the strips are deep.
void multiplyStrips(const Product& product, int place, int from, int until, int k, int depth, const float* strips) {
  const Planes &in = product.from, &out = product.to;
  float rest[ROWS * BLOCK];
  const size_t block = static_cast<size_t>(in.tiles) * BLOCK;
  float* results = out.data + place * out.place;
  const float* tiles = in.data + place * in.place + (k / BLOCK) * block;
  for (int n = from; n < until; n += COLUMNS) {
    const float* kernel = strips + static_cast<size_t>(n - from) * depth;
    float* left = outputAt(out, results, n);
    const bool isWhole = n + LANES < until;
    float* right = isWhole ? outputAt(out, results, n + LANES) : rest;
    for (int t = 0; t < in.tiles; t += ROWS) {
      const int rows = in.tiles - t < ROWS ? in.tiles - t : ROWS;
      const size_t down = static_cast<size_t>(t) * BLOCK;
      rowsOf<ROWS>(rows)(tiles + down, block, kernel, depth, left + down, isWhole ? right + down : right, k > 0);
    }
  }
}

inline int least(int a, int b) { return a < b ? a : b; }

void multiply(const Product& product, int place, int from, int until, float* strips) {
  const float* all = product.kernel + static_cast<size_t>(place) * product.channels * product.outputs;
  for (int k = 0; k < product.channels; k += DEPTH) {
    const int depth = least(DEPTH, product.channels - k);
    pack(all + static_cast<size_t>(k) * product.outputs + from, product.outputs, depth, until - from, strips);
    multiplyStrips(product, place, from, until, k, depth, strips);
  }
}

// The nine taps of channels by outputs, [9][depth][width]: as they stand, or exchanged and from behind.
void gatherTaps(const Product& product, int k, int depth, int from, int width, float* to) {
  const size_t all = static_cast<size_t>(product.channels) * product.outputs;
  for (int tap = 0; tap < 9; ++tap, to += static_cast<size_t>(depth) * width) {
    if (!product.isTurned) {
      const float* row = product.kernel + tap * all + static_cast<size_t>(k) * product.outputs + from;
      for (int i = 0; i < depth; ++i, row += product.outputs)
        for (int n = 0; n < width; n += LANES) store(to + static_cast<size_t>(i) * width + n, load(row + n));
      continue;
    }
    const float* taps = product.kernel + (8 - tap) * all + static_cast<size_t>(from) * product.channels + k;
    for (int n = 0; n < width; n += BLOCK)
      for (int i = 0; i < depth; i += BLOCK)
        for (int a = 0; a < BLOCK; ++a)
          for (int b = 0; b < BLOCK; ++b)
            to[static_cast<size_t>(i + b) * width + n + a] = taps[static_cast<size_t>(n + a) * product.channels + i + b];
  }
}

// The taps that a place looks at, each times its factor, in strips of COLUMNS.
void packTaps(const float* taps, const float* factors, int depth, int width, float* strips) {
  const size_t all = static_cast<size_t>(depth) * width;
  const float* used[9];
  float by[9];
  int count = 0;
  for (int tap = 0; tap < 9; ++tap)
    if (factors[tap] != 0) used[count] = taps + tap * all, by[count++] = factors[tap];
  for (int n = 0; n < width; n += COLUMNS)
    for (int k = 0; k < depth; ++k, strips += COLUMNS) {
      const size_t at = static_cast<size_t>(k) * width + n;
      const bool isWhole = n + LANES < width;
      Vector left = by[0] * load(used[0] + at), right = isWhole ? by[0] * load(used[0] + at + LANES) : Vector{};
      for (int i = 1; i < count; ++i) {
        left += by[i] * load(used[i] + at);
        if (isWhole) right += by[i] * load(used[i] + at + LANES);
      }
      store(strips, left);
      store(strips + LANES, right);
    }
}

void multiplyKernel(const Product& product, int place, int places, int from, int until, float* scratch) {
  const int side = product.tile + 2, width = until - from;
  float* strips = scratch + size_t{9} * TAPS_DEPTH * TAPS_WIDTH;
  for (int k = 0; k < product.channels; k += TAPS_DEPTH) {
    const int depth = least(TAPS_DEPTH, product.channels - k);
    gatherTaps(product, k, depth, from, width, scratch);
    for (int p = place; p < place + places; ++p) {
      float factors[9];
      for (int tap = 0; tap < 9; ++tap) factors[tap] = product.taps[p / side * 3 + tap / 3] * product.taps[p % side * 3 + tap % 3];
      packTaps(scratch, factors, depth, width, strips);
      multiplyStrips(product, p, from, until, k, depth, strips);
    }
  }
}

// TAP_ROWS channels by COLUMNS outputs over all tiles.
inline void multiplyChannels(const float* from, const float* left, const float* right, int tiles, float* to, int outputs, bool isMore, bool isWhole) {
  Vector sums[TAP_ROWS][2];
#pragma GCC unroll 8
  for (int r = 0; r < TAP_ROWS; ++r) {
    sums[r][0] = isMore ? load(to + static_cast<size_t>(r) * outputs) : Vector{};
    sums[r][1] = isMore && isWhole ? load(to + static_cast<size_t>(r) * outputs + LANES) : Vector{};
  }
  for (int t = 0; t < tiles; ++t, from += BLOCK, left += BLOCK, right += BLOCK) {
    const Vector a = load(left), b = load(right);
#pragma GCC unroll 8
    for (int r = 0; r < TAP_ROWS; ++r) {
      sums[r][0] += from[r] * a;
      sums[r][1] += from[r] * b;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < TAP_ROWS; ++r) {
    store(to + static_cast<size_t>(r) * outputs, sums[r][0]);
    if (isWhole) store(to + static_cast<size_t>(r) * outputs + LANES, sums[r][1]);
  }
}

void multiplyTaps(const Taps& taps, int place, int from, int until) {
  const Planes &in = taps.from, &by = taps.by;
  float* results = taps.to + static_cast<size_t>(place) * taps.channels * taps.outputs;
  float* gradients = by.data + place * by.place;
  for (int n = from; n < until; n += COLUMNS) {
    const bool isWhole = n + LANES < until;
    const float* left = outputAt(by, gradients, n);
    const float* right = isWhole ? outputAt(by, gradients, n + LANES) : left;
    for (int c = 0; c < taps.channels; c += TAP_ROWS) {
      const float* tiles = in.data + place * in.place + static_cast<size_t>(c / BLOCK) * in.tiles * BLOCK + c % BLOCK;
      float* to = results + static_cast<size_t>(c) * taps.outputs + n;
      multiplyChannels(tiles, left, right, in.tiles, to, taps.outputs, taps.isMore, isWhole);
    }
  }
}

template <int SIDE>
void gradientBlock(const Taps& taps, const float* matrix, int channel, int output, float* scratch) {
  const Planes &in = taps.from, &by = taps.by;
  const int channels = least(BLOCK_CHANNELS, taps.channels - channel), outputs = least(BLOCK_OUTPUTS, taps.outputs - output);
  const size_t block = static_cast<size_t>(channels) * outputs;
  for (int place = 0; place < SIDE * SIDE; ++place) {
    float* gradients = by.data + place * by.place;
    for (int n = 0; n < outputs; n += COLUMNS) {
      const bool isWhole = n + LANES < outputs;
      const float* left = outputAt(by, gradients, output + n);
      const float* right = isWhole ? outputAt(by, gradients, output + n + LANES) : left;
      for (int c = 0; c < channels; c += TAP_ROWS) {
        const int from = channel + c;
        const float* tiles = in.data + place * in.place + static_cast<size_t>(from / BLOCK) * in.tiles * BLOCK + from % BLOCK;
        multiplyChannels(tiles, left, right, in.tiles, scratch + place * block + static_cast<size_t>(c) * outputs + n, outputs, false, isWhole);
      }
    }
  }
  const size_t all = static_cast<size_t>(taps.channels) * taps.outputs;
  for (int c = 0; c < channels; ++c)
    for (int n = 0; n < outputs; n += LANES) {
      const float* from = scratch + static_cast<size_t>(c) * outputs + n;
      float* to = taps.to + static_cast<size_t>(channel + c) * taps.outputs + output + n;
      sandwich<SIDE, 3>(
          matrix, [&](int i, int j) { return load(from + (i * SIDE + j) * block); },
          [&](int o, int p, Vector value) {
            float* at = to + (o * 3 + p) * all;
            store(at, taps.isMore ? load(at) + value : value);
          });
    }
}

template <int PLACES>
void kernelFrom(const float* tiles, const float* matrix, int channels, int outputs, float* to, int from, int until) {
  const size_t all = static_cast<size_t>(channels) * outputs;
  for (size_t at = static_cast<size_t>(from) * outputs; at < static_cast<size_t>(until) * outputs; at += LANES)
    sandwich<PLACES, 3>(
        matrix, [&](int i, int j) { return load(tiles + (i * PLACES + j) * all + at); },
        [&](int o, int p, Vector value) { store(to + (o * 3 + p) * all + at, value); });
}

}  // namespace

// Of the two sizes of tiles that there are.
const Arithmetic arithmetic = {
    [](const Grid& grid, const float* x, const float* matrix, Planes to, int first, int from, int until) {
      (grid.tile == 4 ? cut<6, 6> : cut<4, 4>)(grid, x, matrix, to, first, from, until);
    },
    [](const Grid& grid, const float* dy, const float* matrix, Planes to, int first, int from, int until) {
      (grid.tile == 4 ? cut<4, 6> : cut<2, 4>)(grid, dy, matrix, to, first, from, until);
    },
    [](const Grid& grid, Planes products, const float* matrix, const Finish& finish, float* y, int first, int from, int until) {
      (grid.tile == 4 ? layTiles<4> : layTiles<2>)(grid, products, matrix, finish, y, first, from, until);
    },
    multiply,
    multiplyKernel,
    multiplyTaps,
    [](const Taps& taps, int tile, const float* matrix, int channel, int output, float* scratch) {
      (tile == 4 ? gradientBlock<6> : gradientBlock<4>)(taps, matrix, channel, output, scratch);
    },
    [](int tile, const float* tiles, const float* matrix, int channels, int outputs, float* to, int from, int until) {
      (tile == 4 ? kernelFrom<6> : kernelFrom<4>)(tiles, matrix, channels, outputs, to, from, until);
    },
};

}  // namespace pspc::PSPC_UNIT

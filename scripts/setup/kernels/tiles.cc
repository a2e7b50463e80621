// The arithmetic of tiles for one kind of vector unit: PSPC_UNIT names it, PSPC_LANES are its floats.

#include "tiles.h"
#include "vectors.h"

namespace pspc::PSPC_UNIT {
namespace {

// Of a product's outputs, as many stay in registers: two vectors for each of so many tiles.
constexpr int COLUMNS = 2 * LANES;
constexpr int ROWS = LANES == 16 ? 12 : 6;
// Of the kernel's gradient: channels, which divide a block.
constexpr int TAP_ROWS = LANES == 16 ? 8 : 4;

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
template <class Number>
struct Pixel {
  const Number* at;
  size_t mask;
};

alignas(64) const float zeros[BLOCK] = {};

template <class Number>
const Number* none() { return reinterpret_cast<const Number*>(zeros); }

template <int SIDE, class Number>
inline void pixelsOf(const Grid& grid, const Number* image, int tile, int top, int left, Pixel<Number>* pixels) {
  const Corner corner = cornerOf(grid, tile);
  for (int i = 0; i < SIDE; ++i)
    for (int j = 0; j < SIDE; ++j) {
      const int y = corner.y + i * grid.dilation - top, x = corner.x + j * grid.dilation - left;
      const bool isIn = y >= 0 && y < grid.height && x >= 0 && x < grid.width;
      const size_t at = ((static_cast<size_t>(corner.image) * grid.height + y) * grid.width + x) * grid.channels;
      pixels[i * SIDE + j] = isIn ? Pixel<Number>{image + at, ~size_t{0}} : Pixel<Number>{none<Number>(), BLOCK - 1};
    }
}

template <int READ, int PLACES, class Number>
void cut(const Grid& grid, const Number* image, const float* matrix, Planes to, int first, int from, int until) {
  const bool isInput = READ == PLACES;
  Pixel<Number> pixels[READ * READ];
  for (int tile = from; tile < until; ++tile) {
    pixelsOf<READ>(grid, image, tile, isInput ? grid.top : 0, isInput ? grid.left : 0, pixels);
    for (int c = 0; c < grid.channels; c += LANES) {
      float* at = to.data + (static_cast<size_t>(c / BLOCK) * to.tiles + (tile - first)) * BLOCK + c % BLOCK;
      sandwich<READ, PLACES>(
          matrix,
          [&](int i, int j) {
            const Pixel<Number>& pixel = pixels[i * READ + j];
            return load(pixel.at + (c & pixel.mask));
          },
          [&](int o, int p, Vector value) { store(at + (o * PLACES + p) * to.place, value); });
    }
  }
}

template <int TILE, class Number>
void layTiles(const Grid& grid, Planes products, const float* matrix, const Finish& finish, Number* y, int first, int from, int until) {
  constexpr int PLACES = TILE + 2;
  const Number *biases = static_cast<const Number*>(finish.bias), *added = static_cast<const Number*>(finish.added);
  Pixel<Number> pixels[TILE * TILE];
  const Vector zero = {};
  for (int tile = from; tile < until; ++tile) {
    pixelsOf<TILE>(grid, y, tile, 0, 0, pixels);
    for (int c = 0; c < grid.channels; c += LANES) {
      const float* at = products.data + (static_cast<size_t>(c / BLOCK) * products.tiles + (tile - first)) * BLOCK + c % BLOCK;
      const Vector bias = biases == nullptr ? zero : load(biases + c);
      sandwich<PLACES, TILE>(
          matrix, [&](int i, int j) { return load(at + (i * PLACES + j) * products.place); },
          [&](int o, int p, Vector value) {
            const Pixel<Number>& pixel = pixels[o * TILE + p];
            if (pixel.at == none<Number>()) return;
            value += bias;
            if (added != nullptr) value += load(added + (pixel.at - y) + c);
            // What is no number stays none.
            if (finish.relu) value = value < zero ? zero : value;
            store(const_cast<Number*>(pixel.at) + c, value);
          });
    }
  }
}

// `R` tiles by `W` vectors of outputs over `depth` channels. `from` are the tiles' blocks, `kernel` is [depth][W · LANES].
template <int R, int W>
void multiplyRows(const float* from, size_t block, const float* kernel, int depth, float* const* to, bool isMore) {
  Vector sums[R][W];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
    for (int w = 0; w < W; ++w) sums[r][w] = isMore ? load(to[w] + r * BLOCK) : Vector{};
  for (int k = 0; k < depth; k += BLOCK, from += block)
    for (int i = 0; i < BLOCK; ++i, kernel += W * LANES) {
      Vector taps[W];
      for (int w = 0; w < W; ++w) taps[w] = load(kernel + w * LANES);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r)
        for (int w = 0; w < W; ++w) sums[r][w] += from[r * BLOCK + i] * taps[w];
    }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
    for (int w = 0; w < W; ++w) store(to[w] + r * BLOCK, sums[r][w]);
}

using Rows = void (*)(const float*, size_t, const float*, int, float* const*, bool);

template <int R>
Rows rowsOf(int count, bool isWhole) {
  if (count == R || R == 1) return isWhole ? multiplyRows<R, 2> : multiplyRows<R, 1>;
  return rowsOf<(R > 1 ? R - 1 : 1)>(count, isWhole);
}

// A vector's place among the outputs of a tile.
inline float* outputAt(const Planes& planes, float* place, int output) {
  return place + static_cast<size_t>(output / BLOCK) * planes.tiles * BLOCK + output % BLOCK;
}

// [depth][outputs] in strips of COLUMNS, or of LANES where no more are left.
void pack(const float* kernel, int stride, int depth, int outputs, float* to) {
  for (int n = 0; n < outputs; n += COLUMNS)
    for (int k = 0; k < depth; ++k) {
      const float* row = kernel + static_cast<size_t>(k) * stride + n;
      store(to, load(row)), to += LANES;
      if (n + LANES < outputs) store(to, load(row + LANES)), to += LANES;
    }
}

// The channels from `k` on, as many as the strips are deep.
void multiplyStrips(const Product& product, int place, int from, int until, int k, int depth, const float* strips) {
  const Planes &in = product.from, &out = product.to;
  const size_t block = static_cast<size_t>(in.tiles) * BLOCK;
  float* results = out.data + place * out.place;
  const float* tiles = in.data + place * in.place + (k / BLOCK) * block;
  for (int n = from; n < until; n += COLUMNS) {
    const float* kernel = strips + static_cast<size_t>(n - from) * depth;
    const bool isWhole = n + LANES < until;
    float* const left = outputAt(out, results, n);
    float* const right = isWhole ? outputAt(out, results, n + LANES) : left;
    for (int t = 0; t < in.tiles; t += ROWS) {
      const int rows = in.tiles - t < ROWS ? in.tiles - t : ROWS;
      const size_t down = static_cast<size_t>(t) * BLOCK;
      float* const to[2] = {left + down, right + down};
      rowsOf<ROWS>(rows, isWhole)(tiles + down, block, kernel, depth, to, k > 0);
    }
  }
}

void multiply(const Product& product, int place, int from, int until, float* strips) {
  const float* all = static_cast<const float*>(product.kernel) + static_cast<size_t>(place) * product.channels * product.outputs;
  for (int k = 0; k < product.channels; k += DEPTH) {
    const int depth = least(DEPTH, product.channels - k);
    pack(all + static_cast<size_t>(k) * product.outputs + from, product.outputs, depth, until - from, strips);
    multiplyStrips(product, place, from, until, k, depth, strips);
  }
}

// The nine taps of channels by outputs, [9][depth][width]: as they stand, or exchanged and from behind.
template <class Number>
void gatherTaps(const Product& product, int k, int depth, int from, int width, float* to) {
  const Number* kernel = static_cast<const Number*>(product.kernel);
  const size_t all = static_cast<size_t>(product.channels) * product.outputs;
  for (int tap = 0; tap < 9; ++tap, to += static_cast<size_t>(depth) * width) {
    if (!product.isTurned) {
      const Number* row = kernel + tap * all + static_cast<size_t>(k) * product.outputs + from;
      for (int i = 0; i < depth; ++i, row += product.outputs)
        for (int n = 0; n < width; n += LANES) store(to + static_cast<size_t>(i) * width + n, load(row + n));
      continue;
    }
    const Number* taps = kernel + (8 - tap) * all + static_cast<size_t>(from) * product.channels + k;
    for (int n = 0; n < width; n += BLOCK)
      for (int i = 0; i < depth; i += BLOCK)
        for (int a = 0; a < BLOCK; ++a)
          for (int b = 0; b < BLOCK; ++b)
            to[static_cast<size_t>(i + b) * width + n + a] = single(taps[static_cast<size_t>(n + a) * product.channels + i + b]);
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
    for (int k = 0; k < depth; ++k)
      for (int m = n; m < width && m < n + COLUMNS; m += LANES, strips += LANES) {
        const size_t at = static_cast<size_t>(k) * width + m;
        Vector sum = by[0] * load(used[0] + at);
        for (int i = 1; i < count; ++i) sum += by[i] * load(used[i] + at);
        store(strips, sum);
      }
}

void packPlace(const Product& product, int place, const float* taps, int depth, int width, float* strips) {
  const int side = product.tile + 2;
  float factors[9];
  for (int tap = 0; tap < 9; ++tap)
    factors[tap] = product.taps[place / side * 3 + tap / 3] * product.taps[place % side * 3 + tap % 3];
  packTaps(taps, factors, depth, width, strips);
}

void gather(const Product& product, int k, int depth, int from, int width, float* taps) {
  (product.isHalf ? gatherTaps<Half> : gatherTaps<float>)(product, k, depth, from, width, taps);
}

void multiplyKernel(const Product& product, int place, int places, int from, int until, float* scratch) {
  const int width = until - from;
  float* strips = scratch + size_t{9} * TAPS_DEPTH * TAPS_WIDTH;
  for (int k = 0; k < product.channels; k += TAPS_DEPTH) {
    const int depth = least(TAPS_DEPTH, product.channels - k);
    gather(product, k, depth, from, width, scratch);
    for (int p = place; p < place + places; ++p) {
      packPlace(product, p, scratch, depth, width, strips);
      multiplyStrips(product, p, from, until, k, depth, strips);
    }
  }
}

void packKernel(const Product& product, int place, int places, float* strips, float* scratch) {
  gather(product, 0, product.channels, 0, product.outputs, scratch);
  for (int p = place; p < place + places; ++p)
    packPlace(product, p, scratch, product.channels, product.outputs, strips + static_cast<size_t>(p) * product.channels * product.outputs);
}

void multiplyPacked(const Product& product, int places, const float* strips) {
  for (int p = 0; p < places; ++p, strips += static_cast<size_t>(product.channels) * product.outputs)
    multiplyStrips(product, p, 0, product.outputs, 0, product.channels, strips);
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

void addTo(float* sums, const float* more, size_t begin, size_t until) {
  for (size_t at = begin; at < until; at += LANES) store(sums + at, load(sums + at) + load(more + at));
}

void narrow(const float* from, void* to, size_t begin, size_t until) {
  Half* halves = static_cast<Half*>(to);
  for (size_t at = begin; at < until; at += LANES) store(halves + at, load(from + at));
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

// Of the two sizes of tiles that there are, in both kinds of numbers.
const Arithmetic arithmetic = {
    [](const Grid& grid, const void* x, const float* matrix, Planes to, int first, int from, int until) {
      if (grid.isHalf)
        (grid.tile == 4 ? cut<6, 6, Half> : cut<4, 4, Half>)(grid, static_cast<const Half*>(x), matrix, to, first, from, until);
      else
        (grid.tile == 4 ? cut<6, 6, float> : cut<4, 4, float>)(grid, static_cast<const float*>(x), matrix, to, first, from, until);
    },
    [](const Grid& grid, const void* dy, const float* matrix, Planes to, int first, int from, int until) {
      if (grid.isHalf)
        (grid.tile == 4 ? cut<4, 6, Half> : cut<2, 4, Half>)(grid, static_cast<const Half*>(dy), matrix, to, first, from, until);
      else
        (grid.tile == 4 ? cut<4, 6, float> : cut<2, 4, float>)(grid, static_cast<const float*>(dy), matrix, to, first, from, until);
    },
    [](const Grid& grid, Planes products, const float* matrix, const Finish& finish, void* y, int first, int from, int until) {
      if (grid.isHalf)
        (grid.tile == 4 ? layTiles<4, Half> : layTiles<2, Half>)(grid, products, matrix, finish, static_cast<Half*>(y), first, from, until);
      else
        (grid.tile == 4 ? layTiles<4, float> : layTiles<2, float>)(grid, products, matrix, finish, static_cast<float*>(y), first, from, until);
    },
    multiply,
    multiplyKernel,
    packKernel,
    multiplyPacked,
    multiplyTaps,
    [](const Taps& taps, int tile, const float* matrix, int channel, int output, float* scratch) {
      (tile == 4 ? gradientBlock<6> : gradientBlock<4>)(taps, matrix, channel, output, scratch);
    },
    addTo,
    narrow,
    [](int tile, const float* tiles, const float* matrix, int channels, int outputs, float* to, int from, int until) {
      (tile == 4 ? kernelFrom<6> : kernelFrom<4>)(tiles, matrix, channels, outputs, to, from, until);
    },
};

}  // namespace pspc::PSPC_UNIT

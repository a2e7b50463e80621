// TensorFlow's operations PspcTiles and PspcTilesGradient: Winograd's convolution of images [N, H, W, C] in f32 or bf16, and the
// gradient of its kernel. They are what src/rewrite/winograd.ts composes of TensorFlow's own, in fewer passes through
// memory; so is PspcNormGradient of a norm and the ReLU behind it, and PspcLargest of an enlarged map and its classes.
// Opening the library registers them.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "largest.h"
#include "norms.h"
#include "operation.h"
#include "pool.h"
#include "tiles.h"

namespace pspc {
namespace {

#if defined(__x86_64__)
// The variable by which oneDNN is held to older units holds us, too.
bool isAllowed(const char* unit) {
  const char* most = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (most == nullptr) most = std::getenv("DNNL_MAX_CPU_ISA");
  return most == nullptr || std::strncmp(most, "DEFAULT", 7) == 0 || std::strncmp(most, "ALL", 3) == 0 ||
         std::strncmp(most, unit, std::strlen(unit)) == 0;
}
#endif

// Which of the kinds of vector units this processor has.
enum class Units { wide, middle, narrow };

Units units() {
#if defined(__x86_64__)
  static const Units chosen = [] {
    if (isAllowed("AVX512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
      return Units::wide;
    return (isAllowed("AVX2") || isAllowed("AVX512")) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Units::middle : Units::narrow;
  }();
  return chosen;
#else
  return Units::narrow;
#endif
}

#if defined(__x86_64__)
#define PSPC_BY_UNITS(table) (units() == Units::wide ? wide::table : units() == Units::middle ? middle::table : narrow::table)
#else
#define PSPC_BY_UNITS(table) narrow::table
#endif
const Arithmetic& arithmetic() { return PSPC_BY_UNITS(arithmetic); }
const NormArithmetic& norms() { return PSPC_BY_UNITS(norms); }
#undef PSPC_BY_UNITS

// What an operation was written with.
struct Attributes {
  int tile = 0, dilation = 1, atOnce = 1;
  int32_t padding[2] = {};
  int32_t size[2] = {};
  bool alone = false, relu = false, turned = false, hasBias = false, aligned = false, isGated = false, isSum = false;
  float epsilon = 0;
  // Bᵀ, Aᵀ or A, and G or Gᵀ, row by row.
  std::vector<float> cut, lay, taps;
};

// Tiles that a thread transforms in one go.
constexpr int PARTS = 8;

size_t placeOf(int channels, int tiles) { return static_cast<size_t>(channels) * tiles + 5 * BLOCK; }

float* scratch() {
  static thread_local Room room;
  return room.of(SCRATCH);
}

// For tiles that a thread takes alone.
float* planesOf(size_t floats) {
  static thread_local Room room;
  return room.of(floats);
}

Grid gridOf(const Attributes& of, const Tensor& image, int height, int width) {
  const int step = of.tile * of.dilation;
  return {image.size(0), image.size(1), image.size(2), image.size(3), image.isHalf(), of.tile, of.dilation, of.padding[0], of.padding[1],
          (height + step - 1) / step, (width + step - 1) / step};
}

bool isCut(int channels) { return channels > 0 && channels % BLOCK == 0; }

// How many tiles a thread takes alone: no more than stay near, and no fewer threads than there are.
int eachOf(const Attributes& of, int all) {
  constexpr int TOGETHER = 12;
  const int fair = (all + 2 * threads() - 1) / (2 * threads());
  return std::max(1, std::min(of.atOnce, (fair + TOGETHER - 1) / TOGETHER * TOGETHER));
}

// All places and outputs, in parts that are many for each thread.
void multiplyAll(const Product& product, int places, bool isTransformed) {
  const Arithmetic& by = arithmetic();
  const int width = isTransformed ? WIDTH : TAPS_WIDTH, wide = (product.outputs + width - 1) / width;
  const auto outputs = [&](int part) {
    const int begin = part % wide * width;
    return std::make_pair(begin, std::min(product.outputs, begin + width));
  };
  if (isTransformed)
    return pool().parallel(places * wide, [&](int part) {
      const auto [begin, end] = outputs(part);
      by.multiply(product, part / wide, begin, end, scratch());
    });
  // Places of one part share the taps that were gathered.
  const int wanted = 4 * threads();
  const int groups = std::min(places, (wanted + wide - 1) / wide), together = (places + groups - 1) / groups;
  pool().parallel((places + together - 1) / together * wide, [&](int part) {
    const auto [begin, end] = outputs(part);
    const int place = part / wide * together;
    by.multiplyKernel(product, place, std::min(together, places - place), begin, end, scratch());
  });
}

// (x, kernel, bias?, image?) → y [N, size, K], in the bytes of the image that is added, if nobody else needs them. The kernel is transformed, [places, C, K]; or it is [3, 3, C, K], or turned about
// [3, 3, K, C].
void convolve(const Attributes& of, Call& call) {
  Tensor x, kernel, bias, added, y, cut, products;
  if (!call.read(0, x) || !call.read(1, kernel) || (of.hasBias && !call.read(2, bias))) return;
  const int places = (of.tile + 2) * (of.tile + 2), rank = TF_NumDims(kernel.raw);
  const bool isTransformed = rank == 3;
  if (!call.need(isTransformed ? kernel.size(0) == places && !kernel.isHalf() : rank == 4 && kernel.size(0) == 3 && kernel.size(1) == 3,
                 "PspcTiles: the kernel is neither 3×3 nor transformed"))
    return;
  const int channels = kernel.size(rank - (of.turned ? 1 : 2)), outputs = kernel.size(rank - (of.turned ? 2 : 1));
  if (!call.need(x.size(3) == channels && isCut(channels) && isCut(outputs),
                 "PspcTiles: the image's channels are not the kernel's, or no multiple of 16"))
    return;
  const std::vector<int64_t> shape = {x.size(0), of.size[0], of.size[1], outputs};
  const int last = of.hasBias ? 3 : 2;
  bool isSame = false;
  if (of.isSum ? !call.forward(last, y, shape, isSame) || (!isSame && !call.read(last, added)) : !call.make(y, shape, TF_TensorType(x.raw))) return;
  const void* const sum = !of.isSum ? nullptr : isSame ? y.bytes() : added.bytes();
  const Grid from = gridOf(of, x, of.size[0], of.size[1]);
  Grid to = from;
  to.height = of.size[0], to.width = of.size[1], to.channels = outputs;
  const Finish finish{of.hasBias ? bias.bytes() : nullptr, sum, of.relu};
  const Arithmetic& by = arithmetic();
  const size_t inPlace = placeOf(channels, of.atOnce), outPlace = placeOf(outputs, of.atOnce);
  // Tiles of which the first in the planes is `first`.
  const auto cutTiles = [&](const Planes& in, int first, int begin, int end) {
    by.cutInput(from, x.bytes(), of.cut.data(), in, first, begin, end);
  };
  const auto layTiles = [&](const Planes& out, int first, int begin, int end) {
    by.lay(to, out, of.lay.data(), finish, y.bytes(), first, begin, end);
  };
  const auto product = [&](const Planes& in, const Planes& out) {
    return Product{in, out, kernel.bytes(), kernel.isHalf(), channels, outputs, of.tile, of.taps.data(), of.turned};
  };
  if (of.alone && !isTransformed && channels <= TAPS_DEPTH && outputs <= TAPS_WIDTH) {
    if (!call.room(cut, static_cast<size_t>(places) * channels * outputs)) return;
    float* const strips = cut.data();
    inParts(places, 6, [&](int begin, int end) { by.packKernel(product({}, {}), begin, end - begin, strips, scratch()); });
    inParts(from.count(), eachOf(of, from.count()), [&](int begin, int end) {
      float* const planes = planesOf(places * (inPlace + outPlace));
      const Planes in{planes, end - begin, inPlace}, out{planes + places * inPlace, end - begin, outPlace};
      cutTiles(in, begin, begin, end);
      by.multiplyPacked(product(in, out), places, strips);
      layTiles(out, begin, begin, end);
    });
    return;
  }
  if (!call.room(cut, places * inPlace) || !call.room(products, places * outPlace)) return;
  for (int first = 0; first < from.count(); first += of.atOnce) {
    const int tiles = std::min(of.atOnce, from.count() - first);
    const Planes in{cut.data(), tiles, inPlace}, out{products.data(), tiles, outPlace};
    inParts(tiles, PARTS, [&](int begin, int end) { cutTiles(in, first, first + begin, first + end); });
    multiplyAll(product(in, out), places, isTransformed);
    inParts(tiles, PARTS, [&](int begin, int end) { layTiles(out, first, first + begin, first + end); });
  }
}

// (x, dy) → dkernel [3, 3, C, K]
void gradient(const Attributes& of, Call& call) {
  Tensor x, dy, kernel, cut, spread, products, single;
  if (!call.read(0, x) || !call.read(1, dy)) return;
  const int places = (of.tile + 2) * (of.tile + 2), channels = x.size(3), outputs = dy.size(3);
  if (!call.need(isCut(channels) && isCut(outputs) && x.size(0) == dy.size(0),
                 "PspcTilesGradient: channels are no multiple of 16, or batches differ"))
    return;
  if (!call.make(kernel, {3, 3, channels, outputs}, TF_TensorType(x.raw))) return;
  // In bf16 it is summed beside it, and rounded once.
  const size_t count = size_t{9} * channels * outputs;
  if (kernel.isHalf() && !call.room(single, count)) return;
  float* const sums = kernel.isHalf() ? single.data() : kernel.data();
  const Grid from = gridOf(of, x, dy.size(1), dy.size(2));
  Grid by = from;
  by.height = dy.size(1), by.width = dy.size(2), by.channels = outputs;
  const size_t inPlace = placeOf(channels, of.atOnce), byPlace = placeOf(outputs, of.atOnce);
  const Arithmetic& how = arithmetic();
  const size_t all = static_cast<size_t>(places) * channels * outputs;
  const auto finish = [&] {
    if (kernel.isHalf())
      inParts(9 * channels, BLOCK, [&](int begin, int end) {
        how.narrow(sums, kernel.bytes(), static_cast<size_t>(begin) * outputs, static_cast<size_t>(end) * outputs);
      });
  };
  const auto turn = [&](const float* products) {
    inParts(channels, BLOCK, [&](int begin, int end) {
      how.kernelOf(of.tile, products, of.taps.data(), channels, outputs, sums, begin, end);
    });
  };
  if (of.alone) {
    // Each part has sums of its own; with fewer tiles than these, adding those up would take as long as the tiles.
    constexpr int FEW = 48, MANY = 256, MOST = 16;
    int wanted = 1;
    while (wanted < std::min(threads(), MOST) && from.count() >= FEW * wanted) wanted *= 2;
    if (wanted < MOST && from.count() >= MANY * wanted) wanted *= 2;
    const int each = (from.count() + wanted - 1) / wanted, parts = (from.count() + each - 1) / each;
    if (!call.room(products, parts * all)) return;
    pool().parallel(parts, [&](int part) {
      const int last = std::min(from.count(), (part + 1) * each);
      float* const planes = planesOf(places * (inPlace + byPlace));
      for (int first = part * each; first < last; first += of.atOnce) {
        const int tiles = std::min(of.atOnce, last - first);
        const Planes in{planes, tiles, inPlace}, gradients{planes + places * inPlace, tiles, byPlace};
        how.cutInput(from, x.bytes(), of.cut.data(), in, first, first, first + tiles);
        how.cutOutput(by, dy.bytes(), of.lay.data(), gradients, first, first, first + tiles);
        const Taps taps{in, gradients, products.data() + part * all, channels, outputs, first > part * each};
        for (int place = 0; place < places; ++place) how.multiplyTaps(taps, place, 0, outputs);
      }
    });
    for (int part = 1; part < parts; ++part)
      inParts(places * channels, 8 * BLOCK, [&](int begin, int end) {
        how.addTo(products.data(), products.data() + part * all, static_cast<size_t>(begin) * outputs, static_cast<size_t>(end) * outputs);
      });
    turn(products.data());
    return finish();
  }
  if (!call.room(cut, places * inPlace) || !call.room(spread, places * byPlace)) return;
  const int high = (channels + BLOCK_CHANNELS - 1) / BLOCK_CHANNELS, wide = (outputs + BLOCK_OUTPUTS - 1) / BLOCK_OUTPUTS;
  // Where there are few blocks, the places are divided, and their products wait for each other in memory.
  const bool isDivided = high * wide < 4 * threads();
  if (isDivided && !call.room(products, static_cast<size_t>(places) * channels * outputs)) return;
  for (int first = 0; first < from.count(); first += of.atOnce) {
    const int tiles = std::min(of.atOnce, from.count() - first);
    const Planes in{cut.data(), tiles, inPlace}, gradients{spread.data(), tiles, byPlace};
    inParts(tiles, PARTS, [&](int begin, int end) {
      how.cutInput(from, x.bytes(), of.cut.data(), in, first, first + begin, first + end);
      how.cutOutput(by, dy.bytes(), of.lay.data(), gradients, first, first + begin, first + end);
    });
    const Taps taps{in, gradients, isDivided ? products.data() : sums, channels, outputs, first > 0};
    if (isDivided)
      pool().parallel(places * wide, [&](int part) {
        const int begin = part % wide * BLOCK_OUTPUTS;
        how.multiplyTaps(taps, part / wide, begin, std::min(outputs, begin + BLOCK_OUTPUTS));
      });
    else
      pool().parallel(high * wide, [&](int part) {
        how.gradientOf(taps, of.tile, of.taps.data(), part / wide * BLOCK_CHANNELS, part % wide * BLOCK_OUTPUTS, scratch());
      });
  }
  if (isDivided) turn(products.data());
  finish();
}

// (logits [N, h, w, C]) → classes [N, size] of the enlarged ones
void largest(const Attributes& of, Call& call) {
  Tensor x, classes;
  if (!call.read(0, x)) return;
  const int images = x.size(0), rows = of.size[0], columns = of.size[1], channels = x.size(3);
  if (!call.need(x.size(1) > 0 && x.size(2) > 0 && channels > 0, "PspcLargest: there are no logits")) return;
  if (!call.make(classes, {images, rows, columns}, TF_INT32)) return;
  const Enlarged enlarged(x.size(1), x.size(2), rows, columns, channels, of.aligned);
  const size_t pixels = static_cast<size_t>(x.size(1)) * x.size(2) * channels;
  int32_t* const to = static_cast<int32_t*>(TF_TensorData(classes.raw));
  // Rows that one thread takes: it widens the input's anew for each of these.
  const int each = std::max(8, (rows + 4 * threads() - 1) / (4 * threads())), parts = (rows + each - 1) / each;
  pool().parallel(images * parts, [&](int part) {
    const int image = part / parts, from = part % parts * each;
    enlarged.classes(x.data() + image * pixels, from, std::min(rows, from + each), planesOf(enlarged.room()),
                     to + (static_cast<size_t>(image) * rows + from) * columns);
  });
}

// (dy, x, scale, mean, variance, gate?) → dx, dscale, dshift of a norm over [N, H, W, C], by the statistics of its batch
void normGradient(const Attributes& of, Call& call) {
  Tensor x, dy, gate, scale, mean, variance, dx, dscale, dshift, room;
  if (!call.read(1, x) || !call.read(2, scale) || !call.read(3, mean) || !call.read(4, variance) || (of.isGated && !call.read(5, gate))) return;
  const int channels = x.size(3), rows = x.size(0) * x.size(1) * x.size(2);
  if (!call.need(isCut(channels) && rows > 0, "PspcNormGradient: channels are no multiple of 16, or there are no images")) return;
  bool isSame = false;
  if (!call.forward(0, dx, {x.size(0), x.size(1), x.size(2), channels}, isSame) || (!isSame && !call.read(0, dy))) return;
  if (!call.make(dscale, {channels}, TF_FLOAT, 1) || !call.make(dshift, {channels}, TF_FLOAT, 2)) return;
  const NormGradient norm{rows, channels, x.isHalf(), isSame ? dx.bytes() : dy.bytes(), x.bytes(), of.isGated ? gate.bytes() : nullptr, dx.bytes(),
                          scale.data(), mean.data(), variance.data(), of.epsilon, dscale.data(), dshift.data()};
  const NormArithmetic& by = norms();
  const int stripes = (channels + by.stripe - 1) / by.stripe;
  // Rows whose sums are one sum, and bytes that stay in a core's caches from the sums to what follows from them.
  constexpr int EACH = 256;
  constexpr size_t NEAR = size_t{1} << 20;
  const int parts = (rows + EACH - 1) / EACH;
  if (!call.room(room, size_t{2} * channels * parts + size_t{3} * channels)) return;
  float* const sums = room.data();
  float* const factors = sums + size_t{2} * channels * parts;
  const auto sumPart = [&](int part, int channel) {
    by.sums(norm, part * EACH, std::min(rows, (part + 1) * EACH), channel, sums + size_t{2} * channels * part);
  };
  // All parts in their order, whoever made them.
  const auto finishSums = [&](int channel) {
    const int end = std::min(channels, channel + by.stripe);
    for (int part = 1; part < parts; ++part)
      for (int kind = 0; kind < 2; ++kind)
        for (int c = channel; c < end; ++c) sums[kind * channels + c] += sums[(size_t{2} * part + kind) * channels + c];
    by.factors(norm, sums, channel, factors);
  };
  const size_t bytes = size_t{3} * rows * by.stripe * (x.isHalf() ? 2 : 4);
  if (parts == 1 || (bytes <= NEAR && stripes >= threads()))
    return pool().parallel(parts == 1 ? 1 : stripes, [&](int stripe) {
      for (int channel = stripe * by.stripe; channel < (parts == 1 ? channels : std::min(channels, (stripe + 1) * by.stripe)); channel += by.stripe) {
        for (int part = 0; part < parts; ++part) sumPart(part, channel);
        finishSums(channel);
        by.apply(norm, 0, rows, channel, factors);
      }
    });
  pool().parallel(parts, [&](int part) {
    for (int channel = 0; channel < channels; channel += by.stripe) sumPart(part, channel);
  });
  inParts(channels, by.stripe, [&](int channel, int) { finishSums(channel); });
  pool().parallel(parts, [&](int part) {
    for (int channel = 0; channel < channels; channel += by.stripe)
      by.apply(norm, part * EACH, std::min(rows, (part + 1) * EACH), channel, factors);
  });
}

template <void (*body)(const Attributes&, Call&)>
void compute(void* kernel, TF_OpKernelContext* context) {
  Call call{context, {}};
  body(*static_cast<const Attributes*>(kernel), call);
}

void forget(void* kernel) { delete static_cast<Attributes*>(kernel); }

// @param read reads what the operation is written with
template <void (*read)(Reader&, Attributes&)>
void* create(TF_OpKernelConstruction* construction) {
  Reader reader{construction, {}};
  auto of = std::make_unique<Attributes>();
  read(reader, *of);
  if (!reader.status.ok()) TF_OpKernelConstruction_Failure(construction, reader.status.raw);
  return of.release();
}

void readLargest(Reader& from, Attributes& of) {
  from.pair("size", of.size);
  of.aligned = from.flag("aligned");
}

void readNorm(Reader& from, Attributes& of) {
  of.epsilon = from.real("epsilon");
  of.isGated = from.integer("gates") > 0;
}

void readWindow(Reader& from, Attributes& of) {
  of.tile = from.integer("tile");
  of.dilation = from.integer("dilation");
  of.atOnce = std::max(1, from.integer("at_once"));
  of.alone = from.flag("alone");
  from.pair("padding", of.padding);
  of.cut = from.matrix("cut");
  of.lay = from.matrix("lay");
  of.taps = from.matrix("taps");
}

void readConvolution(Reader& from, Attributes& of) {
  readWindow(from, of);
  of.turned = from.flag("turned");
  from.pair("size", of.size);
  of.relu = from.flag("relu");
  of.hasBias = from.integer("biases") > 0;
  of.isSum = from.integer("added") > 0;
}

using Shapes = void (*)(TF_ShapeInferenceContext*, TF_Status*);

void unknownShapes(TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); }

// dx is like x, dscale and dshift like the scale.
void shapesOfNorm(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  for (int output = 0; output < 3; ++output) {
    TF_ShapeInferenceContextGetInput(context, output == 0 ? 1 : 2, shape, status);
    TF_ShapeInferenceContextSetOutput(context, output, shape, status);
  }
  TF_DeleteShapeHandle(shape);
}

using Create = void* (*)(TF_OpKernelConstruction*);
using Compute = void (*)(void*, TF_OpKernelContext*);

// @param types of its numbers, each with a kernel: what the attribute T may be
void add(const char* name, const std::vector<const char*>& inputs, const std::vector<const char*>& outputs, const std::vector<const char*>& attributes,
         const std::vector<TF_DataType>& types, Create create, Compute compute, Shapes shapes = unknownShapes) {
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(name);
  for (const char* attribute : attributes) TF_OpDefinitionBuilderAddAttr(op, attribute);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(op, input);
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(op, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, shapes);
  Status status;
  TF_RegisterOpDefinition(op, status.raw);
  for (TF_DataType type : types) {
    TF_KernelBuilder* kernel = TF_NewKernelBuilder(name, "CPU", create, compute, forget);
    TF_KernelBuilder_TypeConstraint(kernel, "T", type, status.raw);
    TF_RegisterKernelBuilder(name, kernel, status.raw);
  }
}

// Once a process, when the library is opened.
__attribute__((constructor)) void registerAll() {
  const std::vector<TF_DataType> both = {TF_FLOAT, TF_BFLOAT16};
  add("PspcTiles", {"x: T", "kernel: T", "bias: biases * T", "image: added * T"}, {"y: T"},
      {"T: {float, bfloat16}", "tile: int", "dilation: int", "at_once: int", "alone: bool", "padding: list(int)", "size: list(int)", "turned: bool",
       "relu: bool", "biases: int >= 0", "added: int >= 0", "cut: list(float)", "lay: list(float)", "taps: list(float)"},
      both, create<readConvolution>, compute<convolve>);
  add("PspcTilesGradient", {"x: T", "dy: T"}, {"dkernel: T"},
      {"T: {float, bfloat16}", "tile: int", "dilation: int", "at_once: int", "alone: bool", "padding: list(int)", "cut: list(float)", "lay: list(float)",
       "taps: list(float)"},
      both, create<readWindow>, compute<gradient>);
  add("PspcNormGradient", {"dy: T", "x: T", "scale: float", "mean: float", "variance: float", "gate: gates * T"},
      {"dx: T", "dscale: float", "dshift: float"}, {"T: {float, bfloat16}", "epsilon: float", "gates: int >= 0"}, both, create<readNorm>,
      compute<normGradient>, shapesOfNorm);
  add("PspcLargest", {"x: T"}, {"classes: int32"}, {"T: {float}", "size: list(int)", "aligned: bool"}, {TF_FLOAT}, create<readLargest>,
      compute<largest>);
}

}  // namespace
}  // namespace pspc

// Node takes the library for an addon with nothing in it, and keeps it open.
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) { return exports; }

// TensorFlow's operations PspcTiles and PspcTilesGradient: Winograd's convolution of images [N, H, W, C] in f32 or bf16, and the
// gradient of its kernel. They are what src/rewrite/winograd.ts composes of TensorFlow's own, in fewer passes through
// memory; so is PspcLargest of an enlarged map and its classes. Opening the library registers them.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"
#include "largest.h"
#include "pool.h"
#include "tiles.h"

// What of tensorflow/c/kernels.h is called here: the package brings that header without those that it includes.
extern "C" {
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*forget)(void*));
void TF_KernelBuilder_TypeConstraint(TF_KernelBuilder*, const char* attribute, TF_DataType, TF_Status*);
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction*, TF_Status*);
void TF_OpKernelConstruction_GetAttrSize(TF_OpKernelConstruction*, const char*, int32_t* length, int32_t* total, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32(TF_OpKernelConstruction*, const char*, int32_t*, TF_Status*);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction*, const char*, unsigned char*, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32List(TF_OpKernelConstruction*, const char*, int32_t*, int most, TF_Status*);
void TF_OpKernelConstruction_GetAttrFloatList(TF_OpKernelConstruction*, const char*, float*, int most, TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
void TF_GetInput(TF_OpKernelContext*, int, TF_Tensor**, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int, TF_DataType, const int64_t* sizes, int rank, size_t bytes, TF_Status*);
TF_Tensor* TF_AllocateTemp(TF_OpKernelContext*, TF_DataType, const int64_t* sizes, int rank, TF_AllocatorAttributes*, TF_Status*);
}

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

const Arithmetic& arithmetic() {
#if defined(__x86_64__)
  static const Arithmetic& chosen = [] () -> const Arithmetic& {
    if (isAllowed("AVX512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
      return wide::arithmetic;
    return (isAllowed("AVX2") || isAllowed("AVX512")) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? middle::arithmetic : narrow::arithmetic;
  }();
  return chosen;
#else
  return narrow::arithmetic;
#endif
}

// Of a status: what went wrong is told to TensorFlow once, by whoever holds it last.
struct Status {
  TF_Status* raw = TF_NewStatus();
  ~Status() { TF_DeleteStatus(raw); }
  bool ok() const { return TF_GetCode(raw) == TF_OK; }
};

struct Tensor {
  TF_Tensor* raw = nullptr;
  Tensor() = default;
  Tensor(const Tensor&) = delete;
  ~Tensor() {
    if (raw != nullptr) TF_DeleteTensor(raw);
  }
  float* data() const { return static_cast<float*>(TF_TensorData(raw)); }
  void* bytes() const { return TF_TensorData(raw); }
  bool isHalf() const { return TF_TensorType(raw) == TF_BFLOAT16; }
  int size(int axis) const { return static_cast<int>(TF_Dim(raw, axis)); }
};

// What an operation was written with.
struct Attributes {
  int tile = 0, dilation = 1, atOnce = 1;
  int32_t padding[2] = {};
  int32_t size[2] = {};
  bool alone = false, relu = false, turned = false, hasBias = false, aligned = false;
  // Bᵀ, Aᵀ or A, and G or Gᵀ, row by row.
  std::vector<float> cut, lay, taps;
};

struct Reader {
  TF_OpKernelConstruction* from;
  Status status;

  int integer(const char* name) {
    int32_t value = 0;
    TF_OpKernelConstruction_GetAttrInt32(from, name, &value, status.raw);
    return value;
  }
  bool flag(const char* name) {
    unsigned char value = 0;
    TF_OpKernelConstruction_GetAttrBool(from, name, &value, status.raw);
    return value != 0;
  }
  void pair(const char* name, int32_t* values) {
    TF_OpKernelConstruction_GetAttrInt32List(from, name, values, 2, status.raw);
  }
  std::vector<float> matrix(const char* name) {
    int32_t length = 0, total = 0;
    TF_OpKernelConstruction_GetAttrSize(from, name, &length, &total, status.raw);
    std::vector<float> values(std::max(0, length));
    TF_OpKernelConstruction_GetAttrFloatList(from, name, values.data(), length, status.raw);
    return values;
  }
};

// One call of an operation.
struct Call {
  TF_OpKernelContext* context;
  Status status;

  bool read(int index, Tensor& tensor) {
    TF_GetInput(context, index, &tensor.raw, status.raw);
    return status.ok();
  }
  bool make(Tensor& tensor, const std::vector<int64_t>& shape, TF_DataType type) {
    size_t bytes = TF_DataTypeSize(type);
    for (int64_t size : shape) bytes *= size;
    tensor.raw = TF_AllocateOutput(context, 0, type, shape.data(), static_cast<int>(shape.size()), bytes, status.raw);
    return status.ok();
  }
  bool room(Tensor& tensor, size_t floats) {
    const int64_t size = static_cast<int64_t>(floats);
    TF_AllocatorAttributes attributes{TF_ALLOCATOR_ATTRIBUTES_STRUCT_SIZE, 1};
    tensor.raw = TF_AllocateTemp(context, TF_FLOAT, &size, 1, &attributes, status.raw);
    return status.ok();
  }
  bool need(bool holds, const char* what) {
    if (!holds) TF_SetStatus(status.raw, TF_INVALID_ARGUMENT, what);
    return holds;
  }
  ~Call() {
    if (!status.ok()) TF_OpKernelContext_Failure(context, status.raw);
  }
};

// Tiles that a thread transforms in one go.
constexpr int PARTS = 8;

size_t placeOf(int channels, int tiles) { return static_cast<size_t>(channels) * tiles + 5 * BLOCK; }

// Room of a thread, which stays.
class Room {
 public:
  float* of(size_t floats) {
    if (size_ < floats) {
      // Whole lines of the cache.
      size_ = (floats + 15) / 16 * 16;
      data_.reset(static_cast<float*>(std::aligned_alloc(64, sizeof(float) * size_)));
    }
    return data_.get();
  }

 private:
  std::unique_ptr<float, decltype(&std::free)> data_{nullptr, &std::free};
  size_t size_ = 0;
};

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

// (x, kernel, bias?) → y [N, size, K]. The kernel is transformed, [places, C, K]; or it is [3, 3, C, K], or turned about
// [3, 3, K, C].
void convolve(const Attributes& of, Call& call) {
  Tensor x, kernel, bias, y, cut, products;
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
  if (!call.make(y, {x.size(0), of.size[0], of.size[1], outputs}, TF_TensorType(x.raw))) return;
  const Grid from = gridOf(of, x, of.size[0], of.size[1]);
  Grid to = from;
  to.height = of.size[0], to.width = of.size[1], to.channels = outputs;
  const Finish finish{of.hasBias ? bias.bytes() : nullptr, of.relu};
  const Arithmetic& by = arithmetic();
  const size_t inPlace = placeOf(channels, of.atOnce), outPlace = placeOf(outputs, of.atOnce);
  const auto cutAndLay = [&](const Planes& in, const Planes& out, int first, int begin, int end, bool isBefore) {
    if (isBefore) by.cutInput(from, x.bytes(), of.cut.data(), in, first, first + begin, first + end);
    else by.lay(to, out, of.lay.data(), finish, y.bytes(), first, first + begin, first + end);
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
      cutAndLay(in, out, begin, 0, end - begin, true);
      by.multiplyPacked(product(in, out), places, strips);
      cutAndLay(in, out, begin, 0, end - begin, false);
    });
    return;
  }
  if (!call.room(cut, places * inPlace) || !call.room(products, places * outPlace)) return;
  for (int first = 0; first < from.count(); first += of.atOnce) {
    const int tiles = std::min(of.atOnce, from.count() - first);
    const Planes in{cut.data(), tiles, inPlace}, out{products.data(), tiles, outPlace};
    inParts(tiles, PARTS, [&](int begin, int end) { cutAndLay(in, out, first, begin, end, true); });
    multiplyAll(product(in, out), places, isTransformed);
    inParts(tiles, PARTS, [&](int begin, int end) { cutAndLay(in, out, first, begin, end, false); });
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
    int parts = 1;
    while (parts < threads() && from.count() >= 48 * parts) parts *= 2;
    if (from.count() >= 256 * parts) parts *= 2;
    if (!call.room(products, parts * all)) return;
    const int each = (from.count() + parts - 1) / parts;
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
  Tensor x, classes, filled;
  if (!call.read(0, x)) return;
  const int images = x.size(0), rows = of.size[0], columns = of.size[1], channels = x.size(3);
  if (!call.need(x.size(1) > 0 && x.size(2) > 0 && channels > 0, "PspcLargest: there are no logits")) return;
  if (!call.make(classes, {images, rows, columns}, TF_INT32)) return;
  const Enlarged enlarged(x.size(1), x.size(2), rows, columns, channels, of.aligned);
  const size_t pixels = static_cast<size_t>(x.size(1)) * x.size(2), padded = paddedChannels(channels);
  if (!call.room(filled, images * pixels * padded)) return;
  enlarged.pad(x.data(), images * pixels, filled.data());
  int32_t* const to = static_cast<int32_t*>(TF_TensorData(classes.raw));
  inParts(images * rows, 4, [&](int begin, int end) {
    for (int i = begin; i < end; ++i)
      enlarged.row(filled.data() + i / rows * pixels * padded, i % rows, to + static_cast<size_t>(i) * columns);
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
}

using Create = void* (*)(TF_OpKernelConstruction*);
using Compute = void (*)(void*, TF_OpKernelContext*);

// @param types of its numbers, each with a kernel: what the attribute T may be
void add(const char* name, const std::vector<const char*>& inputs, const char* output, const std::vector<const char*>& attributes,
         const std::vector<TF_DataType>& types, Create create, Compute compute) {
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(name);
  for (const char* attribute : attributes) TF_OpDefinitionBuilderAddAttr(op, attribute);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(op, input);
  TF_OpDefinitionBuilderAddOutput(op, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, [](TF_ShapeInferenceContext* context, TF_Status* status) {
    TF_ShapeInferenceContextSetUnknownShape(context, status);
  });
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
  add("PspcTiles", {"x: T", "kernel: T", "bias: biases * T"}, "y: T",
      {"T: {float, bfloat16}", "tile: int", "dilation: int", "at_once: int", "alone: bool", "padding: list(int)", "size: list(int)", "turned: bool",
       "relu: bool", "biases: int >= 0", "cut: list(float)", "lay: list(float)", "taps: list(float)"},
      both, create<readConvolution>, compute<convolve>);
  add("PspcTilesGradient", {"x: T", "dy: T"}, "dkernel: T",
      {"T: {float, bfloat16}", "tile: int", "dilation: int", "at_once: int", "alone: bool", "padding: list(int)", "cut: list(float)", "lay: list(float)",
       "taps: list(float)"},
      both, create<readWindow>, compute<gradient>);
  add("PspcLargest", {"x: T"}, "classes: int32", {"T: {float}", "size: list(int)", "aligned: bool"}, {TF_FLOAT}, create<readLargest>,
      compute<largest>);
}

}  // namespace
}  // namespace pspc

// Node takes the library for an addon with nothing in it, and keeps it open.
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) { return exports; }

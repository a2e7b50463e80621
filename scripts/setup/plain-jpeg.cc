// Decodes a JPEG on the thread that asks, by the libvips that sharp brought: the same decoder, and so the same bytes,
// without a way to other threads and back. It answers only where sharp would change nothing that was decoded; to
// all else (a warning, a profile, a turned picture) it says null, and sharp is asked (docs/decisions/0030).
//
// Node-API and libvips are called by prototypes of our own: both keep their binary interfaces, and no headers are needed.

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" {
struct napi_env__;
struct napi_value__;
struct napi_callback_info__;
using napi_env = napi_env__*;
using napi_value = napi_value__*;
using napi_callback_info = napi_callback_info__*;
using napi_callback = napi_value (*)(napi_env, napi_callback_info);

int napi_get_cb_info(napi_env, napi_callback_info, size_t*, napi_value*, napi_value*, void**);
int napi_get_value_string_utf8(napi_env, napi_value, char*, size_t, size_t*);
int napi_get_typedarray_info(napi_env, napi_value, int*, size_t*, void**, napi_value*, size_t*);
int napi_is_typedarray(napi_env, napi_value, bool*);
int napi_create_function(napi_env, const char*, size_t, napi_callback, void*, napi_value*);
int napi_create_buffer(napi_env, size_t, void**, napi_value*);
int napi_create_object(napi_env, napi_value*);
int napi_create_int32(napi_env, int32_t, napi_value*);
int napi_get_null(napi_env, napi_value*);
int napi_set_named_property(napi_env, napi_value, const char*, napi_value);
int napi_is_exception_pending(napi_env, bool*);
int napi_get_and_clear_last_exception(napi_env, napi_value*);
}

namespace {

struct VipsImage;
struct VipsRegion;

// Of libvips's enumerations: read once and in order; any warning is an error; 8 bits; RGB.
constexpr int kSequential = 1, kWarning = 3, kBytes = 0, kRgb = 22;
constexpr int kUint8Array = 1;
// sharp's bound of pixels.
constexpr int64_t kMostPixels = int64_t{0x3fff} * 0x3fff;
// Rows that are fetched at a time: they are copied while they are in the processor's cache.
constexpr int kStrip = 16;

struct Vips {
  int (*jpegload_buffer)(void*, size_t, VipsImage**, ...);
  VipsRegion* (*region_new)(VipsImage*);
  uint8_t* (*region_fetch)(VipsRegion*, int, int, int, int, size_t*);
  int (*width)(const VipsImage*);
  int (*height)(const VipsImage*);
  int (*bands)(const VipsImage*);
  int (*format)(const VipsImage*);
  int (*interpretation)(const VipsImage*);
  int (*orientation)(VipsImage*);
  size_t (*type_of)(const VipsImage*, const char*);
  int (*cache_max)();
  void (*error_clear)();
  void (*thread_shutdown)();
  void (*unref)(void*);
  void (*release)(void*);
  bool whole = true;

  explicit Vips(void* library) {
    take(library, jpegload_buffer, "vips_jpegload_buffer");
    take(library, region_new, "vips_region_new");
    take(library, region_fetch, "vips_region_fetch");
    take(library, width, "vips_image_get_width");
    take(library, height, "vips_image_get_height");
    take(library, bands, "vips_image_get_bands");
    take(library, format, "vips_image_get_format");
    take(library, interpretation, "vips_image_get_interpretation");
    take(library, orientation, "vips_image_get_orientation");
    take(library, type_of, "vips_image_get_typeof");
    take(library, cache_max, "vips_cache_get_max");
    take(library, error_clear, "vips_error_clear");
    take(library, thread_shutdown, "vips_thread_shutdown");
    take(library, unref, "g_object_unref");
    take(library, release, "g_free");
  }

  template <class Function>
  void take(void* library, Function& function, const char* name) {
    function = reinterpret_cast<Function>(library ? dlsym(library, name) : nullptr);
    whole = whole && function != nullptr;
  }
};

// The libvips of this name that this process has loaded; for all threads, which find it once.
const Vips& vipsOf(const char* name) {
  static const Vips vips(dlopen(name, RTLD_LAZY | RTLD_NOLOAD));
  return vips;
}

// A library's object, until its scope ends.
template <class Object>
struct Held {
  const Vips& vips;
  Object* object = nullptr;
  ~Held() {
    if (object) vips.unref(object);
  }
};

// What sharp would hand on as it was decoded. EXIF without a unit of its resolution may have made libvips write a
// warning, which only sharp collects.
bool isPlain(const Vips& vips, VipsImage* image) {
  const int64_t pixels = int64_t{vips.width(image)} * vips.height(image);
  return pixels > 0 && pixels <= kMostPixels && vips.bands(image) == 3 &&
         vips.format(image) == kBytes && vips.interpretation(image) == kRgb &&
         vips.orientation(image) == 1 && !vips.type_of(image, "icc-profile-data") &&
         (!vips.type_of(image, "exif-data") || vips.type_of(image, "resolution-unit"));
}

bool fill(const Vips& vips, VipsImage* image, uint8_t* pixels) {
  Held<VipsRegion> region{vips, vips.region_new(image)};
  if (!region.object) return false;
  const int width = vips.width(image), height = vips.height(image);
  const size_t stride = size_t{3} * width;
  for (int top = 0; top < height; top += kStrip) {
    const int rows = height - top < kStrip ? height - top : kStrip;
    size_t length = 0;
    uint8_t* strip = vips.region_fetch(region.object, 0, top, width, rows, &length);
    const bool isWhole = strip && length == stride * rows;
    if (isWhole) memcpy(pixels + stride * top, strip, length);
    if (strip) vips.release(strip);
    if (!isWhole) return false;
  }
  return true;
}

void put(napi_env env, napi_value object, const char* name, int value) {
  napi_value number;
  napi_create_int32(env, value, &number);
  napi_set_named_property(env, object, name, number);
}

// { pixels, height, width }, or nullptr.
napi_value decoded(napi_env env, const Vips& vips, void* bytes, size_t length) {
  Held<VipsImage> image{vips};
  if (vips.jpegload_buffer(bytes, length, &image.object, "access", kSequential, "fail_on", kWarning,
                           nullptr) ||
      !isPlain(vips, image.object))
    return nullptr;
  const int width = vips.width(image.object), height = vips.height(image.object);
  void* pixels;
  napi_value buffer, picture;
  if (napi_create_buffer(env, size_t{3} * width * height, &pixels, &buffer) ||
      !fill(vips, image.object, static_cast<uint8_t*>(pixels)) ||
      napi_create_object(env, &picture))
    return nullptr;
  napi_set_named_property(env, picture, "pixels", buffer);
  put(env, picture, "height", height);
  put(env, picture, "width", width);
  return picture;
}

napi_value nothing(napi_env env) {
  napi_value null, exception;
  bool pending = false;
  if (!napi_is_exception_pending(env, &pending) && pending)
    napi_get_and_clear_last_exception(env, &exception);
  napi_get_null(env, &null);
  return null;
}

// decode(bytes: Uint8Array): { pixels, height, width } | null
napi_value decode(napi_env env, napi_callback_info info) {
  size_t given = 1, length = 0;
  napi_value argument;
  void *bytes = nullptr, *data = nullptr;
  bool isArray = false;
  int type = 0;
  if (napi_get_cb_info(env, info, &given, &argument, nullptr, &data) || given < 1 ||
      napi_is_typedarray(env, argument, &isArray) || !isArray ||
      napi_get_typedarray_info(env, argument, &type, &length, &bytes, nullptr, nullptr) ||
      type != kUint8Array || length == 0)
    return nothing(env);
  const Vips& vips = *static_cast<const Vips*>(data);
  // With a cache of operations, libvips would know these bytes again by their address.
  if (vips.cache_max() != 0) return nothing(env);
  const napi_value picture = decoded(env, vips, bytes, length);
  // As sharp does behind every picture: no word of this one stands before the next one's.
  if (!picture) vips.error_clear();
  vips.thread_shutdown();
  return picture ? picture : nothing(env);
}

// decoder(library: string): decode | null
napi_value decoder(napi_env env, napi_callback_info info) {
  size_t given = 1, length = 0;
  napi_value argument, function;
  char name[256];
  if (napi_get_cb_info(env, info, &given, &argument, nullptr, nullptr) || given < 1 ||
      napi_get_value_string_utf8(env, argument, name, sizeof name, &length))
    return nothing(env);
  const Vips& vips = vipsOf(name);
  if (!vips.whole || napi_create_function(env, "decode", 6, decode, const_cast<Vips*>(&vips), &function))
    return nothing(env);
  return function;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value) {
  napi_value function;
  return napi_create_function(env, "decoder", 7, decoder, nullptr, &function) ? nothing(env) : function;
}

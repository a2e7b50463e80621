// Asks the system for large pages under TensorFlow's big blocks of memory. A processor remembers where some thousand
// pages lie: of 4 KiB each that is a few megabytes, and a step walks through hundreds. Where the system gives large
// pages to those that ask (`madvise`, as most do), nobody asks for TensorFlow: its allocator gets a block from libc and
// deals it out. Here libtensorflow's calls of libc are led over a function that asks, before a block is touched.
//
// Opening the library does it, for the libtensorflow that is loaded. Where it can't be done, blocks are as they were.

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

// Of a large page on most systems, and of the smallest block that is worth one.
constexpr size_t LARGE = size_t{2} << 20;

int inLargePages(void **block, size_t alignment, size_t bytes) {
  const bool isLarge = bytes >= LARGE;
  const int refused = posix_memalign(block, isLarge && alignment < LARGE ? LARGE : alignment, bytes);
  // Advice: refused, it changes nothing.
  if (refused == 0 && isLarge) madvise(*block, bytes / LARGE * LARGE, MADV_HUGEPAGE);
  return refused;
}

void *allocate(size_t alignment, size_t bytes) {
  void *block = nullptr;
  return inLargePages(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, bytes) == 0 ? block : nullptr;
}

void *insteadOf(const char *name) {
  if (std::strcmp(name, "posix_memalign") == 0) return reinterpret_cast<void *>(inLargePages);
  if (std::strcmp(name, "aligned_alloc") == 0) return reinterpret_cast<void *>(allocate);
  return nullptr;
}

// What the loader protects once a library stands.
struct Protected {
  uintptr_t begin = 0, end = 0;
  bool has(const void *place) const {
    const auto at = reinterpret_cast<uintptr_t>(place);
    return begin <= at && at < end;
  }
};

// The table by which a library finds the functions of others: addresses, and the names that they stand for.
struct Calls {
  const ElfW(Rela) *entries = nullptr;
  size_t count = 0;
  const ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
};

Calls callsOf(const ElfW(Dyn) *entry) {
  Calls calls;
  bool hasAddends = false;
  for (; entry->d_tag != DT_NULL; ++entry) {
    const auto at = entry->d_un.d_ptr;
    if (entry->d_tag == DT_JMPREL) calls.entries = reinterpret_cast<const ElfW(Rela) *>(at);
    if (entry->d_tag == DT_PLTRELSZ) calls.count = entry->d_un.d_val / sizeof(ElfW(Rela));
    if (entry->d_tag == DT_PLTREL) hasAddends = entry->d_un.d_val == DT_RELA;
    if (entry->d_tag == DT_SYMTAB) calls.symbols = reinterpret_cast<const ElfW(Sym) *>(at);
    if (entry->d_tag == DT_STRTAB) calls.names = reinterpret_cast<const char *>(at);
  }
  if (!hasAddends || calls.entries == nullptr || calls.symbols == nullptr || calls.names == nullptr) calls.count = 0;
  return calls;
}

int lead(dl_phdr_info *library, size_t, void *) {
  if (library->dlpi_name == nullptr || std::strstr(library->dlpi_name, "libtensorflow") == nullptr) return 0;
  Calls calls;
  Protected ready;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr) &part = library->dlpi_phdr[i];
    const uintptr_t begin = library->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_DYNAMIC) calls = callsOf(reinterpret_cast<const ElfW(Dyn) *>(begin));
    if (part.p_type == PT_GNU_RELRO) ready = {begin, begin + part.p_memsz};
  }
  for (size_t i = 0; i < calls.count; ++i) {
    const ElfW(Rela) &entry = calls.entries[i];
    // The upper half of a 64-bit entry is the symbol's number.
    const char *name = calls.names + calls.symbols[entry.r_info >> 32].st_name;
    void **place = reinterpret_cast<void **>(library->dlpi_addr + entry.r_offset);
    if (void *other = insteadOf(name); other != nullptr && !ready.has(place)) *place = other;
  }
  return 0;
}

__attribute__((constructor)) void leadAll() {
  static_assert(sizeof(void *) == 8, "entries are read as 64-bit systems have them");
  dl_iterate_phdr(lead, nullptr);
}

}  // namespace

// Node takes the library for an addon with nothing in it, and keeps it open.
extern "C" __attribute__((visibility("default"))) void *napi_register_module_v1(void *, void *exports) { return exports; }

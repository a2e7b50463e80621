// Gives back the clean pages of libtensorflow when it is opened: hundreds of megabytes that the loader's relocations and
// TensorFlow's start have read once. What is needed again comes back from the system's file cache, page by page.
//
// Only mappings are touched that nobody may write and of which no page differs from the file (smaps tells both):
// relocated tables, which are private copies, stay.

#include <sys/mman.h>

#include <cstdio>
#include <cstring>

namespace {

bool begins(const char *line, const char *word) { return std::strncmp(line, word, std::strlen(word)) == 0; }

struct Mapping {
  unsigned long begin = 0, end = 0;
  bool ours = false;
  bool clean = true;
};

void release(const Mapping &one) {
  if (one.ours && one.clean) madvise(reinterpret_cast<void *>(one.begin), one.end - one.begin, MADV_DONTNEED);
}

__attribute__((constructor)) void giveBack() {
  std::FILE *file = std::fopen("/proc/self/smaps", "r");
  if (file == nullptr) return;
  char line[8192];
  Mapping mapping;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    unsigned long begin, end, kilobytes;
    char rights[5];
    if (std::sscanf(line, "%lx-%lx %4s", &begin, &end, rights) == 3) {
      mapping = Mapping();
      mapping.begin = begin;
      mapping.end = end;
      mapping.ours = rights[1] != 'w' && std::strstr(line, "libtensorflow") != nullptr;
    } else if (std::sscanf(line, "%*[^:]: %lu", &kilobytes) == 1 && kilobytes > 0) {
      const bool differs = begins(line, "Private_Dirty:") || begins(line, "Shared_Dirty:") ||
                           begins(line, "Anonymous:") || begins(line, "Swap:");
      if (differs) mapping.clean = false;
    } else if (begins(line, "VmFlags:")) {
      release(mapping);
    }
  }
  std::fclose(file);
}

}  // namespace

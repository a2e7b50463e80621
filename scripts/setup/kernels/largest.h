// The classes of an enlarged map of logits, row by row (largest.cc).

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pspc {

struct Between {
  int lower, upper;
  float share;
};

// Channels are filled up to so many, that they are compared in whole vectors.
int paddedChannels(int channels);

class Enlarged {
 public:
  // From [height, width, channels] to [rows, columns]; `aligned` corners, or centres half a pixel inside.
  Enlarged(int height, int width, int rows, int columns, int channels, bool aligned);
  // Pixels with their channels filled up.
  void pad(const float* pixels, size_t count, float* to) const;
  // The first of the largest, for each column of a row of the result.
  void row(const float* image, int row, int32_t* classes) const;

 private:
  int width_, channels_, padded_;
  std::vector<Between> rows_, columns_;
};

}  // namespace pspc

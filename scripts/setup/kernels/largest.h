// The classes of an enlarged map of logits, row by row (largest.cc).

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pspc {

// Where each row or column of the result lies between two of the input.
struct Between {
  std::vector<int32_t> lower, upper;
  std::vector<float> share;
};

class Enlarged {
 public:
  // From [height, width, channels] to [rows, columns]; `aligned` corners, or centres half a pixel inside.
  Enlarged(int height, int width, int rows, int columns, int channels, bool aligned);
  // Floats that `classes` works in.
  size_t room() const;
  // The first of the largest, for each pixel of rows `from` to `until` of the result.
  void classes(const float* image, int from, int until, float* room, int32_t* to) const;

 private:
  int width_, channels_;
  Between rows_, columns_;
};

}  // namespace pspc

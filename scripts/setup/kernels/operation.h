// TensorFlow's side of any operation of ours, by its C interface: its attributes and tensors, and rooms of threads.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

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
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction*, const char*, float*, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32List(TF_OpKernelConstruction*, const char*, int32_t*, int most, TF_Status*);
void TF_OpKernelConstruction_GetAttrFloatList(TF_OpKernelConstruction*, const char*, float*, int most, TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
void TF_GetInput(TF_OpKernelContext*, int, TF_Tensor**, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int, TF_DataType, const int64_t* sizes, int rank, size_t bytes, TF_Status*);
TF_Tensor* TF_ForwardInputOrAllocateOutput(TF_OpKernelContext*, const int* inputs, int count, int output, const int64_t* sizes, int rank,
                                           int* forwarded, TF_Status*);
TF_Tensor* TF_AllocateTemp(TF_OpKernelContext*, TF_DataType, const int64_t* sizes, int rank, TF_AllocatorAttributes*, TF_Status*);
}

namespace pspc {
namespace {

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
  float real(const char* name) {
    float value = 0;
    TF_OpKernelConstruction_GetAttrFloat(from, name, &value, status.raw);
    return value;
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
  bool make(Tensor& tensor, const std::vector<int64_t>& shape, TF_DataType type, int index = 0) {
    size_t bytes = TF_DataTypeSize(type);
    for (int64_t size : shape) bytes *= size;
    tensor.raw = TF_AllocateOutput(context, index, type, shape.data(), static_cast<int>(shape.size()), bytes, status.raw);
    return status.ok();
  }
  // The first output, in the bytes of an input that nobody else needs, if there is one: then that has not to be read.
  bool forward(int index, Tensor& tensor, const std::vector<int64_t>& shape, bool& isSame) {
    int forwarded = -1;
    tensor.raw = TF_ForwardInputOrAllocateOutput(context, &index, 1, 0, shape.data(), static_cast<int>(shape.size()), &forwarded, status.raw);
    isSame = forwarded == index;
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

}  // namespace
}  // namespace pspc

// What every operation of this folder needs of TensorFlow.
#pragma once
#include <functional>
#include <vector>

#include "simd.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace palimpsest {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

// Eager execution asks no operation for the shapes of its outputs beforehand.
inline absl::Status anyShape(tensorflow::shape_inference::InferenceContext*) { return absl::OkStatus(); }

// Runs work(i) for i in 0..units on the engine's own threads. `cycles` is what one unit costs, about.
inline void parallel(OpKernelContext* context, int units, int64_t cycles, const std::function<void(int)>& work) {
  auto* threads = context->device()->tensorflow_cpu_worker_threads()->workers;
  threads->ParallelFor(units, cycles, [&work](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; unit++) work(static_cast<int>(unit));
  });
}

// Cuts 0..rows into blocks of at most `block` rows and runs work(from, to) for each.
inline void parallelRows(OpKernelContext* context, int rows, int block, int64_t cyclesPerRow,
                         const std::function<void(int, int)>& work) {
  const int units = (rows + block - 1) / block;
  parallel(context, units, cyclesPerRow * block,
           [&](int unit) { work(unit * block, std::min(rows, (unit + 1) * block)); });
}

// Registers an operation whose attribute T is the type that products are taken in.
#define PALIMPSEST_KERNELS(name, Kernel)                                                                                      \
  REGISTER_KERNEL_BUILDER(Name(name).Device(tensorflow::DEVICE_CPU).TypeConstraint<float>("T"), Kernel<float>);              \
  REGISTER_KERNEL_BUILDER(Name(name).Device(tensorflow::DEVICE_CPU).TypeConstraint<tensorflow::bfloat16>("T"), Kernel<bf16>)

template <typename T>
const T* data(OpKernelContext* context, int input) {
  return context->input(input).flat<T>().data();
}

// An input that may be left out, as a tensor without elements; then null.
inline const float* optional(OpKernelContext* context, int input) {
  const Tensor& given = context->input(input);
  return given.NumElements() == 0 ? nullptr : given.flat<float>().data();
}

inline int rowsOf(const Tensor& x) { return static_cast<int>(x.dim_size(0)); }

inline int columnsOf(const Tensor& x) { return static_cast<int>(x.dim_size(x.dims() - 1)); }

// Null where the memory could not be had; the operation has failed then.
template <typename T>
T* output(OpKernelContext* context, int index, const TensorShape& shape) {
  Tensor* made = nullptr;
  const absl::Status status = context->allocate_output(index, shape, &made);
  if (!status.ok()) {
    context->CtxFailure(status);
    return nullptr;
  }
  return made->flat<T>().data();
}

// Memory of the calling thread that outlives a call; what it held is undefined.
inline float* scratch(size_t floats) {
  thread_local std::vector<float> memory;
  if (memory.size() < floats + kLanes) memory.resize(floats + kLanes);
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  return reinterpret_cast<float*>((address + sizeof(Vec) - 1) / sizeof(Vec) * sizeof(Vec));
}

}  // namespace palimpsest

// What every operation of this folder needs of TensorFlow.
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "simd.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "threads.h"

namespace palimpsest {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

// Eager execution asks no operation for the shapes of its outputs beforehand.
inline absl::Status anyShape(tensorflow::shape_inference::InferenceContext*) { return absl::OkStatus(); }

// Cycles that are worth waking another thread for.
constexpr int64_t kWorthSharing = 60000;

// Runs work(i) for i in 0..units on as many threads as the engine has. `cycles` is what one unit costs, about.
inline void parallel(OpKernelContext* context, int units, int64_t cycles, const std::function<void(int)>& work) {
  const int threads = context->device()->tensorflow_cpu_worker_threads()->num_threads;
  const auto worth = std::min<int64_t>({threads, units, units * cycles / kWorthSharing});
  auto job = std::make_shared<Job>();
  job->units = units;
  job->work = &work;
  Helpers::of(threads).run(job, static_cast<int>(worth) - 1);
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

// Fails the operation where an input has another shape; `mayLack`: an input without elements is left out.
inline void expectShape(OpKernelContext* context, int input, const TensorShape& shape, bool mayLack = false) {
  const TensorShape& given = context->input(input).shape();
  if (given == shape || (mayLack && given.num_elements() == 0)) return;
  context->CtxFailure(absl::InvalidArgumentError(absl::StrCat("input ", input, " of ", context->op_kernel().name(), " has shape ",
                                                              given.DebugString(), " instead of ", shape.DebugString())));
}

// Fails the operation where an input is no matrix.
inline void expectMatrix(OpKernelContext* context, int input) {
  if (context->input(input).dims() == 2) return;
  context->CtxFailure(absl::InvalidArgumentError(absl::StrCat("input ", input, " of ", context->op_kernel().name(), " is no matrix")));
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

// Memory of the calling thread that outlives a call; what it held is undefined. Each use at one time has a slot of its own.
template <int slot = 0>
inline float* scratch(size_t floats) {
  thread_local std::vector<float> memory;
  if (memory.size() < floats + kLanes) memory.resize(floats + kLanes);
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  return reinterpret_cast<float*>((address + sizeof(Vec) - 1) / sizeof(Vec) * sizeof(Vec));
}

}  // namespace palimpsest

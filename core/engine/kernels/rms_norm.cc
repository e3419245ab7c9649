// Root-mean-square norm (Zhang and Sennrich 2019): y = gain x r, r = 1 / sqrt(mean(x^2) + epsilon), row by row.
#include <cmath>

#include "operation.h"

namespace palimpsest {

// x [N, D], gain [D] -> y [N, D], r [N, 1]. With `added` [N, D] (or empty) the norm is of x + added, the third output.
REGISTER_OP("PalimpsestRmsNorm")
    .Input("x: float")
    .Input("added: float")
    .Input("gain: float")
    .Output("y: T")
    .Output("inverse: float")
    .Output("sum: float")
    .Attr("T: {float, bfloat16}")
    .Attr("epsilon: float")
    .SetShapeFn(anyShape);

template <typename T>
class RmsNorm : public OpKernel {
 public:
  explicit RmsNorm(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(0);
    const int rows = rowsOf(given), width = columnsOf(given);
    expectMatrix(context, 0);
    expectShape(context, 1, given.shape(), true);
    expectShape(context, 2, TensorShape({width}));
    if (!context->status().ok()) return;
    const float *x = data<float>(context, 0), *added = optional(context, 1), *gain = data<float>(context, 2);
    T* y = output<T>(context, 0, given.shape());
    float* inverse = output<float>(context, 1, TensorShape({rows, 1}));
    float* both = output<float>(context, 2, added ? given.shape() : TensorShape({0}));
    if (!context->status().ok()) return;
    parallelRows(context, rows, 16, width / 2, [&](int from, int to) {
      for (int row = from; row < to; row++) {
        const size_t at = static_cast<size_t>(row) * width;
        const float* in = x + at;
        Vec squares{};
        sweep(width, [&](int i, auto read, auto write) {
          Vec v = read(in + i);
          if (added) {
            v += read(added + at + i);
            write(both + at + i, v);
          }
          squares += v * v;
        });
        const float r = 1.f / std::sqrt(sum(squares) / width + epsilon_);
        inverse[row] = r;
        const float* source = added ? both + at : in;
        sweep(width, [&](int i, auto read, auto write) { write(y + at + i, read(source + i) * read(gain + i) * r); });
      }
    });
  }

 private:
  float epsilon_;
};

// dy, x [N, D], r [N, 1], gain [D] -> dx = r (gain dy - u mean(gain dy u)) + past with u = x r; `past` [N, D] or empty.
REGISTER_OP("PalimpsestRmsNormGrad")
    .Input("dy: T")
    .Input("x: float")
    .Input("inverse: float")
    .Input("gain: float")
    .Input("past: float")
    .Output("dx: float")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn(anyShape);

template <typename T>
class RmsNormGrad : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(1);
    const int rows = rowsOf(given), width = columnsOf(given);
    expectMatrix(context, 1);
    expectShape(context, 0, given.shape());
    expectShape(context, 2, TensorShape({rows, 1}));
    expectShape(context, 3, TensorShape({width}));
    expectShape(context, 4, given.shape(), true);
    if (!context->status().ok()) return;
    const T* dy = data<T>(context, 0);
    const float *x = data<float>(context, 1), *inverse = data<float>(context, 2);
    const float *gain = data<float>(context, 3), *past = optional(context, 4);
    float* dx = output<float>(context, 0, given.shape());
    if (!dx) return;
    parallelRows(context, rows, 16, width / 2, [&](int from, int to) {
      for (int row = from; row < to; row++) {
        const size_t at = static_cast<size_t>(row) * width;
        const float r = inverse[row];
        Vec along{};
        sweep(width, [&](int i, auto read, auto) { along += read(dy + at + i) * read(gain + i) * read(x + at + i); });
        const float pull = sum(along) * r * r * r / width;
        sweep(width, [&](int i, auto read, auto write) {
          Vec slope = read(dy + at + i) * read(gain + i) * r - read(x + at + i) * pull;
          if (past) slope += read(past + at + i);
          write(dx + at + i, slope);
        });
      }
    });
  }
};

PALIMPSEST_KERNELS("PalimpsestRmsNorm", RmsNorm);
PALIMPSEST_KERNELS("PalimpsestRmsNormGrad", RmsNormGrad);

// x float + y -> float, of one shape: what a product gives added to the residual.
REGISTER_OP("PalimpsestSum").Input("x: float").Input("y: T").Output("sum: float").Attr("T: {float, bfloat16}").SetShapeFn(anyShape);

template <typename T>
class Sum : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(0);
    const int rows = rowsOf(given), width = columnsOf(given);
    expectMatrix(context, 0);
    expectShape(context, 1, given.shape());
    if (!context->status().ok()) return;
    const float* x = data<float>(context, 0);
    const T* y = data<T>(context, 1);
    float* sum = output<float>(context, 0, given.shape());
    if (!sum) return;
    parallelRows(context, rows, 16, width / 3, [&](int from, int to) {
      const size_t at = static_cast<size_t>(from) * width;
      sweep((to - from) * width, [&](int i, auto read, auto write) { write(sum + at + i, read(x + at + i) + read(y + at + i)); });
    });
  }
};

PALIMPSEST_KERNELS("PalimpsestSum", Sum);

}  // namespace palimpsest

// Root-mean-square norm (Zhang and Sennrich 2019): y = gain x r, r = 1 / sqrt(mean(x^2) + epsilon), row by row.
#include <cmath>

#include "operation.h"

namespace palimpsest {

// x [N, D], gain [D] -> y [N, D], r [N]. With `added` [N, D] (or empty) the norm is of x + added, the third output.
REGISTER_OP("PalimpsestRmsNorm")
    .Input("x: float")
    .Input("added: float")
    .Input("gain: float")
    .Output("y: float")
    .Output("inverse: float")
    .Output("sum: float")
    .Attr("epsilon: float")
    .SetShapeFn(anyShape);

class RmsNorm : public OpKernel {
 public:
  explicit RmsNorm(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(0);
    const int rows = rowsOf(given), width = columnsOf(given);
    const float *x = data<float>(context, 0), *added = optional(context, 1), *gain = data<float>(context, 2);
    float* y = output<float>(context, 0, given.shape());
    float* inverse = output<float>(context, 1, TensorShape({rows}));
    float* both = output<float>(context, 2, added ? given.shape() : TensorShape({0}));
    if (!y || !inverse || (added && !both)) return;
    parallelRows(context, rows, 16, 2 * width, [&](int from, int to) {
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

// dy, x [N, D], r [N], gain [D] -> dx = r (gain dy - u mean(gain dy u)) + past with u = x r; `past` [N, D] or empty.
REGISTER_OP("PalimpsestRmsNormGrad")
    .Input("dy: float")
    .Input("x: float")
    .Input("inverse: float")
    .Input("gain: float")
    .Input("past: float")
    .Output("dx: float")
    .SetShapeFn(anyShape);

class RmsNormGrad : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(1);
    const int rows = rowsOf(given), width = columnsOf(given);
    const float *dy = data<float>(context, 0), *x = data<float>(context, 1), *inverse = data<float>(context, 2);
    const float *gain = data<float>(context, 3), *past = optional(context, 4);
    float* dx = output<float>(context, 0, given.shape());
    if (!dx) return;
    parallelRows(context, rows, 16, 3 * width, [&](int from, int to) {
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

REGISTER_KERNEL_BUILDER(Name("PalimpsestRmsNorm").Device(tensorflow::DEVICE_CPU), RmsNorm);
REGISTER_KERNEL_BUILDER(Name("PalimpsestRmsNormGrad").Device(tensorflow::DEVICE_CPU), RmsNormGrad);

}  // namespace palimpsest

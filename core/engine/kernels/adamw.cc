// One update of AdamW (Loshchilov and Hutter 2019) over all trained values at once.
#include <cmath>

#include "operation.h"

namespace palimpsest {

// Values, gradient and both moments [n] and factors [8]: b1, 1 - b1, b2, 1 - b2, epsilon, decay, size and root -> with
// m = b1 m + (1 - b1) g and v = b2 v + (1 - b2) g^2: the difference -decay p - size m / (root sqrt(v) + epsilon), p with it, m and v. The factors are an input since
// they change with every step.
REGISTER_OP("PalimpsestAdamW")
    .Input("values: float")
    .Input("gradient: float")
    .Input("first: float")
    .Input("second: float")
    .Input("factors: float")
    .Output("difference: float")
    .Output("next: float")
    .Output("next_first: float")
    .Output("next_second: float")
    .SetShapeFn(anyShape);

class AdamW : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(0);
    const int count = static_cast<int>(given.NumElements());
    for (int input = 1; input < 4; input++) expectShape(context, input, given.shape());
    expectShape(context, 4, TensorShape({8}));
    if (!context->status().ok()) return;
    const float *values = data<float>(context, 0), *gradient = data<float>(context, 1);
    const float *first = data<float>(context, 2), *second = data<float>(context, 3), *factors = data<float>(context, 4);
    float* outputs[4];
    for (int i = 0; i < 4; i++) outputs[i] = output<float>(context, i, given.shape());
    if (!context->status().ok()) return;
    const float b1 = factors[0], rest1 = factors[1], b2 = factors[2], rest2 = factors[3];
    const float epsilon = factors[4], decay = factors[5], size = factors[6], root = factors[7];
    parallelRows(context, count, 4096, 2, [&](int from, int to) {
      sweep(to - from, [&](int i, auto read, auto write) {
        const int at = from + i;
        const Vec g = read(gradient + at), p = read(values + at);
        const Vec m = read(first + at) * b1 + g * rest1, v = read(second + at) * b2 + g * g * rest2;
        Vec deviation;
        for (int lane = 0; lane < kLanes; lane++) deviation[lane] = std::sqrt(v[lane]);
        const Vec difference = -decay * p - size * m / (root * deviation + epsilon);
        write(outputs[0] + at, difference);
        write(outputs[1] + at, p + difference);
        write(outputs[2] + at, m);
        write(outputs[3] + at, v);
      });
    });
  }
};

REGISTER_KERNEL_BUILDER(Name("PalimpsestAdamW").Device(tensorflow::DEVICE_CPU), AdamW);

}  // namespace palimpsest

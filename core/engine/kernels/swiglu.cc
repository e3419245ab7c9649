// SwiGLU (Shazeer 2020): h = gate sigmoid(gate) up, gate and up side by side in one tensor [N, 2F].
#include "operation.h"

namespace palimpsest {

// What adapters add to gate and up [N, F] may be left out, as tensors without elements.
REGISTER_OP("PalimpsestSwiGlu")
    .Input("gate_up: T")
    .Input("to_gate: float")
    .Input("to_up: float")
    .Output("hidden: T")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn(anyShape);

// One row's gate and up with what is added to them.
template <typename T>
struct GatedRow {
  const T *gate, *up;
  const float *toGate, *toUp;

  GatedRow(OpKernelContext* context, int first, int row, int width) {
    const size_t at = static_cast<size_t>(row) * width;
    gate = data<T>(context, first) + 2 * at;
    up = gate + width;
    toGate = optional(context, first + 1);
    toUp = optional(context, first + 2);
    if (toGate) toGate += at;
    if (toUp) toUp += at;
  }

  template <typename Read>
  Vec gateAt(int i, Read read) const {
    return toGate ? read(gate + i) + read(toGate + i) : read(gate + i);
  }

  template <typename Read>
  Vec upAt(int i, Read read) const {
    return toUp ? read(up + i) + read(toUp + i) : read(up + i);
  }
};

template <typename T>
class SwiGlu : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(0);
    const int rows = rowsOf(given), width = columnsOf(given) / 2;
    expectMatrix(context, 0);
    for (int input = 1; input < 3; input++) expectShape(context, input, TensorShape({rows, width}), true);
    if (!context->status().ok()) return;
    T* hidden = output<T>(context, 0, TensorShape({rows, width}));
    if (!context->status().ok()) return;
    parallelRows(context, rows, 8, 2 * width, [&](int from, int to) {
      for (int row = from; row < to; row++) {
        const GatedRow<T> in(context, 0, row, width);
        T* out = hidden + static_cast<size_t>(row) * width;
        sweep(width, [&](int i, auto read, auto write) {
          const Vec gate = in.gateAt(i, read);
          write(out + i, gate * sigmoid(gate) * in.upAt(i, read));
        });
      }
    });
  }
};

// With s = sigmoid(gate): dgate = dh up s (1 + gate (1 - s)), dup = dh gate s, side by side [N, 2F]; again by themselves [N, F]
// where something was added to gate or to up.
REGISTER_OP("PalimpsestSwiGluGrad")
    .Input("dh: T")
    .Input("gate_up: T")
    .Input("to_gate: float")
    .Input("to_up: float")
    .Output("slopes: T")
    .Output("of_gate: float")
    .Output("of_up: float")
    .Attr("T: {float, bfloat16}")
    .SetShapeFn(anyShape);

template <typename T>
class SwiGluGrad : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(1);
    const int rows = rowsOf(given), width = columnsOf(given) / 2;
    const TensorShape own({rows, width}), none({0});
    expectMatrix(context, 1);
    expectShape(context, 0, own);
    for (int input = 2; input < 4; input++) expectShape(context, input, own, true);
    if (!context->status().ok()) return;
    const T* dh = data<T>(context, 0);
    T* slopes = output<T>(context, 0, given.shape());
    float* ofGate = output<float>(context, 1, optional(context, 2) ? own : none);
    float* ofUp = output<float>(context, 2, optional(context, 3) ? own : none);
    if (!context->status().ok()) return;
    const bool gates = optional(context, 2), ups = optional(context, 3);
    parallelRows(context, rows, 8, 2 * width, [&](int from, int to) {
      for (int row = from; row < to; row++) {
        const GatedRow<T> in(context, 1, row, width);
        const size_t at = static_cast<size_t>(row) * width;
        T *dGate = slopes + 2 * at, *dUp = dGate + width;
        sweep(width, [&](int i, auto read, auto write) {
          const Vec gate = in.gateAt(i, read), s = sigmoid(gate), dy = read(dh + at + i), silu = gate * s;
          const Vec toGate = dy * in.upAt(i, read) * (s + silu - silu * s), toUp = dy * silu;
          write(dGate + i, toGate);
          write(dUp + i, toUp);
          if (gates) write(ofGate + at + i, toGate);
          if (ups) write(ofUp + at + i, toUp);
        });
      }
    });
  }
};

PALIMPSEST_KERNELS("PalimpsestSwiGlu", SwiGlu);
PALIMPSEST_KERNELS("PalimpsestSwiGluGrad", SwiGluGrad);

}  // namespace palimpsest

// Cross-entropy of rows of logits [P, V] against labels [P] in nats: log(sum(exp(row))) - row[label].
#include <cmath>
#include <limits>

#include "operation.h"

namespace palimpsest {

REGISTER_OP("PalimpsestCrossEntropy")
    .Input("logits: float")
    .Input("labels: int32")
    .Output("loss: float")
    .Output("log_sum: float")
    .SetShapeFn(anyShape);

class CrossEntropy : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const int rows = rowsOf(context->input(0)), width = columnsOf(context->input(0));
    expectMatrix(context, 0);
    expectShape(context, 1, TensorShape({rows}));
    if (!context->status().ok()) return;
    const float* logits = data<float>(context, 0);
    const int32_t* labels = data<int32_t>(context, 1);
    for (int row = 0; row < rows; row++)
      OP_REQUIRES(context, labels[row] >= 0 && labels[row] < width,
                  absl::InvalidArgumentError(absl::StrCat("label ", labels[row], " is not one of ", width, " tokens")));
    float* loss = output<float>(context, 0, TensorShape({rows}));
    float* logSum = output<float>(context, 1, TensorShape({rows}));
    if (!context->status().ok()) return;
    parallel(context, rows, width, [&](int row) {
      const float* own = logits + static_cast<size_t>(row) * width;
      logSum[row] = logSumExp(own, width);
      loss[row] = logSum[row] - own[labels[row]];
    });
  }

 private:
  static float logSumExp(const float* row, int width) {
    float most = row[0];
    const int whole = width / kLanes * kLanes;
    if (whole > 0) {
      Vec found = load(row);
      for (int i = kLanes; i < whole; i += kLanes) found = max(found, load(row + i));
      most = largest(found);
    }
    for (int i = whole; i < width; i++) most = std::max(most, row[i]);
    Vec total{};
    for (int i = 0; i < whole; i += kLanes) total += exp(load(row + i) - most);
    float rest = 0;
    for (int i = whole; i < width; i++) rest += std::exp(row[i] - most);
    return most + std::log(sum(total) + rest);
  }
};

// dy [P], logits, labels, log_sum -> (softmax(row) - onehot(label)) dy
REGISTER_OP("PalimpsestCrossEntropyGrad")
    .Input("dy: float")
    .Input("logits: float")
    .Input("labels: int32")
    .Input("log_sum: float")
    .Output("slopes: float")
    .SetShapeFn(anyShape);

class CrossEntropyGrad : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(1);
    const int rows = rowsOf(given), width = columnsOf(given);
    for (int input : {0, 2, 3}) expectShape(context, input, TensorShape({rows}));
    if (!context->status().ok()) return;
    const float *dy = data<float>(context, 0), *logits = data<float>(context, 1), *logSum = data<float>(context, 3);
    const int32_t* labels = data<int32_t>(context, 2);
    float* slopes = output<float>(context, 0, given.shape());
    if (!context->status().ok()) return;
    parallel(context, rows, width, [&](int row) {
      const size_t at = static_cast<size_t>(row) * width;
      const float weight = dy[row], log = logSum[row];
      sweep(width, [&](int i, auto read, auto write) { write(slopes + at + i, exp(read(logits + at + i) - log) * weight); });
      slopes[at + labels[row]] -= weight;
    });
  }
};

REGISTER_KERNEL_BUILDER(Name("PalimpsestCrossEntropy").Device(tensorflow::DEVICE_CPU), CrossEntropy);
REGISTER_KERNEL_BUILDER(Name("PalimpsestCrossEntropyGrad").Device(tensorflow::DEVICE_CPU), CrossEntropyGrad);

}  // namespace palimpsest

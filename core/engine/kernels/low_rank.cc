// What a low-rank pair adds to a linear layer (Hu et al. 2021): h = scale x a^T, y = h b^T.
#include <algorithm>

#include "operation.h"

namespace palimpsest {

// Ranks whose sums are held in registers at once.
constexpr int kRanks = 8;

// result[k] = scale * sum_i x[i] rows[k width + i] for k in 0..count <= kRanks.
template <int count>
inline void dots(const float* x, const float* rows, int width, float scale, float* result) {
  Vec sums[count] = {};
  sweep(width, [&](int i, auto read, auto) {
    const Vec v = read(x + i);
    for (int k = 0; k < count; k++) sums[k] += v * read(rows + static_cast<size_t>(k) * width + i);
  });
  for (int k = 0; k < count; k++) result[k] = scale * sum(sums[k]);
}

inline void allDots(const float* x, const float* rows, int rank, int width, float scale, float* result) {
  int k = 0;
  for (; k + kRanks <= rank; k += kRanks) dots<kRanks>(x, rows + static_cast<size_t>(k) * width, width, scale, result + k);
  for (; k < rank; k++) dots<1>(x, rows + static_cast<size_t>(k) * width, width, scale, result + k);
}

// out[i] = sum_k factors[k] rows[k width + i], and past[i] besides where there is such.
inline void mixture(const float* factors, const float* rows, int rank, int width, float* out, const float* past = nullptr) {
  sweep(width, [&](int i, auto read, auto write) {
    Vec total = past ? read(past + i) : Vec{};
    for (int k = 0; k < rank; k++) total += factors[k] * read(rows + static_cast<size_t>(k) * width + i);
    write(out + i, total);
  });
}

// sums[k width + i] += sum over `count` rows n of factors[n rank + k] x[n width + i].
inline void outerSums(const float* factors, const float* x, int count, int rank, int width, float* sums) {
  constexpr int kRows = 4;
  for (int n = 0; n < count; n += kRows) {
    const int some = std::min(kRows, count - n);
    sweep(width, [&](int i, auto read, auto write) {
      Vec values[kRows] = {};
      for (int j = 0; j < some; j++) values[j] = read(x + static_cast<size_t>(n + j) * width + i);
      for (int k = 0; k < rank; k++) {
        float* place = sums + static_cast<size_t>(k) * width + i;
        Vec total = read(place);
        for (int j = 0; j < some; j++) total += factors[(n + j) * rank + k] * values[j];
        write(place, total);
      }
    });
  }
}

// b [out, r] -> [r, out]
inline void transposed(const float* b, int out, int rank, float* made) {
  for (int o = 0; o < out; o++)
    for (int k = 0; k < rank; k++) made[static_cast<size_t>(k) * out + o] = b[static_cast<size_t>(o) * rank + k];
}

// Rows that one thread takes at a time, and into how many parts the rows are cut where each has sums of its own.
constexpr int kBlock = 32, kMostBlocks = 8;

// x [N, in], a [r, in], b [out, r] -> y [N, out], h [N, r].
REGISTER_OP("PalimpsestLowRank")
    .Input("x: float")
    .Input("a: float")
    .Input("b: float")
    .Output("y: float")
    .Output("h: float")
    .Attr("scale: float")
    .SetShapeFn(anyShape);

class LowRank : public OpKernel {
 public:
  explicit LowRank(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("scale", &scale_));
  }

  void Compute(OpKernelContext* context) override {
    const int rows = rowsOf(context->input(0)), in = columnsOf(context->input(0));
    const int rank = rowsOf(context->input(1)), out = rowsOf(context->input(2));
    expectMatrix(context, 0);
    expectShape(context, 1, TensorShape({rank, in}));
    expectShape(context, 2, TensorShape({out, rank}));
    if (!context->status().ok()) return;
    const float *x = data<float>(context, 0), *a = data<float>(context, 1);
    float* y = output<float>(context, 0, TensorShape({rows, out}));
    float* h = output<float>(context, 1, TensorShape({rows, rank}));
    if (!context->status().ok()) return;
    std::vector<float> turned(static_cast<size_t>(rank) * out);
    transposed(data<float>(context, 2), out, rank, turned.data());
    parallelRows(context, rows, kBlock, rank * (in + out) / 6, [&](int from, int to) {
      for (int row = from; row < to; row++) {
        float* own = h + static_cast<size_t>(row) * rank;
        allDots(x + static_cast<size_t>(row) * in, a, rank, in, scale_, own);
        mixture(own, turned.data(), rank, out, y + static_cast<size_t>(row) * out);
      }
    });
  }

 private:
  float scale_;
};

// dy [N, out], x, a, b, h -> with u = scale dy b: dx = u a + past [N, in], da = u^T x [r, in], db = dy^T h [out, r]; `past` [N, in], what x
// has got already, or empty.
REGISTER_OP("PalimpsestLowRankGrad")
    .Input("dy: float")
    .Input("x: float")
    .Input("a: float")
    .Input("b: float")
    .Input("h: float")
    .Input("past: float")
    .Output("dx: float")
    .Output("da: float")
    .Output("db: float")
    .Attr("scale: float")
    .SetShapeFn(anyShape);

class LowRankGrad : public OpKernel {
 public:
  explicit LowRankGrad(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("scale", &scale_));
  }

  void Compute(OpKernelContext* context) override {
    const int rows = rowsOf(context->input(1)), in = columnsOf(context->input(1));
    const int rank = rowsOf(context->input(2)), out = rowsOf(context->input(3));
    expectMatrix(context, 1);
    expectShape(context, 0, TensorShape({rows, out}));
    expectShape(context, 2, TensorShape({rank, in}));
    expectShape(context, 3, TensorShape({out, rank}));
    expectShape(context, 4, TensorShape({rows, rank}));
    expectShape(context, 5, TensorShape({rows, in}), true);
    if (!context->status().ok()) return;
    const float *dy = data<float>(context, 0), *x = data<float>(context, 1), *a = data<float>(context, 2);
    const float *h = data<float>(context, 4), *past = optional(context, 5);
    float* dx = output<float>(context, 0, TensorShape({rows, in}));
    float* da = output<float>(context, 1, TensorShape({rank, in}));
    float* db = output<float>(context, 2, TensorShape({out, rank}));
    if (!context->status().ok()) return;
    std::vector<float> turned(static_cast<size_t>(rank) * out);
    transposed(data<float>(context, 3), out, rank, turned.data());
    // Each block of rows has sums of its own, added in order, so that the result does not depend on the threads.
    const int blocks = std::max(1, std::min(kMostBlocks, (rows + kBlock - 1) / kBlock)), block = (rows + blocks - 1) / blocks;
    const size_t own = static_cast<size_t>(rank) * (in + out);
    float* partial = scratch<1>(own * blocks);
    parallel(context, blocks, static_cast<int64_t>(block) * rank * (in + out) / 3, [&](int unit) {
      const int from = std::min(rows, unit * block), count = std::min(block, rows - from);
      float* u = scratch(static_cast<size_t>(block) * rank);
      for (int n = 0; n < count; n++) {
        allDots(dy + static_cast<size_t>(from + n) * out, turned.data(), rank, out, scale_, u + n * rank);
        const size_t row = static_cast<size_t>(from + n) * in;
        mixture(u + n * rank, a, rank, in, dx + row, past ? past + row : nullptr);
      }
      float* sums = partial + unit * own;
      std::fill_n(sums, own, 0.f);
      outerSums(u, x + static_cast<size_t>(from) * in, count, rank, in, sums);
      outerSums(h + static_cast<size_t>(from) * rank, dy + static_cast<size_t>(from) * out, count, rank, out,
                sums + static_cast<size_t>(rank) * in);
    });
    parallelRows(context, static_cast<int>(own), 16384, blocks / 4, [&](int begin, int end) {
      for (int unit = 1; unit < blocks; unit++)
        for (int i = begin; i < end; i++) partial[i] += partial[unit * own + i];
    });
    std::copy_n(partial, static_cast<size_t>(rank) * in, da);
    transposed(partial + static_cast<size_t>(rank) * in, rank, out, db);
  }

 private:
  float scale_;
};

REGISTER_KERNEL_BUILDER(Name("PalimpsestLowRank").Device(tensorflow::DEVICE_CPU), LowRank);
REGISTER_KERNEL_BUILDER(Name("PalimpsestLowRankGrad").Device(tensorflow::DEVICE_CPU), LowRankGrad);

}  // namespace palimpsest

// Rotary grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245): softmax(q k^T / sqrt(d_h)) v, later keys never computed, and no
// probabilities kept for the backward pass.
#include <cmath>

#include "attention_head.h"

namespace palimpsest {

// Queries, keys and values side by side [N, (H + 2K) d_h], with what is added to queries [N, H d_h], to keys or to values [N, K d_h], or
// nothing, in place.
REGISTER_OP("PalimpsestJoin")
    .Input("joined: T")
    .Input("to_queries: float")
    .Input("to_keys: float")
    .Input("to_values: float")
    .Output("sum: T")
    .PALIMPSEST_ATTENTION_ATTRIBUTES;

template <typename T>
class Join : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& given = context->input(0);
    const int rows = rowsOf(given), width = columnsOf(given), head = width / (heads_ + 2 * keyHeads_);
    expectJoined(context, 0);
    expectShape(context, 1, TensorShape({rows, heads_ * head}), true);
    for (int input = 2; input < 4; input++) expectShape(context, input, TensorShape({rows, keyHeads_ * head}), true);
    if (!context->status().ok()) return;
    const T* joined = data<T>(context, 0);
    T* sum = output<T>(context, 0, given.shape());
    if (!context->status().ok()) return;
    const int widths[] = {heads_ * head, keyHeads_ * head, keyHeads_ * head};
    parallelRows(context, rows, 16, width / 3, [&](int from, int to) {
      for (int row = from; row < to; row++) {
        size_t at = static_cast<size_t>(row) * width;
        for (int part = 0; part < 3; at += widths[part++]) {
          const float* added = optional(context, part + 1);
          if (added) added += static_cast<size_t>(row) * widths[part];
          sweep(widths[part], [&](int i, auto read, auto write) {
            write(sum + at + i, added ? read(joined + at + i) + read(added + i) : read(joined + at + i));
          });
        }
      }
    });
  }
};

// -> head outputs [N, H d_h]
REGISTER_OP("PalimpsestAttention")
    .Input("joined: T")
    .Input("cosines: float")
    .Input("sines: float")
    .Input("bias: float")
    .Output("z: float")
    .PALIMPSEST_ATTENTION_ATTRIBUTES;

template <typename T>
class Attention : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;
  using Inputs = AttentionInputs<T>;

  void Compute(OpKernelContext* context) override {
    expectInputs(context, 0);
    if (!context->status().ok()) return;
    const Inputs in(context, 0, batch_, heads_, keyHeads_);
    float* z = output<float>(context, 0, TensorShape({static_cast<int64_t>(in.batch) * in.length, in.queryRow()}));
    if (!context->status().ok()) return;
    const int group = heads_ / keyHeads_;
    // Few rows leave threads idle unless query heads of one key head are taken apart.
    const int together = in.batch * keyHeads_ >= 8 ? group : 1;
    const int64_t cycles = static_cast<int64_t>(together) * in.length * in.length * in.width / 8;
    parallel(context, in.batch * heads_ / together, cycles, [&](int unit) {
      const int first = unit * together;
      runHeads(in, first / heads_, first % heads_, together, z);
    });
  }

 private:
  // Query heads `head` to head + count of row b, which share one key head.
  static void runHeads(const Inputs& in, int b, int head, int count, float* z) {
    const size_t rows = static_cast<size_t>(in.length) * in.padded, turned = static_cast<size_t>(in.width) * in.paddedLength();
    float* keysTurned = scratch(turned + 2 * rows + kQueries * static_cast<size_t>(in.paddedLength() + in.padded));
    float *values = keysTurned + turned, *queries = values + rows;
    float* weights = queries + rows;
    float* mixed = weights + static_cast<size_t>(kQueries) * in.paddedLength();
    const int shared = head / (in.heads / in.keyHeads);
    rotatedHead(in, b, in.keys(b, shared), 1.f, queries);
    turnedHead(in, queries, keysTurned);
    plainHead(in, in.values(b, shared), in.row, values);
    for (int h = head; h < head + count; h++) {
      rotatedHead(in, b, in.queries(b, h), 1.f / std::sqrt(static_cast<float>(in.width)), queries);
      for (int t = 0; t < in.length; t += kQueries) {
        const int some = std::min(kQueries, in.length - t), row = in.paddedLength();
        probabilities(in, b, t, some, queries, keysTurned, weights);
        product<false>(some, in.padded, t + some, {weights, row, 1}, values, in.padded, mixed, in.padded, Band::sumUpToRow, t);
        for (int i = 0; i < some; i++)
          std::copy_n(mixed + static_cast<size_t>(i) * in.padded, in.width,
                      z + (static_cast<size_t>(b) * in.length + t + i) * in.queryRow() + h * in.width);
      }
    }
  }
};

PALIMPSEST_KERNELS("PalimpsestJoin", Join);
PALIMPSEST_KERNELS("PalimpsestAttention", Attention);

}  // namespace palimpsest

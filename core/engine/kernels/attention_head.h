// Queries, keys and values of one attention call, as heads are cut out of the rows that linear layers give.
#pragma once
#include <algorithm>
#include <limits>

#include "gemm.h"
#include "operation.h"

namespace palimpsest {

#define PALIMPSEST_ATTENTION_ATTRIBUTES \
  Attr("T: {float, bfloat16}")           \
      .Attr("rows: int")                 \
      .Attr("heads: int")                \
      .Attr("key_heads: int")            \
      .SetShapeFn(anyShape)

class AttentionKernel : public OpKernel {
 public:
  explicit AttentionKernel(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("rows", &batch_));
    OP_REQUIRES_OK(context, context->GetAttr("heads", &heads_));
    OP_REQUIRES_OK(context, context->GetAttr("key_heads", &keyHeads_));
  }

 protected:
  // Fails the operation where an input is not queries, keys and values side by side, of heads of even width and equally many tokens.
  void expectJoined(OpKernelContext* context, int input) const {
    const Tensor& given = context->input(input);
    const int heads = heads_ + 2 * keyHeads_;
    const bool fits = given.dims() == 2 && heads_ > 0 && keyHeads_ > 0 && heads_ % keyHeads_ == 0 && batch_ > 0 &&
                      rowsOf(given) % batch_ == 0 && columnsOf(given) % (2 * heads) == 0;
    if (!fits) context->CtxFailure(absl::InvalidArgumentError("these are not queries, keys and values of equal heads"));
  }

  // The same for all inputs of an attention call from `first` on.
  void expectInputs(OpKernelContext* context, int first) const {
    expectJoined(context, first);
    if (!context->status().ok()) return;
    const Tensor& given = context->input(first);
    const int rows = rowsOf(given), length = rows / batch_, width = columnsOf(given) / (heads_ + 2 * keyHeads_);
    for (int table = 1; table < 3; table++) expectShape(context, first + table, TensorShape({rows, 1, width}));
    const bool shared = context->input(first + 3).dims() == 4 && rowsOf(context->input(first + 3)) == 1;
    expectShape(context, first + 3, TensorShape({shared ? 1 : batch_, 1, length, length}), true);
  }

  int batch_, heads_, keyHeads_;
};

// Queries that are scored at once.
constexpr int kQueries = 64;

// The inputs of an attention call: queries, keys and values side by side [N, (H + 2K) d_h], cosines and signed sines [N, 1, d_h], and
// what is hidden, [B or 1, 1, T, T] (or nothing). Queries see no later keys.
template <typename T>
struct AttentionInputs {
  int batch, length, heads, keyHeads, width, half, padded, row;
  const T* joined;
  const float *cosines, *sines, *bias;
  int biasRows;

  AttentionInputs(OpKernelContext* context, int first, int batch, int heads, int keyHeads)
      : batch(batch), heads(heads), keyHeads(keyHeads) {
    const Tensor& given = context->input(first);
    length = rowsOf(given) / batch;
    row = columnsOf(given);
    width = row / (heads + 2 * keyHeads);
    half = width / 2;
    padded = roundUp(width);
    joined = data<T>(context, first);
    cosines = data<float>(context, first + 1);
    sines = data<float>(context, first + 2);
    bias = optional(context, first + 3);
    biasRows = bias ? rowsOf(context->input(first + 3)) : 0;
  }

  int paddedLength() const { return roundUp(length); }
  int queryRow() const { return heads * width; }
  int keyRow() const { return keyHeads * width; }
  const T* queries(int b, int head) const { return at(b, head * width); }
  const T* keys(int b, int head) const { return at(b, queryRow() + head * width); }
  const T* values(int b, int head) const { return at(b, queryRow() + keyRow() + head * width); }
  const float* hiddenFrom(int b, int t) const {
    return bias ? bias + (static_cast<size_t>(biasRows == 1 ? 0 : b) * length + t) * length : nullptr;
  }

 private:
  const T* at(int b, int column) const { return joined + static_cast<size_t>(b) * length * row + column; }
};

// A head's T rows of d_h numbers, `row` apart, into rows of `padded` floats, the rest 0.
template <typename Inputs, typename T>
void plainHead(const Inputs& in, const T* head, int row, float* made) {
  for (int t = 0; t < in.length; t++) {
    float* out = made + static_cast<size_t>(t) * in.padded;
    sweep(in.width, [&](int i, auto read, auto write) { write(out + i, read(head + static_cast<size_t>(t) * row + i)); });
    std::fill(out + in.width, out + in.padded, 0.f);
  }
}

// The same turned by the tokens' positions and scaled (Su et al. 2021): x cos + swapped(x) sin.
template <typename Inputs, typename T>
void rotatedHead(const Inputs& in, int b, const T* head, float scale, float* made) {
  for (int t = 0; t < in.length; t++) {
    float* out = made + static_cast<size_t>(t) * in.padded;
    const size_t angle = (static_cast<size_t>(b) * in.length + t) * in.width;
    const float *cosine = in.cosines + angle, *sine = in.sines + angle;
    const int half = in.half;
    sweep(half, [&](int i, auto read, auto write) {
      const T* own = head + static_cast<size_t>(t) * in.row + i;
      const Vec first = read(own), second = read(own + half);
      write(out + i, (first * read(cosine + i) + second * read(sine + i)) * scale);
      write(out + half + i, (second * read(cosine + half + i) + first * read(sine + half + i)) * scale);
    });
    std::fill(out + in.width, out + in.padded, 0.f);
  }
}

// x [T, padded] -> [d_h, paddedLength], the columns beyond T 0.
template <typename Inputs>
void turnedHead(const Inputs& in, const float* x, float* made) {
  const int length = in.length, columns = in.paddedLength();
  for (int i = 0; i < in.width; i++) {
    float* out = made + static_cast<size_t>(i) * columns;
    for (int t = 0; t < length; t++) out[t] = x[static_cast<size_t>(t) * in.padded + i];
    std::fill(out + length, out + columns, 0.f);
  }
}

// Probabilities of one query over its first `seen` keys in place of its scores; 0 from there to `columns`.
inline void softmaxRow(float* scores, int seen, int columns, const float* hidden) {
  if (hidden) sweep(seen, [&](int i, auto read, auto write) { write(scores + i, read(scores + i) + read(hidden + i)); });
  const int whole = roundUp(seen);
  std::fill(scores + seen, scores + whole, -std::numeric_limits<float>::infinity());
  Vec most = load(scores);
  for (int i = kLanes; i < whole; i += kLanes) most = max(most, load(scores + i));
  const float top = largest(most);
  Vec total{};
  for (int i = 0; i < whole; i += kLanes) {
    const Vec e = exp(load(scores + i) - top);
    store(scores + i, e);
    total += e;
  }
  const float part = 1.f / sum(total);
  for (int i = 0; i < whole; i += kLanes) store(scores + i, load(scores + i) * part);
  std::fill(scores + whole, scores + columns, 0.f);
}

// Attention probabilities of `count` queries from `first` on, [count, paddedLength], up to column `columns`.
template <typename Inputs>
void probabilities(const Inputs& in, int b, int first, int count, const float* queries, const float* keysTurned,
                          float* made) {
  const int row = in.paddedLength(), columns = roundUp(first + count);
  const Strided own = {queries + static_cast<size_t>(first) * in.padded, in.padded, 1};
  product<false>(count, columns, in.width, own, keysTurned, row, made, row, Band::keysUpToRow, first);
  for (int i = 0; i < count; i++)
    softmaxRow(made + static_cast<size_t>(i) * row, first + i + 1, columns, in.hiddenFrom(b, first + i));
}

}  // namespace palimpsest

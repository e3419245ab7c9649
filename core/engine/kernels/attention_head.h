// Queries, keys and values of one attention call, as heads are cut out of the rows that linear layers give.
#pragma once
#include <algorithm>
#include <limits>

#include "gemm.h"
#include "operation.h"

namespace palimpsest {

// Queries that are scored at once.
constexpr int kQueries = 64;

// The inputs of an attention call: qkv [N, (H + 2K) d_h], what adapters add to queries, keys and values (or nothing), cosines and
// signed sines [N, 1, d_h], and what is hidden, [B or 1, 1, T, T] (or nothing). Queries see no later keys.
template <typename T>
struct AttentionInputs {
  using Joined = T;
  int batch, length, heads, keyHeads, width, half, padded, row;
  const T* qkv;
  const float *toQueries, *toKeys, *toValues, *cosines, *sines, *bias;
  int biasRows;

  AttentionInputs(OpKernelContext* context, int first, int batch, int heads, int keyHeads)
      : batch(batch), heads(heads), keyHeads(keyHeads) {
    const Tensor& given = context->input(first);
    length = rowsOf(given) / batch;
    row = columnsOf(given);
    width = row / (heads + 2 * keyHeads);
    half = width / 2;
    padded = roundUp(width);
    qkv = data<T>(context, first);
    toQueries = optional(context, first + 1);
    toKeys = optional(context, first + 2);
    toValues = optional(context, first + 3);
    cosines = data<float>(context, first + 4);
    sines = data<float>(context, first + 5);
    bias = optional(context, first + 6);
    biasRows = bias ? rowsOf(context->input(first + 6)) : 0;
  }

  int paddedLength() const { return roundUp(length); }
  int queryRow() const { return heads * width; }
  int keyRow() const { return keyHeads * width; }
  const float* hiddenFrom(int b, int t) const {
    return bias ? bias + (static_cast<size_t>(biasRows == 1 ? 0 : b) * length + t) * length : nullptr;
  }
};

// A head's columns: those in the joined rows, and those of what is added (or null).
template <typename T>
struct HeadColumns {
  const T* joined;
  const float* added;
  int joinedRow, addedRow;

  static HeadColumns query(const AttentionInputs<T>& in, int b, int head) {
    return at(in, b, head * in.width, in.toQueries, in.queryRow(), head * in.width);
  }
  static HeadColumns key(const AttentionInputs<T>& in, int b, int head) {
    return at(in, b, in.queryRow() + head * in.width, in.toKeys, in.keyRow(), head * in.width);
  }
  static HeadColumns value(const AttentionInputs<T>& in, int b, int head) {
    return at(in, b, in.queryRow() + in.keyRow() + head * in.width, in.toValues, in.keyRow(), head * in.width);
  }

  template <typename Read>
  Vec read(int t, int i, Read read) const {
    const Vec own = read(joined + static_cast<size_t>(t) * joinedRow + i);
    return added ? own + read(added + static_cast<size_t>(t) * addedRow + i) : own;
  }

 private:
  static HeadColumns at(const AttentionInputs<T>& in, int b, int column, const float* added, int addedRow, int addedColumn) {
    const size_t first = static_cast<size_t>(b) * in.length;
    return {in.qkv + first * in.row + column, added ? added + first * addedRow + addedColumn : nullptr, in.row, addedRow};
  }
};

// The head's values [T, d_h] into rows of `padded` floats, the rest 0.
template <typename Inputs, typename Columns>
void plainHead(const Inputs& in, const Columns& columns, float* made) {
  for (int t = 0; t < in.length; t++) {
    float* out = made + static_cast<size_t>(t) * in.padded;
    sweep(in.width, [&](int i, auto read, auto write) { write(out + i, columns.read(t, i, read)); });
    std::fill(out + in.width, out + in.padded, 0.f);
  }
}

// The same turned by the tokens' positions and scaled (Su et al. 2021): x cos + swapped(x) sin.
template <typename Inputs, typename Columns>
void rotatedHead(const Inputs& in, int b, const Columns& columns, float scale, float* made) {
  for (int t = 0; t < in.length; t++) {
    float* out = made + static_cast<size_t>(t) * in.padded;
    const size_t angle = (static_cast<size_t>(b) * in.length + t) * in.width;
    const float *cosine = in.cosines + angle, *sine = in.sines + angle;
    const int half = in.half;
    sweep(half, [&](int i, auto read, auto write) {
      const Vec first = columns.read(t, i, read), second = columns.read(t, i + half, read);
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

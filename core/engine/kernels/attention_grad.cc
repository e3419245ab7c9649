// The backward pass of attention: with P the probabilities made anew, dV = P^T dZ, dP = dZ V^T, dS = P (dP - rowsum(dP P)), dQ = dS K,
// dK = dS^T Q, and queries and keys turned back.
#include <cmath>

#include "attention_head.h"

namespace palimpsest {

// dz [N, H d_h] and the inputs of the forward pass -> the slope of `joined`, and those of queries, keys and values by themselves where
// they are wanted (bits 1, 2 and 4).
REGISTER_OP("PalimpsestAttentionGrad")
    .Input("dz: float")
    .Input("joined: T")
    .Input("cosines: float")
    .Input("sines: float")
    .Input("bias: float")
    .Output("slopes: T")
    .Output("of_queries: float")
    .Output("of_keys: float")
    .Output("of_values: float")
    .Attr("wanted: int")
    .PALIMPSEST_ATTENTION_ATTRIBUTES;

// Where the slopes of one head go: into the joined rows, and by themselves where `own` is not null.
template <typename T>
struct HeadSlopes {
  T* joined;
  float* own;
  int joinedRow, ownRow;

  void write(int t, int i, Vec v, int count) const {
    put(joined + static_cast<size_t>(t) * joinedRow + i, v, count);
    if (own) put(own + static_cast<size_t>(t) * ownRow + i, v, count);
  }

 private:
  template <typename P>
  static void put(P* p, Vec v, int count) {
    if (count == kLanes) {
      store(p, v);
    } else {
      store(p, v, count);
    }
  }
};

template <typename T>
class AttentionGrad : public AttentionKernel {
 public:
  using Inputs = AttentionInputs<T>;
  using Slopes = HeadSlopes<T>;

  explicit AttentionGrad(OpKernelConstruction* context) : AttentionKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("wanted", &wanted_));
  }

  void Compute(OpKernelContext* context) override {
    expectInputs(context, 1);
    if (!context->status().ok()) return;
    const Inputs in(context, 1, batch_, heads_, keyHeads_);
    expectShape(context, 0, TensorShape({in.batch * in.length, in.queryRow()}));
    if (!context->status().ok()) return;
    const float* dz = data<float>(context, 0);
    const int64_t rows = static_cast<int64_t>(in.batch) * in.length;
    const auto own = [&](int bit, int width) { return wanted_ & bit ? TensorShape({rows, width}) : TensorShape({0}); };
    const auto where = [&](int bit, float* made) { return wanted_ & bit ? made : nullptr; };
    T* slopes = output<T>(context, 0, TensorShape({rows, in.row}));
    float* ofQueries = output<float>(context, 1, own(1, in.queryRow()));
    float* ofKeys = output<float>(context, 2, own(2, in.keyRow()));
    float* ofValues = output<float>(context, 3, own(4, in.keyRow()));
    if (!context->status().ok()) return;
    const Outputs out = {slopes, where(1, ofQueries), where(2, ofKeys), where(4, ofValues)};
    const int group = heads_ / keyHeads_;
    const int64_t cycles = static_cast<int64_t>(group) * in.length * in.length * in.width / 3;
    parallel(context, in.batch * keyHeads_, cycles,
             [&](int unit) { runGroup(in, unit / keyHeads_, unit % keyHeads_, dz, out); });
  }

 private:
  int wanted_;

  struct Outputs {
    T* slopes;
    float *ofQueries, *ofKeys, *ofValues;
  };

  static Slopes slopesAt(const Inputs& in, int b, T* slopes, int column, float* own, int ownRow, int ownColumn) {
    const size_t first = static_cast<size_t>(b) * in.length;
    return {slopes + first * in.row + column, own ? own + first * ownRow + ownColumn : nullptr, in.row, ownRow};
  }

  // All query heads of row b that share one key head.
  static void runGroup(const Inputs& in, int b, int shared, const float* dz, const Outputs& out) {
    const int group = in.heads / in.keyHeads, length = in.length, row = in.paddedLength(), padded = in.padded;
    const size_t rows = static_cast<size_t>(length) * padded, turned = static_cast<size_t>(in.width) * row;
    const size_t block = static_cast<size_t>(kQueries) * row;
    float* keys = scratch(6 * rows + 2 * turned + 2 * block + kQueries * static_cast<size_t>(padded));
    float *values = keys + rows, *queries = values + rows, *given = queries + rows;
    float *dKeys = given + rows, *dValues = dKeys + rows, *keysTurned = dValues + rows, *valuesTurned = keysTurned + turned;
    float *weights = valuesTurned + turned, *dScores = weights + block, *dQueries = dScores + block;
    const float scale = 1.f / std::sqrt(static_cast<float>(in.width));
    rotatedHead(in, b, in.keys(b, shared), 1.f, keys);
    plainHead(in, in.values(b, shared), in.row, values);
    turnedHead(in, keys, keysTurned);
    turnedHead(in, values, valuesTurned);
    std::fill(dKeys, dKeys + 2 * rows, 0.f);
    for (int head = shared * group; head < (shared + 1) * group; head++) {
      rotatedHead(in, b, in.queries(b, head), scale, queries);
      const float* dzOfHead = dz + static_cast<size_t>(b) * length * in.queryRow() + head * in.width;
      plainHead(in, dzOfHead, in.queryRow(), given);
      const Slopes ofHead =
          slopesAt(in, b, out.slopes, head * in.width, out.ofQueries, in.queryRow(), head * in.width);
      for (int t = 0; t < length; t += kQueries) {
        const int some = std::min(kQueries, length - t), seen = t + some, columns = roundUp(seen);
        const float* givenHere = given + static_cast<size_t>(t) * padded;
        probabilities(in, b, t, some, queries, keysTurned, weights);
        product<true>(seen, padded, some, {weights, 1, row}, givenHere, padded, dValues, padded, Band::sumFromRow, t);
        product<false>(some, columns, in.width, {givenHere, padded, 1}, valuesTurned, row, dScores, row, Band::keysUpToRow, t);
        for (int i = 0; i < some; i++) scoreSlopes(weights + static_cast<size_t>(i) * row, dScores + static_cast<size_t>(i) * row,
                                                   roundUp(t + i + 1), columns);
        product<false>(some, padded, seen, {dScores, row, 1}, keys, padded, dQueries, padded, Band::sumUpToRow, t);
        product<true>(seen, padded, some, {dScores, 1, row}, queries + static_cast<size_t>(t) * padded, padded, dKeys, padded,
                      Band::sumFromRow, t);
        turnedBack(in, b, t, some, dQueries, scale, ofHead);
      }
    }
    const int keyColumn = in.queryRow() + shared * in.width, own = shared * in.width;
    turnedBack(in, b, 0, length, dKeys, 1.f, slopesAt(in, b, out.slopes, keyColumn, out.ofKeys, in.keyRow(), own));
    const Slopes ofValues = slopesAt(in, b, out.slopes, keyColumn + in.keyRow(), out.ofValues, in.keyRow(), own);
    for (int t = 0; t < length; t++)
      for (int i = 0; i < in.width; i += kLanes)
        ofValues.write(t, i, load(dValues + static_cast<size_t>(t) * padded + i), std::min(kLanes, in.width - i));
  }

  // dP in `slopes` becomes dS; 0 from `seen` to `columns`.
  static void scoreSlopes(const float* weights, float* slopes, int seen, int columns) {
    Vec along{};
    for (int i = 0; i < seen; i += kLanes) along += load(weights + i) * load(slopes + i);
    const float mean = sum(along);
    for (int i = 0; i < seen; i += kLanes) store(slopes + i, load(weights + i) * (load(slopes + i) - mean));
    std::fill(slopes + seen, slopes + columns, 0.f);
  }

  // The gradient of `rotatedHead` for `count` tokens from `first` on.
  static void turnedBack(const Inputs& in, int b, int first, int count, const float* slopes, float scale,
                         const Slopes& out) {
    const int half = in.half;
    for (int t = 0; t < count; t++) {
      const float* dy = slopes + static_cast<size_t>(t) * in.padded;
      const size_t angle = (static_cast<size_t>(b) * in.length + first + t) * in.width;
      const float *cosine = in.cosines + angle, *sine = in.sines + angle;
      for (int i = 0; i < half; i += kLanes) {
        const int some = std::min(kLanes, half - i);
        auto read = [some](const float* p) { return some == kLanes ? load(p) : load(p, some); };
        const Vec upper = read(dy + i), lower = read(dy + half + i);
        const Vec toUpper = upper * read(cosine + i) + lower * read(sine + half + i);
        const Vec toLower = lower * read(cosine + half + i) + upper * read(sine + i);
        out.write(first + t, i, toUpper * scale, some);
        out.write(first + t, half + i, toLower * scale, some);
      }
    }
  }
};

PALIMPSEST_KERNELS("PalimpsestAttentionGrad", AttentionGrad);

}  // namespace palimpsest

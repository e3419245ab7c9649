// Products of the small matrices inside an attention head: C = A B, row-major, a few rows and vectors of C in registers at once.
#pragma once
#include <algorithm>

#include "simd.h"

namespace palimpsest {

// Elements at i rows + k steps; a transposed matrix has its strides exchanged.
struct Strided {
  const float* at;
  int rows, steps;
};

// Which products are left out, where queries see no later keys; `ahead` is how many keys lie before the first query.
enum class Band {
  whole,
  keysUpToRow,  // C[i, j] is wanted for j <= i + ahead only
  sumUpToRow,   // A[i, k] is 0 for k > i + ahead
  sumFromRow,   // A[i, k] is 0 for k < i - ahead
};

#if defined(__AVX512F__)
constexpr int kTileRows = 6, kTileVectors = 4;
#else
constexpr int kTileRows = 4, kTileVectors = 2;
#endif

template <int rows, int vectors, bool adds>
inline void tile(Strided a, const float* b, int bRow, float* c, int cRow, int from, int to) {
  Vec sums[rows][vectors];
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < vectors; v++) sums[i][v] = adds ? load(c + i * cRow + v * kLanes) : Vec{};
  for (int k = from; k < to; k++) {
    Vec line[vectors];
    for (int v = 0; v < vectors; v++) line[v] = load(b + static_cast<size_t>(k) * bRow + v * kLanes);
    for (int i = 0; i < rows; i++) {
      const float factor = a.at[static_cast<size_t>(i) * a.rows + static_cast<size_t>(k) * a.steps];
      for (int v = 0; v < vectors; v++) sums[i][v] += factor * line[v];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < vectors; v++) store(c + i * cRow + v * kLanes, sums[i][v]);
}

template <int rows, bool adds>
inline void tileOf(int vectors, Strided a, const float* b, int bRow, float* c, int cRow, int from, int to) {
  switch (vectors) {
    case 1: return tile<rows, 1, adds>(a, b, bRow, c, cRow, from, to);
    case 2: return tile<rows, 2, adds>(a, b, bRow, c, cRow, from, to);
#if defined(__AVX512F__)
    case 3: return tile<rows, 3, adds>(a, b, bRow, c, cRow, from, to);
    case 4: return tile<rows, 4, adds>(a, b, bRow, c, cRow, from, to);
#endif
  }
}

// C [m, n] = A [m, k] B [k, n], or C += where `adds`; n is a multiple of kLanes, rows of B and C are bRow and cRow apart.
template <bool adds>
inline void product(int m, int n, int k, Strided a, const float* b, int bRow, float* c, int cRow, Band band = Band::whole,
                    int ahead = 0) {
  const int step = kTileVectors * kLanes;
  for (int i = 0; i < m; i += kTileRows) {
    const int some = std::min(kTileRows, m - i), last = i + some - 1 + ahead;
    const int columns = band == Band::keysUpToRow ? std::min(n, roundUp(last + 1)) : n;
    const int from = band == Band::sumFromRow ? std::min(k, std::max(0, i - ahead)) : 0;
    const int to = band == Band::sumUpToRow ? std::min(k, last + 1) : k;
    const Strided own = {a.at + static_cast<size_t>(i) * a.rows, a.rows, a.steps};
    for (int j = 0; j < columns; j += step) {
      const int vectors = std::min(kTileVectors, (columns - j) / kLanes);
      float* target = c + static_cast<size_t>(i) * cRow + j;
      if (some == kTileRows) {
        tileOf<kTileRows, adds>(vectors, own, b + j, bRow, target, cRow, from, to);
      } else {
        for (int row = 0; row < some; row++) {
          const Strided single = {own.at + static_cast<size_t>(row) * a.rows, a.rows, a.steps};
          tileOf<1, adds>(vectors, single, b + j, bRow, target + static_cast<size_t>(row) * cRow, cRow, from, to);
        }
      }
    }
  }
}

}  // namespace palimpsest

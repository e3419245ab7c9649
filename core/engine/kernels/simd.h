// Vectors of float as wide as the machine that this is compiled for, by the compiler's vector extension.
#pragma once
#include <cstdint>
#include <cstring>

#include "tensorflow/core/framework/bfloat16.h"

namespace palimpsest {

using bf16 = tensorflow::bfloat16;

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t Ints __attribute__((vector_size(kLanes * 4)));
typedef uint32_t Bits __attribute__((vector_size(kLanes * 4)));
typedef uint16_t Halves __attribute__((vector_size(kLanes * 2)));

inline constexpr int roundUp(int n) { return (n + kLanes - 1) / kLanes * kLanes; }

inline Vec broadcast(float x) { return x - Vec{}; }

inline Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void store(float* p, Vec v) { std::memcpy(p, &v, sizeof v); }

inline Vec load(const bf16* p) {
  Halves half;
  std::memcpy(&half, p, sizeof half);
  const Bits bits = __builtin_convertvector(half, Bits) << 16;
  return (Vec)bits;
}

// Rounds to the nearest bfloat16, ties to even; not-a-number stays so.
inline void store(bf16* p, Vec v) {
  const Bits bits = (Bits)v;
  Bits rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const Ints nan = v != v;
  rounded = (rounded & ~(Bits)nan) | ((Bits)nan & 0x7fc0u);
  const Halves half = __builtin_convertvector(rounded, Halves);
  std::memcpy(p, &half, sizeof half);
}

// The first n < kLanes of a vector's elements; the others are 0.
template <typename T>
inline Vec load(const T* p, int n) {
  T part[kLanes] = {};
  std::memcpy(part, p, n * sizeof(T));
  return load(part);
}

template <typename T>
inline void store(T* p, Vec v, int n) {
  T part[kLanes];
  store(part, v);
  std::memcpy(p, part, n * sizeof(T));
}

// Calls f(i, reader, writer) over 0..n in vectors, the last one in part where n is no multiple of kLanes.
template <typename F>
inline void sweep(int n, F f) {
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    f(i, [](const auto* p) { return load(p); }, [](auto* p, Vec v) { store(p, v); });
  }
  const int rest = n - i;
  if (rest > 0) f(i, [rest](const auto* p) { return load(p, rest); }, [rest](auto* p, Vec v) { store(p, v, rest); });
}

inline float sum(Vec v) {
  float part[kLanes];
  store(part, v);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) part[i] += part[i + half];
  return part[0];
}

inline float largest(Vec v) {
  float found = v[0];
  for (int i = 1; i < kLanes; i++) found = v[i] > found ? v[i] : found;
  return found;
}

inline Vec max(Vec a, Vec b) { return a > b ? a : b; }

// e^x to about one unit in the last place (Cody and Waite's reduction, a polynomial of degree 6); 0 below -87, and e^88 above 88.
inline Vec exp(Vec x) {
  const Vec magic = broadcast(12582912.f);
  const Ints tiny = x < -87.f;
  const Vec lowest = broadcast(-87.f), highest = broadcast(88.f);
  Vec y = x < lowest ? lowest : x;
  y = y > highest ? highest : y;
  const Vec shifted = y * 1.44269504088896341f + magic;
  const Vec n = shifted - magic;
  const Vec r = (y - n * 0.693359375f) + n * 2.12194440e-4f;
  Vec p = 1.9875691500e-4f * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.f;
  const Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
  const Vec result = p * (Vec)exponent;
  return tiny ? Vec{} : (x == x ? result : x);
}

inline Vec sigmoid(Vec x) { return 1.f / (1.f + exp(-x)); }

}  // namespace palimpsest

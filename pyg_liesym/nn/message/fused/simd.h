// Vectors as wide as the registers, by the vector types of GCC and Clang, and the functions of an edge on them.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#if defined(__SSE__)
#include <immintrin.h>
#endif

namespace liesym {

#if defined(__AVX512F__)
constexpr int kBytes = 64, kRegisters = 32;
#elif defined(__AVX__)
constexpr int kBytes = 32, kRegisters = 16;
#elif defined(__aarch64__)
constexpr int kBytes = 16, kRegisters = 32;
#else
constexpr int kBytes = 16, kRegisters = 16;
#endif

// Whether a product and a sum are rounded once.
#if defined(__FMA__) || defined(__aarch64__)
constexpr bool kFused = true;
#else
constexpr bool kFused = false;
#endif

// `exp`: coefficients of exp(-r) for |r| <= ln(2) / 2, from the constant one: the series, or in single precision the
// polynomial of least relative error (2e-9).
template <class T> struct Lanes;
template <> struct Lanes<float> {
  typedef float Vec __attribute__((vector_size(kBytes)));
  typedef float Loose __attribute__((vector_size(kBytes), aligned(4), may_alias));
  typedef int32_t Int __attribute__((vector_size(kBytes)));
  static constexpr float hi = 87.0f, lo = -88.0f, shift = 12582912.0f + 127;  // 1.5 * 2^23, and the bias
  static constexpr float ln2_hi = 0.693359375f, ln2_lo = -2.12194440e-4f;
  static constexpr int mantissa = 23, log_terms = 5;
  static constexpr float exp[] = {1.0f, -1.0000000364f, 0.49999992056f, -0.16666419681f, 0.041668228757f,
                                  -0.0083748570513f, 0.0013836789899f};
};
template <> struct Lanes<double> {
  typedef double Vec __attribute__((vector_size(kBytes)));
  typedef double Loose __attribute__((vector_size(kBytes), aligned(8), may_alias));
  typedef int64_t Int __attribute__((vector_size(kBytes)));
  static constexpr double hi = 708.0, lo = -709.0, shift = 6755399441055744.0 + 1023;  // 1.5 * 2^52, and the bias
  static constexpr double ln2_hi = 6.93145751953125e-1, ln2_lo = 1.42860682030941723212e-6;
  static constexpr int mantissa = 52, log_terms = 11;
  static constexpr double exp[] = {1.0, -1.0, 1.0 / 2, -1.0 / 6, 1.0 / 24, -1.0 / 120, 1.0 / 720, -1.0 / 5040,
                                   1.0 / 40320, -1.0 / 362880, 1.0 / 3628800, -1.0 / 39916800, 1.0 / 479001600,
                                   -1.0 / 6227020800.0};
};

template <class T> using Vec = typename Lanes<T>::Vec;
template <class T> constexpr int kWidth = kBytes / int(sizeof(T));

template <class T> inline Vec<T> load(const T* p) { return *reinterpret_cast<const typename Lanes<T>::Loose*>(p); }
template <class T> inline void store(T* p, Vec<T> v) { *reinterpret_cast<typename Lanes<T>::Loose*>(p) = v; }
template <class T> inline Vec<T> splat(T x) { return x - Vec<T>{}; }

// Keep a vector in its register: what comes from memory would be read again at each use, as an operand of the
// instruction, and loads become what a product waits for.
template <class V> inline void in_register(V& v) {
#if defined(__AVX512F__)
  asm("" : "+v"(v));
#elif defined(__FMA__)
  asm("" : "+x"(v));
#endif
}

// Sum of the lanes, by halves.
template <class T> inline T total_by_halves(Vec<T> v) {
  T sum[kWidth<T>];
  std::memcpy(sum, &v, sizeof v);
  for (int half = kWidth<T> / 2; half; half /= 2)
    for (int i = 0; i < half; ++i) sum[i] += sum[i + half];
  return sum[0];
}
#if defined(__AVX512F__)
inline float total(Vec<float> v) { return _mm512_reduce_add_ps((__m512)v); }
inline double total(Vec<double> v) { return _mm512_reduce_add_pd((__m512d)v); }
#elif defined(__AVX__)
inline float total(Vec<float> v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}
inline double total(Vec<double> v) { return total_by_halves<double>(v); }
#else
inline float total(Vec<float> v) { return total_by_halves<float>(v); }
inline double total(Vec<double> v) { return total_by_halves<double>(v); }
#endif

// 2^k of k + shift, whose last bits are its exponent.
template <class T> inline Vec<T> power(Vec<T> shifted) {
  typename Lanes<T>::Int bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = bits << Lanes<T>::mantissa;
  Vec<T> scale;
  std::memcpy(&scale, &bits, sizeof bits);
  return scale;
}

// Some vectors side by side: while one waits for its last step, the processor works on the others.
template <class T, int N> struct Beside {
  Vec<T> of[N];
};
template <class T, int N, class F> inline Beside<T, N> beside(F f) {
  Beside<T, N> all;
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) all.of[i] = f(i);
  return all;
}

template <class T, int N, int Terms> inline Beside<T, N> polynomial(const T (&terms)[Terms], const Beside<T, N>& x) {
  Beside<T, N> y = beside<T, N>([&](int) { return splat(terms[Terms - 1]); });
#pragma GCC unroll 16
  for (int k = Terms - 2; k >= 0; --k) y = beside<T, N>([&](int i) { return y.of[i] * x.of[i] + terms[k]; });
  return y;
}

// What is out of range is cut off, NaN passes.
template <class T> inline Vec<T> cut(Vec<T> x) {
  x = x > Lanes<T>::hi ? splat(Lanes<T>::hi) : x;
  return x < Lanes<T>::lo ? splat(Lanes<T>::lo) : x;
}
#if defined(__AVX__) && !defined(__AVX512F__)
template <> inline Vec<float> cut<float>(Vec<float> x) {
  using L = Lanes<float>;
  x = (Vec<float>)_mm256_min_ps((__m256)splat(L::hi), (__m256)x);
  return (Vec<float>)_mm256_max_ps((__m256)splat(L::lo), (__m256)x);
}
#endif

// exp(-x) = 2^k exp(-r), r = x + k ln(2).
template <class T, int N> inline Beside<T, N> decay(Beside<T, N> x) {
  using L = Lanes<T>;
  constexpr T turn = T(-1.4426950408889634074), ln2 = T(0.69314718055994530942);
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    x = beside<T, N>([&](int i) { return (Vec<T>)_mm512_max_ps((__m512)splat(L::lo), (__m512)x.of[i]); });
    const auto k = beside<T, N>([&](int i) { return (Vec<T>)_mm512_roundscale_ps((__m512)(x.of[i] * turn), 8); });
    const auto y = polynomial(L::exp, beside<T, N>([&](int i) { return x.of[i] + k.of[i] * ln2; }));
    return beside<T, N>([&](int i) { return (Vec<T>)_mm512_scalef_ps((__m512)y.of[i], (__m512)k.of[i]); });
  }
#endif
  x = beside<T, N>([&](int i) { return cut<T>(x.of[i]); });
  const auto shifted = beside<T, N>([&](int i) { return x.of[i] * turn + L::shift; });
  const auto r = beside<T, N>([&](int i) {
    const Vec<T> k = shifted.of[i] - L::shift;
    return kFused && sizeof(T) == 4 ? x.of[i] + k * ln2 : (x.of[i] + k * L::ln2_hi) + k * L::ln2_lo;
  });
  const auto y = polynomial(L::exp, r);
  return beside<T, N>([&](int i) { return y.of[i] * power<T>(shifted.of[i]); });
}

inline Vec<double> reciprocal(Vec<double> d) { return 1.0 / d; }
inline Vec<float> reciprocal(Vec<float> d) {
#if defined(__AVX512F__)
  Vec<float> y = (Vec<float>)_mm512_rcp14_ps((__m512)d);
  return y * (2.0f - d * y);
#elif defined(__AVX__)
  Vec<float> y = (Vec<float>)_mm256_rcp_ps((__m256)d);
  return y * (2.0f - d * y);
#else
  return 1.0f / d;
#endif
}

template <class T, int N> inline Beside<T, N> sigmoid(const Beside<T, N>& z) {
  const auto e = decay(z);
  return beside<T, N>([&](int i) { return reciprocal(T(1) + e.of[i]); });
}
template <class T> inline Vec<T> sigmoid(Vec<T> z) { return sigmoid(Beside<T, 1>{{z}}).of[0]; }

// log(1 + |x|) with the sign of x: log y = e log 2 + 2 artanh((f - 1) / (f + 1)), y = 2^e f, and what y lost of x.
template <class T> inline Vec<T> signed_log(Vec<T> x) {
  using L = Lanes<T>;
  using I = typename L::Int;
  const I one = I{} + 1;
  I sign, bits;
  std::memcpy(&sign, &x, sizeof sign);
  sign &= one << (L::mantissa + (sizeof(T) == 4 ? 8 : 11));
  Vec<T> a = x < T(0) ? -x : x;
  Vec<T> y = T(1) + a;
  Vec<T> lost = (a - (y - T(1))) * reciprocal(y);
  std::memcpy(&bits, &y, sizeof bits);
  const T root = T(0.70710678118654752440);
  I offset, root_bits;
  Vec<T> roots = splat(root);
  std::memcpy(&root_bits, &roots, sizeof roots);
  offset = bits - root_bits;
  I e = offset >> L::mantissa;
  bits = bits - (e << L::mantissa);
  Vec<T> f;
  std::memcpy(&f, &bits, sizeof f);
  Vec<T> s = (f - T(1)) * reciprocal(f + T(1)), s2 = s * s;
  Vec<T> sum = splat(T(1) / T(2 * L::log_terms - 1));
#pragma GCC unroll 16
  for (int i = L::log_terms - 2; i >= 0; --i) sum = sum * s2 + T(1) / T(2 * i + 1);
  Vec<T> exponent = __builtin_convertvector(e, Vec<T>);
  Vec<T> result = exponent * L::ln2_hi + (exponent * L::ln2_lo + (lost + T(2) * s * sum));
  result = y < std::numeric_limits<T>::infinity() ? result : y;
  std::memcpy(&bits, &result, sizeof bits);
  bits |= sign;
  std::memcpy(&result, &bits, sizeof bits);
  return result;
}

// Tiny numbers count as zero while this lives: they cost a hundred times as much.
class FlushDenormals {
 public:
#if defined(__SSE__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | (uint64_t(1) << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

 private:
  uint64_t before_;
#else
  FlushDenormals() {}
#endif
};

}  // namespace liesym

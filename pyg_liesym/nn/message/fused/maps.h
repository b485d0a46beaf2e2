// The maps of an edge behind the first one, for a block of edges: forward, and their gradients.
#pragma once
#include "edges.h"
#include "memory.h"
#include "operands.h"
#include "products.h"

namespace liesym {

// The weights, filled up to whole vectors, as they are and transposed.
template <class T> struct Weights {
  explicit Weights(const Operands<T>& op)
      : h(op.channels), w2(Rows<T>::copy(op.w2, h, h)), w2_t(Rows<T>::copy(op.w2, h, h, true)),
        w3(Rows<T>::copy(op.w3, h, h)), w3_t(Rows<T>::copy(op.w3, h, h, true)),
        w4(Rows<T>::copy(op.w4, op.moves, h)), w4_t(Rows<T>::copy(op.w4, op.moves, h, true)),
        b2(Rows<T>::copy(op.b2, 1, h)), b3(Rows<T>::copy(op.b3, 1, h)), b4(Rows<T>::copy(op.b4, 1, op.moves)),
        wg(Rows<T>::copy(op.wg, 1, h)), bg(op.bg ? *op.bg : T(0)) {}
  int64_t h;
  Rows<T> w2, w2_t, w3, w3_t, w4, w4_t, b2, b3, b4, wg;
  T bg;
};

// Their gradients, as far as a thread has come.
template <class T> struct WeightGrads {
  explicit WeightGrads(const Operands<T>& op)
      : w2(op.channels, padded<T>(op.channels)), w3(op.w3 ? op.channels : 0, w2.width()),
        w4(op.w4 ? op.moves : 0, w2.width()), b2(1, w2.width()), b3(1, w2.width()), b4(1, padded<T>(op.moves)),
        wg(1, w2.width()) {}
  Rows<T> w2, w3, w4, b2, b3, b4, wg;
  T bg = 0;
};

// a[e] . b[e] for rows of a block, b one row for all where its step is 0.
template <class T> inline T dot(const T* a, const T* b, int64_t width) {
  Vec<T> sum{};
  for (int64_t c = 0; c < width; c += kWidth<T>) sum += load(a + c) * load(b + c);
  return total(sum);
}

// out[e] = rows[e] . b + start, four rows at a time.
template <class T> inline void dots(T* out, const T* rows, const T* b, int count, int64_t width, T start = 0) {
  int e = 0;
  for (; e + 4 <= count; e += 4, rows += 4 * width) {
    Vec<T> sum[4] = {};
    for (int64_t c = 0; c < width; c += kWidth<T>) {
      const Vec<T> right = load(b + c);
      for (int i = 0; i < 4; ++i) sum[i] += load(rows + i * width + c) * right;
    }
    for (int i = 0; i < 4; ++i) out[e + i] = total(sum[i]) + start;
  }
  for (; e < count; ++e, rows += width) out[e] = dot(rows, b, width) + start;
}

// out += sum over rows of weight[e] * values[e], without a chain of additions through memory.
template <class T>
inline void add_weighted(T* out, const T* weight, const T* values, int64_t count, int64_t width) {
  for (int64_t c = 0; c < width; c += kWidth<T>) {
    Vec<T> sum[4] = {load(out + c), {}, {}, {}};
    const T* row = values + c;
    int64_t e = 0;
    for (; e + 4 <= count; e += 4, row += 4 * width)
      for (int i = 0; i < 4; ++i) sum[i] += splat(weight[e + i]) * load(row + i * width);
    for (; e < count; ++e, row += width) sum[0] += splat(weight[e]) * load(row);
    store(out + c, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}
template <class T> inline void add_rows(T* out, const T* values, int64_t count, int64_t width) {
  for (int64_t c = 0; c < width; c += kWidth<T>) {
    Vec<T> sum[4] = {load(out + c), {}, {}, {}};
    const T* row = values + c;
    int64_t e = 0;
    for (; e + 4 <= count; e += 4, row += 4 * width)
      for (int i = 0; i < 4; ++i) sum[i] += load(row + i * width);
    for (; e < count; ++e, row += width) sum[0] += load(row);
    store(out + c, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}

// Values of a block's edges, row by row: after each activation, the derivatives at it, and a gradient.
template <class T> class Maps {
 public:
  Maps(const Operands<T>& op, const Weights<T>& weights, int most, bool backward)
      : op_(op), w_(weights), h_(op.channels), hp_(padded<T>(h_)), mp_(padded<T>(op.moves)), most_(most),
        u(most, hp_), m(most, hp_), p(op.w3 ? most : 0, hp_), grad(backward ? most : 0, hp_),
        d1(backward ? most : 0, hp_), d2(backward ? most : 0, hp_), d3(backward && op.w3 ? most : 0, hp_),
        gate(1, padded<T>(most)), logit_grad(1, padded<T>(most)), scaled(1, padded<T>(most)),
        move(op.moves > 1 ? most : 1, op.moves > 1 ? mp_ : padded<T>(most)),
        move_grad(op.moves > 1 ? most : 1, op.moves > 1 ? mp_ : padded<T>(most)) {}

  // From z, which lies in u, to the message m, its gate and the moves. With derivatives for a pass backward.
  template <bool Backward> void forward(int count) {
    activate<Backward>(u[0], d1[0], count * hp_);
    product<T>(count, hp_, h_, u[0], hp_, 1, w_.w2_t[0], hp_, m[0], hp_, {w_.b2[0], 0});
    activate<Backward>(m[0], d2[0], count * hp_);
    gates(count);
    if (!op_.w4) return;
    const T* seen = m[0];
    if (op_.w3) {
      hidden(count);
      activate<Backward>(p[0], d3[0], count * hp_);
      seen = p[0];
    }
    last(seen, count);
  }

  // From the gradients of the sums at each edge's target, and of the moves, to that of z, which lies in grad then.
  void backward(int count, const T* grad_out, const Block& block, WeightGrads<T>& to) {
    if (op_.w4 && op_.b4) add_move_bias(count, to);
    if (op_.w4 && op_.w3) through_hidden(count, to);
    if (op_.gated && op_.w4) behind_gate(count, grad_out, block, to);
    else before_gate(count, grad_out, block, to);
    multiply(grad[0], d2[0], count * hp_);
    add_outer(to.w2, grad[0], u[0], count);
    add_rows(to.b2[0], grad[0], count, hp_);
    product<T>(count, hp_, h_, grad[0], hp_, 1, w_.w2[0], hp_, d2[0], hp_);
    multiply(d1[0], d2[0], count * hp_);
    std::swap(grad, d1);
  }

 private:
  const Operands<T>& op_;
  const Weights<T>& w_;
  int64_t h_, hp_, mp_;
  int most_;

 public:
  Rows<T> u, m, p, grad, d1, d2, d3, gate, logit_grad, scaled, move, move_grad;

 private:
  template <bool Backward> void activate(T* z, T* slope, int64_t size) {
    if (op_.relu) {
      for (int64_t i = 0; i < size; i += kWidth<T>) {
        const Vec<T> x = load(z + i);
        if (Backward) store(slope + i, x > T(0) ? splat(T(1)) : Vec<T>{});
        store(z + i, x < T(0) ? Vec<T>{} : x);
      }
      return;
    }
    constexpr int N = 4;
    int64_t i = 0;
    for (; i + N * kWidth<T> <= size; i += N * kWidth<T>) silu<Backward, N>(z + i, slope + i);
    for (; i < size; i += kWidth<T>) silu<Backward, 1>(z + i, slope + i);
  }

  template <bool Backward, int N> static void silu(T* z, T* slope) {
    const auto x = beside<T, N>([&](int i) { return load(z + i * kWidth<T>); });
    const auto s = sigmoid(x);
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) {
      const Vec<T> y = x.of[i] * s.of[i];
      if (Backward) store(slope + i * kWidth<T>, s.of[i] + y * (T(1) - s.of[i]));
      store(z + i * kWidth<T>, y);
    }
  }

  static void multiply(T* values, const T* factors, int64_t size) {
    for (int64_t i = 0; i < size; i += kWidth<T>) store(values + i, load(values + i) * load(factors + i));
  }

  void gates(int count) {
    T* out = gate[0];
    if (!op_.wg) {
      for (int e = 0; e < count; ++e) out[e] = T(1);
      return;
    }
    dots(out, m[0], w_.wg[0], count, hp_, w_.bg);
    for (int e = 0; e < count; e += kWidth<T>) store(out + e, sigmoid<T>(load(out + e)));
  }

  // W3 of the message, or of what is behind its gate.
  void hidden(int count) {
    if (!op_.gated) {
      product<T>(count, hp_, h_, m[0], hp_, 1, w_.w3_t[0], hp_, p[0], hp_, {w_.b3[0], 0});
      return;
    }
    product<T>(count, hp_, h_, m[0], hp_, 1, w_.w3_t[0], hp_, p[0], hp_);
    for (int e = 0; e < count; ++e) {
      const Vec<T> g = splat(gate[0][e]);
      for (int64_t c = 0; c < hp_; c += kWidth<T>) store(p[e] + c, load(p[e] + c) * g + load(w_.b3[0] + c));
    }
  }

  bool gated_after() const { return op_.gated && !op_.w3; }

  void last(const T* seen, int count) {
    const T* g = gate[0];
    if (op_.moves == 1) {
      dots(move[0], seen, w_.w4[0], count, hp_);
      const T start = op_.b4 ? w_.b4[0][0] : T(0);
      for (int e = 0; e < count; ++e) move[0][e] = (gated_after() ? move[0][e] * g[e] : move[0][e]) + start;
      return;
    }
    product<T>(count, mp_, h_, seen, hp_, 1, w_.w4_t[0], mp_, move[0], mp_);
    for (int e = 0; e < count; ++e)
      for (int64_t c = 0; c < mp_; c += kWidth<T>) {
        Vec<T> value = load(move[e] + c);
        if (gated_after()) value *= splat(g[e]);
        store(move[e] + c, op_.b4 ? value + load(w_.b4[0] + c) : value);
      }
  }

  void add_move_bias(int count, WeightGrads<T>& to) {
    if (op_.moves == 1) {
      for (int e = 0; e < count; ++e) to.b4[0][0] += move_grad[0][e];
    } else {
      add_rows(to.b4[0], move_grad[0], count, mp_);
    }
  }

  // to += left^T right, the sum of the outer products of rows.
  void add_outer(Rows<T>& to, const T* left, const T* right, int count) {
    add_product<T>(h_, hp_, count, left, 1, hp_, right, hp_, to[0], hp_);
  }

  // Gradient of the last map's weights, which saw `values`.
  void add_last(WeightGrads<T>& to, const T* grads, const T* values, int count) {
    if (op_.moves == 1) add_weighted(to.w4[0], grads, values, count, hp_);
    else add_product<T>(op_.moves, hp_, count, grads, 1, mp_, values, hp_, to.w4[0], hp_);
  }

  // The gradient of what the last map sees, written or added.
  template <bool Add> void last_input(T* out, int count) {
    if (op_.moves > 1) {
      const Start<T> start{Add ? out : nullptr, hp_};
      product<T>(count, hp_, op_.moves, move_grad[0], mp_, 1, w_.w4[0], hp_, out, hp_, start);
      return;
    }
    for (int e = 0; e < count; ++e) {
      const Vec<T> g = splat(move_grad[0][e]);
      T* row = out + e * hp_;
      for (int64_t c = 0; c < hp_; c += kWidth<T>) {
        const Vec<T> value = g * load(w_.w4[0] + c);
        store(row + c, Add ? load(row + c) + value : value);
      }
    }
  }

  // Into d3: the gradient before the activation of the moves' hidden layer.
  void through_hidden(int count, WeightGrads<T>& to) {
    add_last(to, move_grad[0], p[0], count);
    last_input<false>(grad[0], count);
    multiply(d3[0], grad[0], count * hp_);
    add_rows(to.b3[0], d3[0], count, hp_);
  }

  // The gradient of the gate before its sigmoid, from that behind it which lies in logit_grad.
  void through_gate(int count, WeightGrads<T>& to) {
    T* g = logit_grad[0];
    for (int e = 0; e < count; ++e) {
      g[e] *= gate[0][e] * (T(1) - gate[0][e]);
      to.bg += g[e];
    }
    add_weighted(to.wg[0], g, m[0], count, hp_);
  }

  void before_gate(int count, const T* grad_out, const Block& block, WeightGrads<T>& to) {
    if (op_.wg) {
      for (const Run& run : block.runs)
        dots(logit_grad[0] + run.first, m[run.first], grad_out + run.target * hp_, run.count, hp_);
      through_gate(count, to);
    }
    for (const Run& run : block.runs)
      for (int64_t c = 0; c < hp_; c += kWidth<T>) {
        const Vec<T> from = load(grad_out + run.target * hp_ + c), w = op_.wg ? load(w_.wg[0] + c) : Vec<T>{};
        for (int e = run.first; e < run.first + run.count; ++e)
          store(grad[e] + c, from * gate[0][e] + w * logit_grad[0][e]);
      }
    if (!op_.w4) return;
    if (!op_.w3) {
      add_last(to, move_grad[0], m[0], count);
      last_input<true>(grad[0], count);
      return;
    }
    add_outer(to.w3, d3[0], m[0], count);
    add_product<T>(count, hp_, h_, d3[0], hp_, 1, w_.w3[0], hp_, grad[0], hp_);
  }

  void behind_gate(int count, const T* grad_out, const Block& block, WeightGrads<T>& to) {
    const T* g = gate[0];
    if (op_.w3) {
      product<T>(count, hp_, h_, d3[0], hp_, 1, w_.w3[0], hp_, grad[0], hp_);
      for (int e = 0; e < count; ++e)
        for (int64_t c = 0; c < hp_; c += kWidth<T>) store(d3[e] + c, load(d3[e] + c) * g[e]);
      add_outer(to.w3, d3[0], m[0], count);
    } else {
      last_input<false>(grad[0], count);
      scale_moves(count);
      add_last(to, move_grad[0], m[0], count);
    }
    for (const Run& run : block.runs)
      for (int e = run.first; e < run.first + run.count; ++e) {
        const T* from = grad_out + run.target * hp_;
        for (int64_t c = 0; c < hp_; c += kWidth<T>) store(grad[e] + c, load(grad[e] + c) + load(from + c));
        logit_grad[0][e] = dot(grad[e], m[e], hp_);
      }
    if (op_.wg) through_gate(count, to);
    for (int e = 0; e < count; ++e)
      for (int64_t c = 0; c < hp_; c += kWidth<T>) {
        Vec<T> value = load(grad[e] + c) * g[e];
        if (op_.wg) value += load(w_.wg[0] + c) * logit_grad[0][e];
        store(grad[e] + c, value);
      }
  }

  void scale_moves(int count) {
    for (int e = 0; e < count; ++e) {
      if (op_.moves == 1) move_grad[0][e] *= gate[0][e];
      else
        for (int64_t c = 0; c < op_.moves; ++c) move_grad[e][c] *= gate[0][e];
    }
  }
};

}  // namespace liesym

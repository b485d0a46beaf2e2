// Scalars of pairs of vectors, the shifts along their differences, and the gradients of both.
#pragma once
#include "edges.h"
#include "memory.h"
#include "operands.h"

namespace liesym {

// Gradients of what scalars are made of, as far as a thread has come; component by component.
template <class T> struct PairGrads {
  explicit PairGrads(const Operands<T>& op)
      : pos(op.components, op.nodes), lowered(op.inner ? op.forms * op.components : 0, op.nodes),
        metric(op.forms, op.components * op.components) {}
  void add_to(const Operands<T>& op) const {
    pos.add_to(op.grad_pos, op.nodes), lowered.add_to(op.grad_lowered, op.nodes);
    metric.add_to(op.grad_metric, op.components * op.components);
  }
  Rows<T> pos, lowered, metric;
};

// Of a block: the sources' vectors and the differences [n][E], J of these [F n][E], scalars as they are and as they
// enter [K][E].
template <class T> class Pairs {
 public:
  using Grads = PairGrads<T>;

  Pairs(const Operands<T>& op, int most, bool backward)
      : op_(op), n_(op.components), own_(op.forms * (op.distance + op.inner)), width_(padded<T>(most)),
        vectors_(n_, width_), relative_(n_, width_), turned_(op.distance ? op.forms * n_ : 0, width_),
        raw_(own_, width_), relative_grad_(backward ? n_ : 0, width_), vectors_grad_(backward ? n_ : 0, width_),
        shift_(1, width_), entering(op.scalars, width_), grad(backward ? op.scalars : 0, width_) {}

  void forward(const Block& block) {
    for (int64_t c = 0; c < n_; ++c) {
      const T* x = op_.pos + c * op_.nodes;
      T *r = relative_[c], *v = vectors_[c];
      block.take(x, v);
      for (const Run& run : block.runs) {
        const T own = x[run.target];
        for (int e = run.first; e < run.first + run.count; ++e) r[e] = own - v[e];
      }
    }
    if (op_.distance)
      for (int64_t f = 0; f < op_.forms; ++f) distance(f, block.count);
    if (op_.inner)
      for (int64_t f = 0; f < op_.forms; ++f) inner(f, block);
    for (int64_t k = 0; k < own_; ++k) enter(raw_[k], entering[k], block.count);
    for (int64_t d = 0; d < op_.features; ++d)
      for (int e = 0; e < block.count; ++e)
        entering[own_ + d][e] = op_.edge_attr[(block.first + e) * op_.features + d];
  }

  // Add the shifts at their targets, [n][N].
  void add_shifts(const Block& block, const Rows<T>& moves, Rows<T>& out) {
    const T* move = moves[0];
    const T bound = T(op_.clamp);
    T* shift = shift_[0];
    for (int64_t c = 0; c < n_; ++c) {
      const T* r = relative_[c];
      for (int e = 0; e < block.count; ++e) shift[e] = r[e] * move[e];
      if (bound > 0)
        for (int e = 0; e < block.count; ++e)
          shift[e] = shift[e] < -bound ? -bound : shift[e] > bound ? bound : shift[e];
      block.give_target(shift, out[c]);
    }
  }

  // The gradient of the move, and of the differences from that of the shifts.
  void shifts_backward(const Block& block, const Rows<T>& moves, const T* grad_shift, Rows<T>& moves_grad) {
    const T* move = moves[0];
    T* move_grad = moves_grad[0];
    const T bound = T(op_.clamp);
    std::fill_n(move_grad, block.count, T(0));
    for (int64_t c = 0; c < n_; ++c) {
      const T *from = grad_shift + c * op_.nodes, *r = relative_[c];
      T *own = shift_[0], *to = relative_grad_[c];
      for (const Run& run : block.runs) std::fill_n(own + run.first, run.count, from[run.target]);
      if (bound > 0)
        for (int e = 0; e < block.count; ++e) own[e] = std::abs(r[e] * move[e]) <= bound ? own[e] : T(0);
      for (int e = 0; e < block.count; ++e) {
        move_grad[e] += own[e] * r[e];
        to[e] = own[e] * move[e];
      }
    }
  }

  // From the gradients of the scalars, in `grad`, and of the differences; `moved`: those of the shifts are there.
  void backward(const Block& block, bool moved, Grads& to) {
    const int count = block.count;
    for (int64_t d = 0; d < op_.features; ++d)
      for (int e = 0; e < count; ++e) op_.grad_edge_attr[(block.first + e) * op_.features + d] = grad[own_ + d][e];
    if (op_.log)
      for (int64_t k = 0; k < own_; ++k) {
        T* g = grad[k];
        const T* x = raw_[k];
        for (int e = 0; e < count; ++e) g[e] /= std::abs(x[e]) + T(1);
      }
    for (int64_t c = 0; c < n_; ++c) {
      if (!moved) std::fill_n(relative_grad_[c], count, T(0));
      std::fill_n(vectors_grad_[c], count, T(0));
    }
    if (op_.distance)
      for (int64_t f = 0; f < op_.forms; ++f) distance_backward(f, count, to);
    if (op_.inner)
      for (int64_t f = 0; f < op_.forms; ++f) inner_backward(f, block, to);
    for (int64_t c = 0; c < n_; ++c) {
      T* v = vectors_grad_[c];
      const T* r = relative_grad_[c];
      block.give_target(r, to.pos[c]);
      for (int e = 0; e < count; ++e) v[e] -= r[e];
      block.give(v, to.pos[c]);
    }
  }

 private:
  void distance(int64_t f, int count) {
    T* out = raw_[f];
    std::fill_n(out, count, T(0));
    for (int64_t a = 0; a < n_; ++a) {
      T* own = turned_[f * n_ + a];
      std::fill_n(own, count, T(0));
      for (int64_t b = 0; b < n_; ++b) {
        const T g = op_.metric[(f * n_ + a) * n_ + b];
        const T* r = relative_[b];
        if (g != T(0))
          for (int e = 0; e < count; ++e) own[e] += g * r[e];
      }
      const T* r = relative_[a];
      for (int e = 0; e < count; ++e) out[e] += own[e] * r[e];
    }
  }

  void inner(int64_t f, const Block& block) {
    T* out = raw_[own_ - op_.forms + f];
    std::fill_n(out, block.count, T(0));
    for (int64_t c = 0; c < n_; ++c) {
      const T *v = vectors_[c], *y = op_.lowered + (f * n_ + c) * op_.nodes;
      for (const Run& run : block.runs) {
        const T own = y[run.target];
        for (int e = run.first; e < run.first + run.count; ++e) out[e] += own * v[e];
      }
    }
  }

  void enter(const T* from, T* to, int count) {
    for (int e = 0; e < count; e += kWidth<T>) store(to + e, op_.log ? signed_log<T>(load(from + e)) : load(from + e));
  }

  void distance_backward(int64_t f, int count, Grads& to) {
    const T* g = grad[f];
    for (int64_t a = 0; a < n_; ++a) {
      T* out = relative_grad_[a];
      const T* own = turned_[f * n_ + a];
      for (int e = 0; e < count; ++e) out[e] += T(2) * g[e] * own[e];
    }
    if (!op_.metric_too) return;
    for (int64_t a = 0; a < n_; ++a)
      for (int64_t b = 0; b < n_; ++b) {
        T* product = shift_[0];
        for (int e = 0; e < count; ++e) product[e] = g[e] * relative_[a][e] * relative_[b][e];
        to.metric[f][a * n_ + b] += sum(product, count);
      }
  }

  void inner_backward(int64_t f, const Block& block, Grads& to) {
    const T* g = grad[own_ - op_.forms + f];
    for (int64_t c = 0; c < n_; ++c) {
      const T *v = vectors_[c], *y = op_.lowered + (f * n_ + c) * op_.nodes;
      T *product = shift_[0], *out = vectors_grad_[c];
      for (int e = 0; e < block.count; ++e) product[e] = g[e] * v[e];
      for (const Run& run : block.runs) {
        to.lowered[f * n_ + c][run.target] += sum(product + run.first, run.count);
        const T own = y[run.target];
        for (int e = run.first; e < run.first + run.count; ++e) out[e] += g[e] * own;
      }
    }
  }

  const Operands<T>& op_;
  int64_t n_, own_, width_;

  Rows<T> vectors_, relative_, turned_, raw_, relative_grad_, vectors_grad_, shift_;

 public:
  Rows<T> entering, grad;
};

}  // namespace liesym

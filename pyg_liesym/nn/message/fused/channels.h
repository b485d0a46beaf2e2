// Scalars and shifts of vector channels, and the gradients of both. Components and channels lie as a * C + c.
#pragma once
#include "edges.h"
#include "memory.h"
#include "operands.h"

namespace liesym {

template <class T> struct ChannelGrads {
  explicit ChannelGrads(const Operands<T>& op)
      : pos(op.components, op.nodes), lowered(op.forms * op.components * op.vector_channels, op.nodes),
        vectors(op.components * op.vector_channels, op.nodes), metric(op.forms, op.components * op.components) {}
  void add_to(const Operands<T>& op) const {
    pos.add_to(op.grad_pos, op.nodes), lowered.add_to(op.grad_lowered, op.nodes);
    vectors.add_to(op.grad_vectors, op.nodes), metric.add_to(op.grad_metric, op.components * op.components);
  }
  Rows<T> pos, lowered, vectors, metric;
};

// Of a block, everything edge by edge: [..][E].
template <class T> class Channels {
 public:
  using Grads = ChannelGrads<T>;

  Channels(const Operands<T>& op, int most, bool backward)
      : op_(op), n_(op.components), c_(op.vector_channels), own_(op.forms * (op.scales + 3 * c_)),
        width_(padded<T>(most)), relative_(n_, width_), vectors_(n_ * c_, width_), lowered_(op.forms * n_ * c_, width_),
        turned_(op.forms * n_, width_), raw_(own_, width_), move_(op.moves, width_),
        shift_grad_(backward ? n_ * c_ : 0, width_), relative_grad_(backward ? n_ : 0, width_),
        turned_grad_(backward ? n_ : 0, width_), vectors_grad_(backward ? n_ * c_ : 0, width_), room_(1, width_),
        entering(op.scalars, width_), grad(backward ? op.scalars : 0, width_) {}

  void forward(const Block& block) {
    const int count = block.count;
    for (int64_t a = 0; a < n_; ++a) {
      const T* x = op_.pos + a * op_.nodes;
      T *r = relative_[a], *own = room_[0];
      block.take(x, r);
      block.take_target(x, own);
      for (int e = 0; e < count; ++e) r[e] = own[e] - r[e];
    }
    for (int64_t k = 0; k < n_ * c_; ++k) block.take(op_.vectors + k * op_.nodes, vectors_[k]);
    for (int64_t k = 0; k < op_.forms * n_ * c_; ++k) block.take_target(op_.lowered + k * op_.nodes, lowered_[k]);
    for (int64_t f = 0; f < op_.forms; ++f) scalars(f, count);
    for (int64_t k = 0; k < own_; ++k)
      for (int e = 0; e < count; e += kWidth<T>) store(entering[k] + e, signed_log<T>(load(raw_[k] + e)));
    for (int64_t d = 0; d < op_.features; ++d)
      for (int e = 0; e < count; ++e)
        entering[own_ + d][e] = op_.edge_attr[(block.first + e) * op_.features + d];
  }

  // Add the shifts at their targets, [n C][N].
  void add_shifts(const Block& block, const Rows<T>& move, Rows<T>& out) {
    turn(move, block.count);
    T* shift = room_[0];
    for (int64_t a = 0; a < n_; ++a)
      for (int64_t c = 0; c < c_; ++c) {
        const T *along = move_[c], *carried = move_[c_ + c], *r = relative_[a], *v = vectors_[a * c_ + c];
        for (int e = 0; e < block.count; ++e) shift[e] = along[e] * r[e] + carried[e] * v[e];
        block.give_target(shift, out[a * c_ + c]);
      }
  }

  // The gradient of the moves; of differences and vectors from that of the shifts.
  void shifts_backward(const Block& block, const Rows<T>& move, const T* grad_shift, Rows<T>& move_grad) {
    const int count = block.count;
    turn(move, count);
    for (int64_t a = 0; a < n_; ++a) std::fill_n(relative_grad_[a], count, T(0));
    for (int64_t k = 0; k < n_ * c_; ++k) block.take_target(grad_shift + k * op_.nodes, shift_grad_[k]);
    for (int64_t c = 0; c < c_; ++c) {
      T *along = move_[c], *carried = move_[c_ + c];
      for (int64_t a = 0; a < n_; ++a) {
        const T* g = shift_grad_[a * c_ + c];
        T *r = relative_grad_[a], *v = vectors_grad_[a * c_ + c];
        for (int e = 0; e < count; ++e) {
          r[e] += along[e] * g[e];
          v[e] = carried[e] * g[e];
        }
      }
      std::fill_n(along, count, T(0));
      std::fill_n(carried, count, T(0));
      for (int64_t a = 0; a < n_; ++a) {
        const T *g = shift_grad_[a * c_ + c], *r = relative_[a], *v = vectors_[a * c_ + c];
        for (int e = 0; e < count; ++e) {
          along[e] += g[e] * r[e];
          carried[e] += g[e] * v[e];
        }
      }
    }
    for (int e = 0; e < count; ++e)
      for (int64_t k = 0; k < op_.moves; ++k) move_grad[e][k] = move_[k][e];
  }

  // From the gradients of the scalars, in `grad`; `moved`: those from the shifts are there.
  void backward(const Block& block, bool moved, Grads& to) {
    const int count = block.count;
    for (int64_t d = 0; d < op_.features; ++d)
      for (int e = 0; e < count; ++e) op_.grad_edge_attr[(block.first + e) * op_.features + d] = grad[own_ + d][e];
    for (int64_t k = 0; k < own_; ++k) {
      T* g = grad[k];
      const T* x = raw_[k];
      for (int e = 0; e < count; ++e) g[e] /= std::abs(x[e]) + T(1);
    }
    if (!moved) {
      for (int64_t a = 0; a < n_; ++a) std::fill_n(relative_grad_[a], count, T(0));
      for (int64_t k = 0; k < n_ * c_; ++k) std::fill_n(vectors_grad_[k], count, T(0));
    }
    for (int64_t f = 0; f < op_.forms; ++f) scalars_backward(f, block, to);
    for (int64_t k = 0; k < n_ * c_; ++k) block.give(vectors_grad_[k], to.vectors[k]);
    if (!op_.scalars_too) return;
    for (int64_t a = 0; a < n_; ++a) {
      T* r = relative_grad_[a];
      block.give_target(r, to.pos[a]);
      for (int e = 0; e < count; ++e) r[e] = -r[e];
      block.give(r, to.pos[a]);
    }
  }

 private:
  void turn(const Rows<T>& move, int count) {
    for (int e = 0; e < count; ++e)
      for (int64_t k = 0; k < op_.moves; ++k) move_[k][e] = move[e][k];
  }

  const T* form(int64_t f) const { return op_.metric + f * n_ * n_; }
  T* scalar(Rows<T>& rows, int64_t f) { return rows[f * (op_.scales + 3 * c_)]; }

  // Distances at every scale, products of the difference with both ends' vectors, and of those.
  void scalars(int64_t f, int count) {
    T *out = scalar(raw_, f), *distance = room_[0];
    std::fill_n(distance, count, T(0));
    for (int64_t b = 0; b < n_; ++b) {
      T* t = turned_[f * n_ + b];
      std::fill_n(t, count, T(0));
      for (int64_t a = 0; a < n_; ++a) {
        const T g = form(f)[a * n_ + b];
        const T* r = relative_[a];
        if (g != T(0))
          for (int e = 0; e < count; ++e) t[e] += g * r[e];
      }
      const T* r = relative_[b];
      for (int e = 0; e < count; ++e) distance[e] += t[e] * r[e];
    }
    for (int64_t s = 0; s < op_.scales; ++s, out += width_)
      for (int e = 0; e < count; ++e) out[e] = op_.scale[s] * distance[e];
    for (int64_t c = 0; c < c_; ++c, out += width_) {
      T *at_source = out + c_ * width_, *both = at_source + c_ * width_;
      for (T* each : {out, at_source, both}) std::fill_n(each, count, T(0));
      for (int64_t a = 0; a < n_; ++a) {
        const T *r = relative_[a], *t = turned_[f * n_ + a], *v = vectors_[a * c_ + c];
        const T* low = lowered_[(f * n_ + a) * c_ + c];
        for (int e = 0; e < count; ++e) {
          out[e] += r[e] * low[e];
          at_source[e] += t[e] * v[e];
          both[e] += v[e] * low[e];
        }
      }
    }
  }

  void scalars_backward(int64_t f, const Block& block, Grads& to) {
    const int count = block.count;
    const T* g = scalar(grad, f);
    T* distance = room_[0];
    std::fill_n(distance, count, T(0));
    for (int64_t s = 0; s < op_.scales; ++s, g += width_)
      for (int e = 0; e < count; ++e) distance[e] += op_.scale[s] * g[e];
    for (int64_t a = 0; a < n_; ++a) {
      T *t = turned_grad_[a], *r = relative_grad_[a];
      const T *own = relative_[a], *turned = turned_[f * n_ + a];
      for (int e = 0; e < count; ++e) {
        t[e] = distance[e] * own[e];
        r[e] += distance[e] * turned[e];
      }
    }
    T* low_grad = room_[0];
    for (int64_t c = 0; c < c_; ++c, g += width_) {
      const T *at_source = g + c_ * width_, *both = at_source + c_ * width_;
      for (int64_t a = 0; a < n_; ++a) {
        const T *own = relative_[a], *turned = turned_[f * n_ + a], *v = vectors_[a * c_ + c];
        const T* low = lowered_[(f * n_ + a) * c_ + c];
        T *t = turned_grad_[a], *r = relative_grad_[a], *v_grad = vectors_grad_[a * c_ + c];
        for (int e = 0; e < count; ++e) {
          t[e] += at_source[e] * v[e];
          r[e] += g[e] * low[e];
          v_grad[e] += both[e] * low[e] + at_source[e] * turned[e];
          low_grad[e] = g[e] * own[e] + both[e] * v[e];
        }
        block.give_target(low_grad, to.lowered[(f * n_ + a) * c_ + c]);
      }
    }
    for (int64_t a = 0; a < n_; ++a)
      for (int64_t b = 0; b < n_; ++b) {
        const T value = form(f)[a * n_ + b];
        const T *t = turned_grad_[b], *own = relative_[a];
        T* r = relative_grad_[a];
        if (value != T(0))
          for (int e = 0; e < count; ++e) r[e] += value * t[e];
        if (!op_.metric_too) continue;
        for (int e = 0; e < count; ++e) low_grad[e] = own[e] * t[e];
        to.metric[f][a * n_ + b] += sum(low_grad, count);
      }
  }

  const Operands<T>& op_;
  int64_t n_, c_, own_, width_;
  Rows<T> relative_, vectors_, lowered_, turned_, raw_, move_, shift_grad_, relative_grad_, turned_grad_,
      vectors_grad_, room_;

 public:
  Rows<T> entering, grad;
};

}  // namespace liesym

// Messages and shifts summed at their targets, and the gradients of the sums.
#pragma once
#include "maps.h"

namespace liesym {

constexpr int kBlockBytes = 1 << 14;  // one buffer of a block

template <class T> int block_size(int64_t width) {
  const int64_t edges = kBlockBytes / (width * int64_t(sizeof(T))) / kWidth<T> * kWidth<T>;
  return int(std::min<int64_t>(256, std::max<int64_t>(edges, 16)));
}

// What all threads read.
template <class T> struct Shared {
  explicit Shared(const Operands<T>& op)
      : weights(op), target(Rows<T>::copy(op.target, op.nodes, op.channels)),
        source(Rows<T>::copy(op.source, op.nodes, op.channels)),
        weight(Rows<T>::copy(op.weight, op.scalars, op.channels)),
        weight_t(Rows<T>::copy(op.weight, op.scalars, op.channels, true)),
        grad_out(Rows<T>::copy(op.grad_out, op.nodes, op.channels)) {}
  Weights<T> weights;
  Rows<T> target, source, weight, weight_t, grad_out;
};

template <class T, class Ends> class Worker {
 public:
  Worker(const Operands<T>& op, const Shared<T>& shared, bool backward)
      : op_(op), shared_(shared), hp_(padded<T>(op.channels)), most_(block_size<T>(hp_)), block_(most_),
        maps_(op, shared.weights, most_, backward), ends_(op, most_, backward),
        entering_grad_(kFew < op.scalars && backward ? most_ : 0, padded<T>(op.scalars)) {}

  void forward(Part part, Rows<T>& out, Rows<T>& shift) {
    FlushDenormals flush;
    while (part.next(block_, most_)) {
      first();
      maps_.template forward<false>(block_.count);
      for (const Run& run : block_.runs)
        add_weighted(out[run.target], maps_.gate[0] + run.first, maps_.m[run.first], run.count, hp_);
      if (op_.w4) ends_.add_shifts(block_, maps_.move, shift);
    }
  }

  struct Grads {
    explicit Grads(const Operands<T>& op)
        : maps(op), ends(op), target(op.nodes, padded<T>(op.channels)), source(op.nodes, target.width()),
          weight(op.scalars, target.width()) {}
    WeightGrads<T> maps;
    typename Ends::Grads ends;
    Rows<T> target, source, weight;
  };

  void backward(Part part, Grads& to) {
    FlushDenormals flush;
    while (part.next(block_, most_)) {
      first();
      maps_.template forward<true>(block_.count);
      if (op_.w4) ends_.shifts_backward(block_, maps_.move, op_.grad_shift, maps_.move_grad);
      maps_.backward(block_.count, shared_.grad_out[0], block_, to.maps);
      first_backward(to);
    }
  }

 private:
  static constexpr int64_t kFew = 4;  // scalars that are products of two rows rather than of matrices

  // z of the block, into u: with few scalars all at once.
  void first() {
    static_assert(kFew == 4, "a case for each number of few scalars");
    ends_.forward(block_);
    switch (op_.scalars) {
      case 0: return add_ends<0>();
      case 1: return add_ends<1>();
      case 2: return add_ends<2>();
      case 3: return add_ends<3>();
      case 4: return add_ends<4>();
    }
    add_ends<0>();
    add_product<T>(block_.count, hp_, op_.scalars, ends_.entering[0], 1, ends_.entering.width(), shared_.weight[0], hp_,
                   maps_.u[0], hp_);
  }

  template <int K> void add_ends() {
    const int64_t width = hp_;
    const T *entering[K + 1], *weight[K + 1];
    for (int k = 0; k < K; ++k) entering[k] = ends_.entering[k], weight[k] = shared_.weight[k];
    for (const Run& run : block_.runs) {
      const T* own = shared_.target[run.target];
      for (int e = run.first; e < run.first + run.count; ++e) {
        const T* other = shared_.source[block_.source[e]];
        T* out = maps_.u[e];
        Vec<T> scalar[K + 1];
        for (int k = 0; k < K; ++k) scalar[k] = splat(entering[k][e]);
        for (int64_t c = 0; c < width; c += kWidth<T>) {
          Vec<T> z = load(own + c) + load(other + c);
          for (int k = 0; k < K; ++k) z += scalar[k] * load(weight[k] + c);
          store(out + c, z);
        }
      }
    }
  }

  void first_backward(Grads& to) {
    const int count = block_.count;
    for (const Run& run : block_.runs) add_rows(to.target[run.target], maps_.grad[run.first], run.count, hp_);
    for (int e = 0; e < count; ++e) {
      T* row = to.source[block_.source[e]];
      for (int64_t c = 0; c < hp_; c += kWidth<T>) store(row + c, load(row + c) + load(maps_.grad[e] + c));
    }
    if (op_.scalars)
      add_product<T>(op_.scalars, hp_, count, ends_.entering[0], ends_.entering.width(), 1, maps_.grad[0], hp_,
                       to.weight[0], hp_);
    if (!op_.scalars_too) return;
    entering_backward(count);
    ends_.backward(block_, op_.w4 != nullptr, to.ends);
  }

  // The gradients of the scalars.
  void entering_backward(int count) {
    if (op_.scalars <= kFew) {
      for (int64_t k = 0; k < op_.scalars; ++k)
        dots(ends_.grad[k], maps_.grad[0], shared_.weight[k], count, hp_);
      return;
    }
    const int64_t width = entering_grad_.width();
    product<T>(count, width, op_.channels, maps_.grad[0], hp_, 1, shared_.weight_t[0], width,
                      entering_grad_[0], width);
    for (int e = 0; e < count; ++e)
      for (int64_t k = 0; k < op_.scalars; ++k) ends_.grad[k][e] = entering_grad_[e][k];
  }

  const Operands<T>& op_;
  const Shared<T>& shared_;
  int64_t hp_;
  int most_;
  Block block_;
  Maps<T> maps_;
  Ends ends_;
  Rows<T> entering_grad_;
};

template <class T, class Ends> void forward(const Operands<T>& op) {
  Batch<T> edges(op);
  Shared<T> shared(op);
  std::vector<Rows<T>> out(edges.threads), shift(edges.threads);
  edges.share(op, [&](int64_t t, Part part) {
    out[t] = Rows<T>(op.nodes, padded<T>(op.channels));
    shift[t] = Rows<T>(op.components * std::max<int64_t>(1, op.vector_channels), op.nodes);
    Worker<T, Ends>(op, shared, false).forward(part, out[t], shift[t]);
  });
  for (int64_t t = 0; t < edges.threads; ++t) {
    out[t].add_to(op.out, op.channels);
    shift[t].add_to(op.shift, op.nodes);
  }
}

template <class T, class Ends> void backward(const Operands<T>& op) {
  Batch<T> edges(op);
  Shared<T> shared(op);
  std::vector<std::unique_ptr<typename Worker<T, Ends>::Grads>> grads(edges.threads);
  edges.share(op, [&](int64_t t, Part part) {
    grads[t] = std::make_unique<typename Worker<T, Ends>::Grads>(op);
    Worker<T, Ends>(op, shared, true).backward(part, *grads[t]);
  });
  const int64_t h = op.channels;
  for (auto& own : grads) {
    own->target.add_to(op.grad_target, h), own->source.add_to(op.grad_source, h);
    own->weight.add_to(op.grad_weight, h);
    own->ends.add_to(op);
    auto& maps = own->maps;
    maps.w2.add_to(op.grad_w2, h), maps.b2.add_to(op.grad_b2, h), maps.wg.add_to(op.grad_wg, h);
    maps.w3.add_to(op.grad_w3, h), maps.b3.add_to(op.grad_b3, h);
    maps.w4.add_to(op.grad_w4, h), maps.b4.add_to(op.grad_b4, op.moves);
    if (op.grad_bg) *op.grad_bg += maps.bg;
  }
}

}  // namespace liesym

// Sums of the scalars of pairs over edges, for the moments of their first layer; and the gradients of the sums.
#pragma once
#include "pairs.h"

namespace liesym {

// As far as a thread has come: at targets and at sources [K][N], of products [K][K], and of the sources' rows [N][H].
template <class T> struct ScalarSums {
  explicit ScalarSums(const Operands<T>& op)
      : at_targets(op.scalars, op.nodes), at_sources(op.scalars, op.nodes),
        neighbours(op.listed ? op.nodes : 0, op.channels), products(op.scalars * op.scalars) {}
  Rows<T> at_targets, at_sources, neighbours;
  std::vector<double> products;
};

// to[i] += sum over the other nodes of each complete graph of from[j].
template <class T> void add_others(const Graphs& graphs, const T* from, int64_t nodes, int64_t width, T* to) {
  std::vector<double> all(width);
  for (int64_t a = 0; a < nodes; a = graphs.end[a]) {
    std::fill(all.begin(), all.end(), 0.0);
    for (int64_t i = a; i < graphs.end[a]; ++i)
      for (int64_t c = 0; c < width; ++c) all[c] += from[i * width + c];
    for (int64_t i = a; i < graphs.end[a]; ++i)
      for (int64_t c = 0; c < width; ++c) to[i * width + c] += T(all[c] - from[i * width + c]);
  }
}

template <class T> class ScalarSummer {
 public:
  ScalarSummer(const Operands<T>& op, int most, bool backward)
      : op_(op), most_(most), block_(most), pairs_(op, most, backward), room_(1, padded<T>(most)) {}

  void forward(Part part, ScalarSums<T>& to) {
    while (part.next(block_, most_)) {
      pairs_.forward(block_);
      for (int64_t k = 0; k < op_.scalars; ++k) {
        const T* own = pairs_.entering[k];
        block_.give_target(own, to.at_targets[k]);
        block_.give(own, to.at_sources[k]);
        for (int64_t l = 0; l < op_.scalars; ++l) {
          const T* other = pairs_.entering[l];
          for (int e = 0; e < block_.count; ++e) room_[0][e] = own[e] * other[e];
          to.products[k * op_.scalars + l] += sum(room_[0], block_.count);
        }
      }
      rows([&](int64_t i, int64_t j) { return std::pair(to.neighbours[i], op_.source + j * op_.channels); });
    }
  }

  // `both`: the gradient of the products plus its transpose; grads of the sources' rows go to `to_source`.
  void backward(Part part, const std::vector<T>& both, PairGrads<T>& to, Rows<T>& to_source) {
    T* room = room_[0];
    while (part.next(block_, most_)) {
      rows([&](int64_t i, int64_t j) { return std::pair(to_source[j], op_.neighbours + i * op_.channels); });
      if (!op_.scalars_too) continue;
      pairs_.forward(block_);
      for (int64_t k = 0; k < op_.scalars; ++k) {
        T* g = pairs_.grad[k];
        block_.take_target(op_.at_targets + k * op_.nodes, g);
        block_.take(op_.at_sources + k * op_.nodes, room);
        for (int e = 0; e < block_.count; ++e) g[e] += room[e];
        for (int64_t l = 0; l < op_.scalars; ++l) {
          const T *other = pairs_.entering[l], factor = both[k * op_.scalars + l];
          for (int e = 0; e < block_.count; ++e) g[e] += factor * other[e];
        }
      }
      pairs_.backward(block_, false, to);
    }
  }

 private:
  // Add one row to another for every listed edge; complete graphs need no edges for that.
  template <class Ends> void rows(Ends ends) {
    if (!op_.listed) return;
    for (const Run& run : block_.runs)
      for (int e = run.first; e < run.first + run.count; ++e) {
        const auto [to, from] = ends(run.target, block_.source[e]);
        for (int64_t c = 0; c < op_.channels; ++c) to[c] += from[c];
      }
  }

  const Operands<T>& op_;
  int most_;
  Block block_;
  Pairs<T> pairs_;
  Rows<T> room_;
};

constexpr int kScalarBlock = 256;

template <class T> void scalar_sums(const Operands<T>& op) {
  Batch<T> edges(op);
  std::vector<std::unique_ptr<ScalarSums<T>>> sums(edges.threads);
  edges.share(op, [&](int64_t t, Part part) {
    sums[t] = std::make_unique<ScalarSums<T>>(op);
    ScalarSummer<T>(op, kScalarBlock, false).forward(part, *sums[t]);
  });
  for (auto& own : sums) {
    own->at_targets.add_to(op.at_targets, op.nodes), own->at_sources.add_to(op.at_sources, op.nodes);
    own->neighbours.add_to(op.neighbours, op.channels);
    for (size_t k = 0; k < own->products.size(); ++k) op.products[k] += own->products[k];
  }
  if (edges.graphs) add_others(*edges.graphs, op.source, op.nodes, op.channels, op.neighbours);
}

template <class T> void scalar_sums_backward(const Operands<T>& op) {
  Batch<T> edges(op);
  std::vector<T> both(op.scalars * op.scalars);
  for (int64_t k = 0; k < op.scalars; ++k)
    for (int64_t l = 0; l < op.scalars; ++l)
      both[k * op.scalars + l] = T(op.products[k * op.scalars + l] + op.products[l * op.scalars + k]);
  std::vector<std::unique_ptr<PairGrads<T>>> grads(edges.threads);
  std::vector<Rows<T>> sources(edges.threads);
  if (op.listed || op.scalars_too)
    edges.share(op, [&](int64_t t, Part part) {
      grads[t] = std::make_unique<PairGrads<T>>(op);
      sources[t] = Rows<T>(op.listed ? op.nodes : 0, op.channels);
      ScalarSummer<T>(op, kScalarBlock, true).backward(part, both, *grads[t], sources[t]);
    });
  for (int64_t t = 0; t < edges.threads; ++t) {
    if (!grads[t]) continue;
    sources[t].add_to(op.grad_source, op.channels);
    grads[t]->add_to(op);
  }
  if (edges.graphs) add_others(*edges.graphs, op.neighbours, op.nodes, op.channels, op.grad_source);
}

}  // namespace liesym

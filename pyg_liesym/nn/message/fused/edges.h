// The edges of a batch, block by block: those of a list, or all pairs of different nodes of each graph.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>
#include "operands.h"

namespace liesym {

// Neighbouring edges with one target; `from` is the first source where they are consecutive nodes, else -1.
struct Run {
  int first, count;
  int64_t target, from;
};

template <class T> inline T sum(const T* values, int count) {
  T all = 0;
#pragma omp simd reduction(+ : all)
  for (int e = 0; e < count; ++e) all += values[e];
  return all;
}

// The ends of some edges; `first` counts all edges before them.
struct Block {
  int count = 0;
  int64_t first = 0;
  std::vector<int64_t> source;
  std::vector<Run> runs;
  explicit Block(int size) : source(size) { runs.reserve(size); }

  // The sources' values [N], edge by edge.
  template <class T> void take(const T* nodes, T* edges) const {
    for (const Run& run : runs) {
      T* out = edges + run.first;
      const int64_t* j = source.data() + run.first;
      if (run.from >= 0) std::memcpy(out, nodes + run.from, sizeof(T) * run.count);
      else
        for (int e = 0; e < run.count; ++e) out[e] = nodes[j[e]];
    }
  }
  // The targets' values.
  template <class T> void take_target(const T* nodes, T* edges) const {
    for (const Run& run : runs) std::fill_n(edges + run.first, run.count, nodes[run.target]);
  }
  // Add to the targets' values what each edge has.
  template <class T> void give_target(const T* edges, T* nodes) const {
    for (const Run& run : runs) nodes[run.target] += sum(edges + run.first, run.count);
  }
  // Add to the sources' values what each edge has.
  template <class T> void give(const T* edges, T* nodes) const {
    for (const Run& run : runs) {
      const T* own = edges + run.first;
      const int64_t* j = source.data() + run.first;
      if (run.from >= 0) {
        T* out = nodes + run.from;
#pragma omp simd
        for (int e = 0; e < run.count; ++e) out[e] += own[e];
      } else {
        for (int e = 0; e < run.count; ++e) nodes[j[e]] += own[e];
      }
    }
  }
};

// Where each node's graph begins and ends.
struct Graphs {
  std::vector<int64_t> begin, end, edges_before;
  Graphs(int64_t nodes, const int64_t* batch) : begin(nodes), end(nodes), edges_before(nodes + 1) {
    for (int64_t a = 0, b; a < nodes; a = b) {
      for (b = a + 1; b < nodes && (!batch || batch[b] == batch[a]); ++b) {}
      for (int64_t i = a; i < b; ++i) {
        begin[i] = a, end[i] = b;
        edges_before[i + 1] = edges_before[i] + (b - a - 1);
      }
    }
  }
};

// A part of the edges, from one place to another, handed out in blocks.
class Part {
 public:
  template <class T>
  Part(const Operands<T>& op, const Graphs* graphs, int64_t begin, int64_t end)
      : source_(op.source_of), target_(op.target_of), graphs_(graphs), at_(begin), end_(end) {
    if (!graphs_) return;
    const auto& before = graphs_->edges_before;
    node_ = std::upper_bound(before.begin(), before.end(), at_) - before.begin() - 1;
    step_ = at_ < end_ ? at_ - before[node_] : 0;
  }

  bool next(Block& block, int most) {
    block.count = int(std::min<int64_t>(most, end_ - at_));
    block.first = at_;
    block.runs.clear();
    if (graphs_) pairs(block);
    else listed(block);
    at_ += block.count;
    return block.count > 0;
  }

 private:
  void listed(Block& block) {
    std::copy_n(source_ + at_, block.count, block.source.begin());
    const int64_t* target = target_ + at_;
    for (int e = 0, next; e < block.count; e = next) {
      for (next = e + 1; next < block.count && target[next] == target[e]; ++next) {}
      block.runs.push_back({e, next - e, target[e], -1});
    }
  }

  // `step_` counts the sources of `node_`, which it passes over itself.
  void pairs(Block& block) {
    for (int e = 0; e < block.count;) {
      const int64_t begin = graphs_->begin[node_], all = graphs_->end[node_] - begin - 1, own = node_ - begin;
      const int64_t stop = step_ < own ? own : all, now = std::min<int64_t>(stop - step_, block.count - e);
      const int64_t from = begin + step_ + (step_ >= own);
      if (now) block.runs.push_back({e, int(now), node_, from});
      for (int64_t k = 0; k < now; ++k, ++e) block.source[e] = from + k;
      step_ += now;
      if (step_ == all) ++node_, step_ = 0;
    }
  }

  const int64_t *source_, *target_;
  const Graphs* graphs_;
  int64_t at_, end_, node_ = 0, step_ = 0;
};

// All edges, shared out among threads; each has its own place for sums, which are added in the end.
template <class T> struct Batch {
  explicit Batch(const Operands<T>& op) {
    if (op.listed) {
      count = op.edges;
    } else {
      graphs = std::make_unique<Graphs>(op.nodes, op.batch);
      count = graphs->edges_before[op.nodes];
    }
    threads = std::max<int64_t>(1, std::min<int64_t>(op.threads, count / 1024));
  }
  std::unique_ptr<Graphs> graphs;
  int64_t count, threads;

  template <class Work> void share(const Operands<T>& op, Work work) {
    std::vector<std::thread> others;
    for (int64_t t = 1; t < threads; ++t) others.emplace_back([&, t] { work(t, part(op, t)); });
    work(0, part(op, 0));
    for (auto& thread : others) thread.join();
  }
  Part part(const Operands<T>& op, int64_t t) {
    return Part(op, graphs.get(), count * t / threads, count * (t + 1) / threads);
  }
};

}  // namespace liesym

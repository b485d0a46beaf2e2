// What Python hands over, field by field as in call.py.
#pragma once
#include <cstdint>

namespace liesym {

template <class T> struct Operands {
  // Numbers of nodes, of listed edges, of channels, scalars, components, forms, features of an edge, moves of an edge.
  int64_t nodes, edges, channels, scalars, components, forms, features, moves;
  // Vector channels and factors of the distance; none of pairs of vectors.
  int64_t vector_channels, scales;
  int64_t threads;
  // Whether edges are listed, which scalars enter and how, the activation, and what a move sees.
  int64_t listed, distance, inner, log, relu, gated;
  // Which gradients somebody waits for: of what scalars are made of, and of the forms.
  int64_t scalars_too, metric_too;
  double clamp;
  // An edge list, or complete graphs of the nodes with one number.
  const int64_t *source_of, *target_of, *batch;
  // Vectors lie component by component, [n][N], [n C][N], [F n][N] or [F n C][N].
  const T *target, *source, *weight, *pos, *metric, *lowered, *edge_attr, *vectors, *scale;
  const T *w2, *b2, *wg, *bg, *w3, *b3, *w4, *b4;
  T *out, *shift;
  const T *grad_out, *grad_shift;
  // Sums of the scalars: what comes out, or the gradients of it.
  T *at_targets, *at_sources;
  double* products;
  T* neighbours;
  T *grad_target, *grad_source, *grad_weight, *grad_pos, *grad_metric, *grad_lowered, *grad_edge_attr, *grad_vectors;
  T *grad_w2, *grad_b2, *grad_wg, *grad_bg, *grad_w3, *grad_b3, *grad_w4, *grad_b4;
};

}  // namespace liesym

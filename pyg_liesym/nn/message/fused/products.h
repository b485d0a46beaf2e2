// Products of matrices that lie in the nearest cache, row by row; rows are a whole number of vectors wide.
#pragma once
#include <array>
#include <utility>
#include "simd.h"

namespace liesym {

// Vectors of a panel of columns, and rows of a tile, that fit into the registers together.
constexpr int kPanel = kRegisters == 32 ? 5 : 3;
constexpr int rows_of(int vectors) {
  return kRegisters == 32 ? (vectors == 1 ? 12 : vectors == 2 ? 10 : vectors == 3 ? 8 : vectors == 4 ? 6 : 5)
                          : (vectors == 1 ? 8 : vectors == 2 ? 6 : 4);
}

// Rows to begin a sum with: an array of them, one for all (step 0), or none.
template <class T> struct Start {
  const T* rows = nullptr;
  int64_t step = 0;
};

// C[r] = start[r] + sum over k of a[r * row + k * step] B[k], for R rows and V vectors of columns.
template <class T, int R, int V>
void tile(int64_t depth, const T* a, int64_t row, int64_t step, const T* b, int64_t b_row, T* c, int64_t c_row,
          Start<T> start) {
  constexpr int W = kWidth<T>;
  Vec<T> sum[R][V];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[r][v] = start.rows ? load(start.rows + r * start.step + v * W) : Vec<T>{};
  for (int64_t k = 0; k < depth; ++k, a += step, b += b_row) {
    Vec<T> right[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      right[v] = load(b + v * W);
      in_register(right[v]);
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      Vec<T> left = splat(a[r * row]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[r][v] += left * right[v];
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store(c + r * c_row + v * W, sum[r][v]);
}

template <class T>
using Tile = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T*, int64_t, Start<T>);

template <class T, int V, int... R>
constexpr std::array<Tile<T>, sizeof...(R)> tiles_of(std::integer_sequence<int, R...>) {
  return {tile<T, R + 1, V>...};
}

template <class T, int V>
void panel(int64_t rows, int64_t depth, const T* a, int64_t row, int64_t step, const T* b, int64_t b_row, T* c,
           int64_t c_row, Start<T> start) {
  constexpr int R = rows_of(V);
  static constexpr auto tiles = tiles_of<T, V>(std::make_integer_sequence<int, R>{});
  for (int64_t r = 0; r < rows; r += R) {
    const int64_t now = rows - r < R ? rows - r : R;
    tiles[now - 1](depth, a + r * row, row, step, b, b_row, c + r * c_row, c_row, start);
    if (start.rows) start.rows += now * start.step;
  }
}

// C = start + A B for `columns` columns, a multiple of the width; A[r, k] lies at a[r * row + k * step].
template <class T>
void product(int64_t rows, int64_t columns, int64_t depth, const T* a, int64_t row, int64_t step, const T* b,
             int64_t b_row, T* c, int64_t c_row, Start<T> start = {}) {
  int64_t vectors = columns / kWidth<T>, panels = (vectors + kPanel - 1) / kPanel;
  for (; panels; --panels) {
    const int64_t now = (vectors + panels - 1) / panels;
    switch (now) {
      case 1: panel<T, 1>(rows, depth, a, row, step, b, b_row, c, c_row, start); break;
      case 2: panel<T, 2>(rows, depth, a, row, step, b, b_row, c, c_row, start); break;
      case 3: panel<T, 3>(rows, depth, a, row, step, b, b_row, c, c_row, start); break;
      default:
        if constexpr (kPanel == 5) {
          if (now == 4) panel<T, 4>(rows, depth, a, row, step, b, b_row, c, c_row, start);
          else panel<T, 5>(rows, depth, a, row, step, b, b_row, c, c_row, start);
        }
    }
    b += now * kWidth<T>, c += now * kWidth<T>, vectors -= now;
    if (start.rows) start.rows += now * kWidth<T>;
  }
}

// C += A B.
template <class T>
void add_product(int64_t rows, int64_t columns, int64_t depth, const T* a, int64_t row, int64_t step, const T* b,
                 int64_t b_row, T* c, int64_t c_row) {
  product<T>(rows, columns, depth, a, row, step, b, b_row, c, c_row, {c, c_row});
}

}  // namespace liesym

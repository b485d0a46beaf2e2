// Rows of numbers, a whole number of vectors wide, zero behind their end.
#pragma once
#include <cstdlib>
#include <memory>
#include "simd.h"

namespace liesym {

template <class T> constexpr int64_t padded(int64_t size) { return (size + kWidth<T> - 1) / kWidth<T> * kWidth<T>; }

// Zeros at first, with room for a vector behind.
template <class T> class Rows {
 public:
  Rows() = default;
  Rows(int64_t rows, int64_t width) : rows_(rows), width_(width) {
    const size_t bytes = (size_t(rows * width) * sizeof(T) / kBytes + 2) * kBytes;
    data_.reset(static_cast<T*>(std::aligned_alloc(kBytes, bytes)));
    std::memset(data_.get(), 0, bytes);
  }
  // A copy, filled up; or transposed.
  static Rows copy(const T* from, int64_t rows, int64_t width, bool transposed = false) {
    if (!from) return Rows();
    Rows to(transposed ? width : rows, padded<T>(transposed ? rows : width));
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < width; ++c) (transposed ? to[c][r] : to[r][c]) = from[r * width + c];
    return to;
  }
  T* operator[](int64_t row) { return data_.get() + row * width_; }
  const T* operator[](int64_t row) const { return data_.get() + row * width_; }
  int64_t width() const { return width_; }
  int64_t rows() const { return rows_; }
  explicit operator bool() const { return bool(data_); }

  // Add the first columns to an array without filling.
  void add_to(T* out, int64_t columns) const {
    if (!out || !data_) return;
    for (int64_t r = 0; r < rows_; ++r)
      for (int64_t c = 0; c < columns; ++c) out[r * columns + c] += (*this)[r][c];
  }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  int64_t rows_ = 0, width_ = 0;
  std::unique_ptr<T[], Free> data_;
};

}  // namespace liesym

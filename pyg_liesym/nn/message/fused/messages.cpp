// What the Python side calls, in single and double precision.
#include "channels.h"
#include "moments.h"
#include "pairs.h"
#include "sums.h"

namespace liesym {

// Whether every end of a listed edge is a node.
template <class T> bool ends_exist(const Operands<T>& op) {
  if (!op.listed) return true;
  uint64_t largest = 0;
  for (const int64_t* ends : {op.source_of, op.target_of})
    for (int64_t e = 0; e < op.edges; ++e) largest = std::max(largest, uint64_t(ends[e]));
  return op.edges == 0 || largest < uint64_t(op.nodes);
}

// Returns whether it could be done.
template <class T> int done(const Operands<T>& op, void (*what)(const Operands<T>&)) {
  if (!ends_exist(op)) return 0;
  what(op);
  return 1;
}

}  // namespace liesym

#define LIESYM_EXPORT(name, what, suffix, T) \
  int liesym_##name##_##suffix(const liesym::Operands<T>* op) { return liesym::done<T>(*op, what); }
#define LIESYM_PRECISION(suffix, T) \
  LIESYM_EXPORT(messages, (liesym::forward<T, liesym::Pairs<T>>), suffix, T) \
  LIESYM_EXPORT(messages_backward, (liesym::backward<T, liesym::Pairs<T>>), suffix, T) \
  LIESYM_EXPORT(channels, (liesym::forward<T, liesym::Channels<T>>), suffix, T) \
  LIESYM_EXPORT(channels_backward, (liesym::backward<T, liesym::Channels<T>>), suffix, T) \
  LIESYM_EXPORT(scalars, liesym::scalar_sums<T>, suffix, T) \
  LIESYM_EXPORT(scalars_backward, liesym::scalar_sums_backward<T>, suffix, T)

extern "C" {
LIESYM_PRECISION(float32, float)
LIESYM_PRECISION(float64, double)
}

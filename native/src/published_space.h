/** The published design space (iNAS section 5): divisors, and 1 with the even divisors. */
#pragma once

#include "design.h"
#include "nest.h"

#include <cstring>
#include <unordered_map>
#include <vector>

namespace brownout {

/** Ascending. */
inline std::vector<uint32_t> divisors(uint32_t n) {
  std::vector<uint32_t> small, large;
  for (uint32_t d = 1; static_cast<uint64_t>(d) * d <= n; d++) {
    if (n % d != 0)
      continue;
    small.push_back(d);
    if (d != n / d)
      large.push_back(n / d);
  }
  small.insert(small.end(), large.rbegin(), large.rend());
  return small;
}

inline std::vector<uint32_t> one_and_even_divisors(uint32_t n) {
  std::vector<uint32_t> found = divisors(n);
  std::erase_if(found, [](uint32_t d) { return d != 1 && d % 2 != 0; });
  return found;
}

/** Axes of a layer's published space; of the channelwise kinds, which were not published, with Tn
 * = 1. */
struct PublishedSpace {
  std::vector<uint32_t> tr, tc, tm, tn;
  std::vector<Reuse> reuses;

  explicit PublishedSpace(const bo_shape &shape) {
    if (shape.kind == BO_GLOBAL_AVG_POOL) {
      tr = one_and_even_divisors(shape.h);
      tc = one_and_even_divisors(shape.w);
      tm = one_and_even_divisors(shape.m);
      tn = {1};
      reuses = {Reuse::output};
    } else {
      tr = divisors(shape.r);
      tc = divisors(shape.c);
      tm = divisors(shape.m);
      tn = bo_is_channelwise(&shape) ? std::vector<uint32_t>{1} : one_and_even_divisors(shape.n);
      reuses = {Reuse::input, Reuse::weights, Reuse::output};
    }
  }
};

/** Trip count of the reuse loop. */
inline uint32_t sweep_trips(const bo_shape &shape, Reuse reuse, uint32_t tr, uint32_t tc,
                            uint32_t tm, uint32_t tn) {
  if (shape.kind == BO_GLOBAL_AVG_POOL)
    return (shape.h / tr) * (shape.w / tc);
  switch (reuse) {
  case Reuse::input:
    return shape.m / tm;
  case Reuse::weights:
    return (shape.r / tr) * (shape.c / tc);
  default:
    return bo_is_channelwise(&shape) ? 1 : shape.n / tn;
  }
}

/** Batch sizes of sweeps, ascending; those of short sweeps, which are nearly all, are kept. */
class BatchSizes {
public:
  const std::vector<uint32_t> &of(uint32_t trips) {
    std::vector<uint32_t> &sizes = trips < SHORT ? known()[trips] : large_[trips];
    if (sizes.empty()) {
      sizes = one_and_even_divisors(trips);
      // S is a 16-bit field; a batch of more tiles fits no VM.
      std::erase_if(sizes, [](uint32_t s) { return s > UINT16_MAX; });
    }
    return sizes;
  }

private:
  static constexpr uint32_t SHORT = 1024;
  static std::vector<std::vector<uint32_t>> &known() {
    thread_local std::vector<std::vector<uint32_t>> sizes(SHORT);
    return sizes;
  }
  std::unordered_map<uint32_t, std::vector<uint32_t>> large_;
};

/** Calls visit(design, sizes) for every tile and order with the given Tr: the design is visit's own
 * and lacks its S only, `sizes` holds those it can have, ascending. Stops when visit says false. */
template <class Visit>
void for_each_sweep(const bo_shape &shape, const PublishedSpace &space, uint32_t tr, bool batches,
                    Visit &&visit) {
  BatchSizes batch_sizes;
  for (uint32_t tc : space.tc)
    for (uint32_t tm : space.tm)
      for (uint32_t tn : space.tn)
        for (Reuse reuse : space.reuses) {
          const uint32_t trips = batches ? sweep_trips(shape, reuse, tr, tc, tm, tn) : 1;
          bo_design design{};
          design.tr = static_cast<uint16_t>(tr), design.tc = static_cast<uint16_t>(tc);
          design.tm = static_cast<uint16_t>(tm), design.tn = static_cast<uint16_t>(tn);
          const auto order = published_order(reuse);
          std::memcpy(design.order, order.data(), order.size());
          design.span = BO_SPAN_CHANNEL;
          if (!visit(design, batch_sizes.of(trips)))
            return;
        }
}

/** Calls visit(design) for every design with the given Tr, in order; stops when visit says false.
 */
template <class Visit>
void for_each_published(const bo_shape &shape, const PublishedSpace &space, uint32_t tr,
                        bool batches, Visit &&visit) {
  for_each_sweep(shape, space, tr, batches,
                 [&](bo_design &design, const std::vector<uint32_t> &sizes) {
                   for (uint32_t s : sizes) {
                     design.s = static_cast<uint16_t>(s);
                     if (!visit(design))
                       return false;
                   }
                   return true;
                 });
}

} // namespace brownout

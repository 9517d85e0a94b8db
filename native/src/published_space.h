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

/** Calls visit(design) for every design with the given Tr, in order; stops when visit says false.
 */
template <class Visit>
void for_each_published(const bo_shape &shape, const PublishedSpace &space, uint32_t tr,
                        bool batches, Visit &&visit) {
  // By trip count; small ones, which are nearly all, without a search.
  std::vector<std::vector<uint32_t>> small(1024);
  std::unordered_map<uint32_t, std::vector<uint32_t>> large;
  for (uint32_t tc : space.tc)
    for (uint32_t tm : space.tm)
      for (uint32_t tn : space.tn)
        for (Reuse reuse : space.reuses) {
          const uint32_t trips = batches ? sweep_trips(shape, reuse, tr, tc, tm, tn) : 1;
          std::vector<uint32_t> &sizes = trips < small.size() ? small[trips] : large[trips];
          if (sizes.empty())
            sizes = one_and_even_divisors(trips);
          for (uint32_t s : sizes) {
            // S is a 16-bit field; a batch of more tiles fits no VM.
            if (s > UINT16_MAX)
              break;
            bo_design design{};
            design.tr = static_cast<uint16_t>(tr), design.tc = static_cast<uint16_t>(tc);
            design.tm = static_cast<uint16_t>(tm), design.tn = static_cast<uint16_t>(tn);
            const auto order = published_order(reuse);
            std::memcpy(design.order, order.data(), order.size());
            design.span = BO_SPAN_CHANNEL;
            design.s = static_cast<uint16_t>(s);
            if (!visit(design))
              return;
          }
        }
}

} // namespace brownout

/** Execution designs: what the loop letters mean and the order in which designs are listed. */
#pragma once

#include "format.h"
#include "platform.h"

#include <array>
#include <string>
#include <tuple>

namespace brownout {

inline Reuse reuse_of(const bo_design &design) {
  switch (design.order[3]) {
  case BO_M:
    return Reuse::input;
  case BO_N:
    return Reuse::output;
  default:
    return Reuse::weights;
  }
}

/** The published nests (PUBLISHED_ORDERS in network/design.ts). */
inline std::array<uint8_t, 4> published_order(Reuse reuse) {
  switch (reuse) {
  case Reuse::input:
    return {BO_R, BO_C, BO_N, BO_M};
  case Reuse::weights:
    return {BO_M, BO_N, BO_R, BO_C};
  default:
    return {BO_R, BO_C, BO_M, BO_N};
  }
}

inline std::string order_letters(const bo_design &design) {
  std::string letters;
  for (uint8_t loop : design.order)
    letters += "RCMN"[loop];
  return letters;
}

/** Enumeration order: Tr, Tc, Tm, Tn ascending, reuse I W O, then letters, span, S, B ascending. */
inline auto design_rank(const bo_design &d) {
  return std::make_tuple(d.tr, d.tc, d.tm, d.tn, static_cast<int>(reuse_of(d)), d.order[0],
                         d.order[1], d.order[2], d.span, d.s, d.b);
}

inline bool design_before(const bo_design &a, const bo_design &b) {
  return design_rank(a) < design_rank(b);
}

} // namespace brownout

/** Preservation schemes (BO_SCHEME_.. of format.h) as the model tells them apart. */
#pragma once

#include "nest.h"

#include <algorithm>
#include <vector>

namespace brownout {

/** Whether outputs leave VM in groups of B. */
inline bool has_groups(uint8_t scheme) {
  return scheme == BO_SCHEME_HAWAII || scheme == BO_SCHEME_STATEFUL;
}

/** Whether a power cycle ends with a commit; else it lasts until power fails. */
inline bool sleeps_after_commits(uint8_t scheme) { return scheme == BO_SCHEME_TILE; }

/**
 * The group sizes B that are tried of a layer: the one asked for, or powers of two up to the first
 * that holds all outputs. 0 of schemes without groups.
 */
inline std::vector<uint16_t> group_sizes(const bo_shape &shape, uint8_t scheme, uint16_t asked) {
  if (!has_groups(scheme))
    return {0};
  if (asked != 0)
    return {asked};
  const uint64_t outputs = static_cast<uint64_t>(shape.r) * shape.c * shape.m;
  std::vector<uint16_t> sizes{1};
  while (sizes.back() < outputs && sizes.back() < 32768)
    sizes.push_back(static_cast<uint16_t>(2 * sizes.back()));
  return sizes;
}

/**
 * Bytes that one plane of partial sums may take. Sums have no bit to spare for a state: stateful
 * visits each output tile once.
 */
inline uint64_t plane_limit_bytes(uint8_t scheme, uint64_t spare_bytes) {
  return scheme == BO_SCHEME_STATEFUL ? 0 : spare_bytes;
}

} // namespace brownout

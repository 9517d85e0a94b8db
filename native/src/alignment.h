/** What a MAC kernel demands of its vectors (LEA: even lengths, starts on 4 bytes). */
#pragma once

#include "nest.h"

namespace brownout {

/**
 * Whether all MAC calls of a tile have lengths and starts, input and weights, that are multiples of
 * two. A tile of at least two rows or columns starts vectors at every stride.
 * @param depth channels of the tile
 */
inline bool even_vectors(const bo_shape &s, uint8_t span, uint32_t rows, uint32_t columns,
                         uint32_t depth) {
  if (depth % 2 == 0)
    return true;
  // With an odd depth pixels start at odd elements.
  if (span == BO_SPAN_CHANNEL)
    return false;
  const uint32_t window_w = (columns - 1) * s.stride_w + s.kernel_w;
  if (span == BO_SPAN_WINDOW && columns == 1) {
    const bool even_rows = rows == 1 || (s.stride_h * window_w) % 2 == 0;
    return (s.kernel_h * s.kernel_w) % 2 == 0 && even_rows;
  }
  const bool several = s.kernel_h > 1 || rows > 1;
  return s.kernel_w % 2 == 0 && (columns == 1 || s.stride_w % 2 == 0) &&
         (!several || window_w % 2 == 0);
}

} // namespace brownout

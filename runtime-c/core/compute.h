/** What is computed on one tile in VM; the engine moves the data. */
#ifndef BROWNOUT_COMPUTE_H
#define BROWNOUT_COMPUTE_H

#include "nest.h"

/** sums[pixel][channel] = bias[channel], or 0 where `bias` is null. */
void bo_compute_start(const bo_tile *tile, const int32_t *bias, int32_t *sums);

/**
 * Adds the tile's products: input [window_h][window_w][depth], weights [channels][Kh][Kw][depth],
 * sums [rows][columns][channels]; one kernel call per MAC span, as bo_tile_macs() counts them.
 */
void bo_compute_products(const bo_shape *shape, const bo_design *design, const bo_tile *tile,
                         const int16_t *input, const int16_t *weights, int32_t *sums);

/** Adds input [window_h][window_w][depth] to sums [depth]. */
void bo_compute_pool(const bo_tile *tile, const int16_t *input, int32_t *sums);

/**
 * Sums to codes, in place: code i lies before sum i and over sums that are done.
 * Returns where the codes lie, [rows][columns][channels].
 */
int16_t *bo_compute_codes(const bo_tile *tile, const bo_requantisation *by, int32_t *sums);

#endif

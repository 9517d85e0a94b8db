/** What is computed on one tile in VM; the engine moves the data. Codes have bo_element_bytes(). */
#ifndef BROWNOUT_COMPUTE_H
#define BROWNOUT_COMPUTE_H

#include "nest.h"

/** sums[pixel][channel] = bias[channel], or 0 where `bias` is null. */
void bo_compute_start(const bo_tile *tile, const int32_t *bias, int32_t *sums);

/** Every sum at the least code there is: what a maximum starts from. */
void bo_compute_start_maximum(const bo_tile *tile, int32_t *sums);

/**
 * Adds the tile's products: input [window_h][window_w][depth], weights [channels][Kh][Kw][depth],
 * sums [rows][columns][channels]; one kernel call per MAC span, as bo_tile_macs() counts them.
 */
void bo_compute_products(const bo_shape *shape, const bo_design *design, const bo_tile *tile,
                         const void *input, const void *weights, int32_t *sums);

/** Adds input [window_h][window_w][depth] to sums [depth]. */
void bo_compute_pool(const bo_shape *shape, const bo_tile *tile, const void *input, int32_t *sums);

/**
 * Sums to `codes`, [rows][columns][channels]. They may lie before or over the sums: each sum is
 * read before a code is written at or behind its place. `scales` [channels] stand in for the
 * multiplier and shift of `by`; null: they are the same for all channels.
 */
void bo_compute_codes(const bo_shape *shape, const bo_tile *tile, const bo_requantisation *by,
                      const bo_scale *scales, const int32_t *sums, void *codes);

/** Adds a depthwise tile's products: input [window_h][window_w][channels], weights
 * [channels][Kh][Kw]; one kernel call per row of the kernel. */
void bo_compute_depthwise(const bo_shape *shape, const bo_tile *tile, const void *input,
                          const void *weights, int32_t *sums);

/** Takes the elements of each window that lie inside the map into its maximum or its sum. */
void bo_compute_windows(const bo_shape *shape, const bo_tile *tile, const void *input,
                        int32_t *sums);

/** Adds code * multiplier of either input map: first its part of the first map, [pixel][count],
 * then of the second; see bo_input_part(). */
void bo_compute_joined(const bo_shape *shape, const bo_tile *tile, const int16_t multipliers[2],
                       const void *input, int32_t *sums);

/** What a pool's sums are before they are requantised: 2^14 times a maximum; a sum over a window
 * cut by the padding as if the window were whole. Other kinds stay as they are. */
void bo_compute_finish(const bo_shape *shape, const bo_tile *tile, int32_t *sums);

#endif

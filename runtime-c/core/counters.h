/**
 * What the runtime did, per layer: in VM with BO_COUNTERS (the host build and the tests), in NVM
 * across resets with BO_KEEP_COUNTERS=1 (kept.h).
 *
 * Index `layer` counts that layer's batches; index `layer_count` counts what belongs to no layer:
 * starting, delivering, results and releases. A boot counts where its record points.
 */
#ifndef BROWNOUT_COUNTERS_H
#define BROWNOUT_COUNTERS_H

#include <stdint.h>

typedef struct {
  uint32_t boots;
  uint32_t reads; /**< NVM transfers */
  uint32_t read_bytes;
  uint32_t writes; /**< NVM transfers */
  uint32_t write_bytes;
  uint32_t commits;     /**< progress records among the writes */
  uint32_t mac_calls;   /**< kernel calls, each followed by one add */
  uint32_t macs;        /**< sum of their lengths */
  uint32_t pooled;      /**< elements taken in by pools, add and concat */
  uint32_t requantised; /**< outputs */
  uint32_t marks;       /**< of scheme hawaii, among the writes */
  uint32_t states_set;  /**< codes that got a state, of scheme stateful */
  uint32_t states_stripped;
} bo_counters;

#ifndef BO_KEEP_COUNTERS
#define BO_KEEP_COUNTERS 0
#endif

#ifdef BO_COUNTERS
/** Layers that counters are kept for; a deeper one counts into the last. */
#ifndef BO_COUNTERS_LAYERS
#define BO_COUNTERS_LAYERS 65u
#endif
extern bo_counters bo_counted[BO_COUNTERS_LAYERS];
extern uint16_t bo_counted_layer;
#define BO_COUNT_IN_VM(field, amount) (bo_counted[bo_counted_layer].field += (uint32_t)(amount))
#define BO_COUNT_LAYER_IN_VM(layer)                                                                \
  (bo_counted_layer = (uint16_t)((layer) < BO_COUNTERS_LAYERS ? (layer) : BO_COUNTERS_LAYERS - 1u))
#else
#define BO_COUNT_IN_VM(field, amount) ((void)0)
#define BO_COUNT_LAYER_IN_VM(layer) ((void)0)
#endif

#if BO_KEEP_COUNTERS
/** Since the last save: [0] of no layer, [1] of the layer at hand. */
extern bo_counters bo_unsaved[2];
extern uint8_t bo_unsaved_at;
void bo_kept_layer(uint16_t layer);
#define BO_COUNT_TO_KEEP(field, amount) (bo_unsaved[bo_unsaved_at].field += (uint32_t)(amount))
#define BO_COUNT_LAYER_TO_KEEP(layer) bo_kept_layer((uint16_t)(layer))
#else
#define BO_COUNT_TO_KEEP(field, amount) ((void)0)
#define BO_COUNT_LAYER_TO_KEEP(layer) ((void)0)
#endif

#define BO_COUNT(field, amount)                                                                    \
  ((void)BO_COUNT_IN_VM(field, amount), (void)BO_COUNT_TO_KEEP(field, amount))
#define BO_COUNT_LAYER(layer) ((void)BO_COUNT_LAYER_IN_VM(layer), BO_COUNT_LAYER_TO_KEEP(layer))

#endif

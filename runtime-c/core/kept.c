#include "kept.h"

#if BO_KEEP_COUNTERS
#include <stddef.h>

#include "crc.h"
#include "nest.h"
#include "planted.h"
#include "port.h"

_Static_assert(sizeof(bo_kept) == BO_KEPT_BYTES, "layout of kept counters");

/** Index of `bo_unsaved`. */
enum { NO_LAYER, LAYER };
/** What a save adds beside what was counted. */
typedef enum { COUNTS, REPEAT, COMMIT } event;

bo_counters bo_unsaved[2];
uint8_t bo_unsaved_at;
static const bo_model *model;
static uint16_t layer_at_hand;
static uint16_t begun;
static uint8_t begun_known; /* whether NVM holds `begun` */

static void add(bo_kept *kept, unsigned field, uint32_t amount) {
  kept->low[field] += amount;
  kept->high[field] = (uint16_t)(kept->high[field] + (kept->low[field] < amount));
}

/** Adds `times` x `amount`, which may exceed 32 bits. */
static void add_product(bo_kept *kept, unsigned field, uint32_t amount, uint16_t times) {
  const uint32_t upper = (amount >> 16) * times;
  add(kept, field, (amount & 0xffffu) * times);
  add(kept, field, upper << 16);
  kept->high[field] = (uint16_t)(kept->high[field] + (upper >> 16));
}

static int whole(const bo_kept *kept) {
  if (kept->crc != bo_crc16(BO_CRC16_START, kept, offsetof(bo_kept, crc)) &&
      !BO_BUG_KEPT_TORN_ACCEPTED)
    return 0;
  return kept->image_id == model->image_id || BO_BUG_KEPT_OTHER_IMAGE;
}

static void add_counted(bo_kept *to, const bo_counters *counted) {
  add(to, BO_KEPT_BOOTS, counted->boots);
  add(to, BO_KEPT_COMMITS, counted->commits);
  add(to, BO_KEPT_READS, counted->reads);
  add(to, BO_KEPT_READ_BYTES, counted->read_bytes);
  add(to, BO_KEPT_WRITES, counted->writes);
  add(to, BO_KEPT_WRITE_BYTES, counted->write_bytes);
  add(to, BO_KEPT_MACS, counted->macs);
  add(to, BO_KEPT_POOLED, counted->pooled);
}

static void save(uint8_t of, event what) {
  static const bo_counters nothing;
  const uint16_t layer = of == LAYER ? layer_at_hand : model->layer_count;
  const uint32_t at = bo_kept_slots(model, layer);
  bo_counters *counted = &bo_unsaved[of];
  bo_kept kept, other;
  bo_port_nvm_read(at, &kept, BO_KEPT_BYTES);
  bo_port_nvm_read(at + BO_KEPT_BYTES, &other, BO_KEPT_BYTES);
  const int one = whole(&kept), two = whole(&other);
  if (two && (!one || (uint32_t)(other.save - kept.save) < 0x80000000u))
    kept = other;
  if (!one && !two) {
    uint8_t *byte = (uint8_t *)&kept;
    for (uint32_t i = 0; i < BO_KEPT_BYTES; i++)
      byte[i] = 0;
  }
  add_counted(&kept, counted);
  if (what == REPEAT) {
    add(&kept, BO_KEPT_REPEATS, 1);
    kept.again = (uint16_t)(kept.again + (kept.again != 0xffffu));
  }
  if (what == COMMIT) {
    /* Only these schemes do a step that was cut all over again. */
    if (bo_is_scheme(model, BO_SCHEME_TILE) || bo_is_scheme(model, BO_SCHEME_CHECKPOINT))
      add_product(&kept, BO_KEPT_REPEATED, counted->macs + counted->pooled, kept.again);
    kept.again = 0;
  }
  kept.save++;
  kept.image_id = model->image_id;
  kept.crc = bo_crc16(BO_CRC16_START, &kept, offsetof(bo_kept, crc));
  const uint32_t slot = BO_BUG_KEPT_IN_ONE_SLOT ? 0u : kept.save & 1u;
  bo_port_nvm_write(at + slot * BO_KEPT_BYTES, &kept, BO_KEPT_BYTES);
  /* The board may be switched off now, and the next save overwrites the other slot. */
  if (!BO_BUG_KEPT_UNCONFIRMED)
    bo_port_confirm();
  *counted = nothing;
}

static int has_work(const bo_counters *counted) {
  return (counted->reads | counted->writes | counted->macs | counted->pooled) != 0u;
}

void bo_kept_reset(const bo_model *of) {
  static const bo_counters nothing;
  model = of;
  bo_unsaved[NO_LAYER] = nothing;
  bo_unsaved[LAYER] = nothing;
  bo_unsaved_at = NO_LAYER;
  layer_at_hand = 0;
  begun_known = 0;
}

void bo_kept_layer(uint16_t layer) {
  if (layer >= model->layer_count) {
    bo_unsaved_at = NO_LAYER;
    return;
  }
  /* Scheme ideal goes on to the next layer without a commit. */
  if (layer != layer_at_hand && has_work(&bo_unsaved[LAYER]))
    save(LAYER, COUNTS);
  layer_at_hand = layer;
  bo_unsaved_at = LAYER;
}

void bo_kept_boot(const bo_progress *progress) {
  /* Until the first commit of an image NVM may be another's. */
  if (progress->fresh)
    return;
  bo_port_nvm_read(bo_kept_begun(model), &begun, sizeof begun);
  begun_known = 1;
  save(bo_unsaved_at, begun == (uint16_t)progress->record.sequence ? REPEAT : COUNTS);
}

void bo_kept_begin(const bo_progress *progress) {
  const uint16_t now = (uint16_t)progress->record.sequence;
  if (begun_known && begun == now)
    return;
  begun = now;
  begun_known = 1;
  bo_port_nvm_write(bo_kept_begun(model), &begun, sizeof begun);
}

void bo_kept_commit(void) {
  const uint8_t of = bo_unsaved_at;
  const uint8_t beside = of == LAYER ? NO_LAYER : LAYER;
  save(of, COMMIT);
  if (has_work(&bo_unsaved[beside]))
    save(beside, COUNTS);
}
#else
/* ISO C wants a declaration in every translation unit. */
typedef int bo_kept_left_out;
#endif

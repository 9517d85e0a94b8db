/**
 * Counters that survive resets: what a board did in its field life, per layer
 * (-DBO_KEEP_COUNTERS=1; otherwise nothing of this is in the program).
 *
 * Behind the model's NVM lie a word that names the step that was begun last, and per layer, and for
 * what belongs to none, two slots with totals. After each commit, and at each boot, what was
 * counted since is added to the newest whole slot and written to the other one: a cut there spoils
 * neither, and costs what that save would have added. No record waits for it and none is touched.
 */
#ifndef BROWNOUT_KEPT_H
#define BROWNOUT_KEPT_H

#include "counters.h"
#include "format.h"
#include "protocol.h"

/** Totals, in the order of bo_kept.low; network/kept_counters.ts names them, too. */
enum {
  BO_KEPT_BOOTS,
  BO_KEPT_REPEATS, /**< of these, boots that found their step begun: it is done again */
  BO_KEPT_COMMITS,
  BO_KEPT_READS,
  BO_KEPT_READ_BYTES,
  BO_KEPT_WRITES,
  BO_KEPT_WRITE_BYTES,
  BO_KEPT_MACS,
  BO_KEPT_POOLED,
  BO_KEPT_REPEATED, /**< of MACs and pooled elements, at most so many were done before, in vain */
  BO_KEPT_FIELDS
};

/** One slot: totals of 48 bits each. */
typedef struct {
  uint32_t save; /**< counts saves; in slot `save & 1`; serial arithmetic */
  uint16_t image_id;
  uint16_t again; /**< times that the step at hand was begun again */
  uint32_t low[BO_KEPT_FIELDS];
  uint16_t high[BO_KEPT_FIELDS];
  uint16_t unused; /**< 0 */
  uint16_t crc;    /**< CRC-16 over the 70 bytes before: a port's chip may compute it */
} bo_kept;
#define BO_KEPT_BYTES 72u
#define BO_KEPT_BEGUN_BYTES 4u

/** Address of the word of the step begun last: low half of the record's sequence. */
static inline uint32_t bo_kept_begun(const bo_model *model) {
  return (model->nvm_bytes + 3u) & ~(uint32_t)3u;
}

/** Address of the two slots of `layer`; layer_count: of what belongs to no layer. */
static inline uint32_t bo_kept_slots(const bo_model *model, uint32_t layer) {
  return bo_kept_begun(model) + BO_KEPT_BEGUN_BYTES + 2u * BO_KEPT_BYTES * layer;
}

/** End of all NVM that the program uses. build.mk computes the same. */
static inline uint32_t bo_nvm_end(const bo_model *model) {
  return BO_KEEP_COUNTERS ? bo_kept_slots(model, model->layer_count + 1u) : model->nvm_bytes;
}

#if BO_KEEP_COUNTERS
/** Before anything is counted: a boot starts with nothing unsaved. */
void bo_kept_reset(const bo_model *model);
/** Saves that a boot goes on from the record. */
void bo_kept_boot(const bo_progress *progress);
/** The step that the record names, or a start, begins. */
void bo_kept_begin(const bo_progress *progress);
/** Saves what was counted up to a commit, which is in NVM. */
void bo_kept_commit(void);
#else
static inline void bo_kept_reset(const bo_model *model) { (void)model; }
static inline void bo_kept_boot(const bo_progress *progress) { (void)progress; }
static inline void bo_kept_begin(const bo_progress *progress) { (void)progress; }
static inline void bo_kept_commit(void) {}
#endif

#endif

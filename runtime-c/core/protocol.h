/**
 * Progress that no power cut can spoil: records, results, releases. docs/protocol-brownout.md.
 *
 * Whatever a step reads stays as it is until the step's commit, and a repeated step writes the same
 * bytes; so a cut anywhere costs the step at hand and nothing else.
 */
#ifndef BROWNOUT_PROTOCOL_H
#define BROWNOUT_PROTOCOL_H

#include "format.h"

/** Names what is to be done NEXT, or has been begun. At BO_NVM_RECORDS, in slot `sequence & 1`. */
typedef struct {
  uint32_t sequence;  /**< of commits; serial arithmetic, so it may wrap */
  uint16_t layer;     /**< 0..L-1: run it from `batch`; L: write the result; L+1: idle */
  uint16_t inference; /**< the one at hand, or the last one when idle; counts from 1, may wrap */
  uint32_t batch;     /**< of the layer; 0 in schemes that have one record per layer */
  uint16_t image_id;
  uint16_t crc; /**< CRC-16 over the 14 bytes before */
} bo_record;

/** Everything up to and with `inference` is released. At BO_NVM_RELEASES, in slot `sequence & 1`.
 */
typedef struct {
  uint16_t inference;
  uint16_t sequence; /**< of releases; serial arithmetic */
  uint16_t image_id;
  uint16_t crc; /**< CRC-16 over the 6 bytes before */
} bo_release;

/** Before the outputs in result slot `inference & 1`. */
typedef struct {
  uint16_t inference;
  uint16_t image_id;
  uint16_t outputs; /**< elements that follow */
  uint16_t crc;     /**< CRC-16 over the 6 bytes before, then the outputs */
} bo_result;

/** What a boot knows. Lives in VM, so it starts anew with every boot. */
typedef struct {
  const bo_model *model;
  bo_record record; /**< the newest valid one; sequence 0 and idle where there is none */
  bo_release release;
  uint8_t fresh; /**< no valid record: nothing has ever run on this image */
#if BO_HAS_SCHEME(BO_SCHEME_STATEFUL)
  uint8_t resumes; /**< since the boot no layer has been run: the one at hand may have begun */
#endif
#if BO_HAS_SCHEME(BO_SCHEME_HAWAII)
  uint8_t mark_slot; /**< where the next mark goes */
  uint32_t sent;     /**< outputs of the layer at hand that have been sent, of bo_outputs_sent() */
  uint32_t to_send;
#endif
} bo_progress;

/** Whether the 16 bytes at `record`, of any image, are a bo_record with its CRC. */
int bo_record_is_whole(const void *record);

/** Two records are all that a boot reads to know where to go on. */
void bo_progress_read(bo_progress *progress, const bo_model *model);

/**
 * Erases both records, the older one first: at no moment is an older record the newest valid one,
 * so that whichever image returns finds its own newest state or none.
 */
void bo_records_erase(void);

/** Reads the release pair into progress->release. */
void bo_releases_read(bo_progress *progress);

/**
 * Confirms all data written before, writes the record that names what is next, confirms it, and,
 * in scheme tile, tells the port (which may switch the board off and never return).
 */
void bo_commit(bo_progress *progress, uint16_t layer, uint16_t inference, uint32_t batch);

/** Results that are whole and not yet released: 0, 1, 2; more means that NVM holds nonsense. */
uint16_t bo_results_waiting(const bo_progress *progress);

/** Writes output map and header to the result slot; the caller commits. Uses VM. */
void bo_result_write(const bo_progress *progress);

/** Reads the outputs of `inference`; 0 where its slot does not hold it whole. */
int bo_result_read(const bo_progress *progress, uint16_t inference, void *output);

/** Records that results up to `inference` are consumed; returns when that is in NVM. */
void bo_release_write(bo_progress *progress, uint16_t inference);

#endif

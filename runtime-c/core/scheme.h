/**
 * Preservation schemes: what is kept of an inference that a power cut interrupts, and when it is
 * written. docs/protocol-brownout.md, "Schemes". One per network; the code of the others is left
 * out where BO_SCHEME names it.
 */
#ifndef BROWNOUT_SCHEME_H
#define BROWNOUT_SCHEME_H

#include "nest.h"
#include "protocol.h"

/** Whether outputs are sent in groups of B. */
static inline int bo_has_groups(const bo_model *model) {
  return BO_HAS_GROUPS &&
         (bo_is_scheme(model, BO_SCHEME_HAWAII) || bo_is_scheme(model, BO_SCHEME_STATEFUL));
}

/** Whether the program has the model's scheme. */
static inline int bo_scheme_is_built(const bo_model *model) {
  return BO_SCHEME == BO_SCHEME_ANY ? model->scheme <= BO_SCHEME_IDEAL : model->scheme == BO_SCHEME;
}

/** Whether the scheme can keep every layer's design. */
int bo_scheme_fits(const bo_model *model);

/** Reads what a boot needs to know beside the records. */
void bo_scheme_boot(bo_progress *progress);

/** Stores the input map of inference `inference`. */
void bo_scheme_store_input(bo_progress *progress, uint16_t inference, const void *input);

/** Layer 0 of `inference` is next: the input map is stored. */
void bo_scheme_start(bo_progress *progress, uint16_t inference);

/** Runs the layer at hand from where NVM has it, to the next commit or to its end. */
void bo_scheme_step(bo_progress *progress);

/** Sends a run of a group: `count` outputs of `bytes` each, which lie side by side. */
void bo_scheme_send(bo_progress *progress, uint32_t nvm, uint8_t *from, uint32_t count,
                    uint32_t bytes);

/** A group of `outputs` outputs has been sent whole. */
void bo_scheme_sent(bo_progress *progress, uint32_t outputs);

/*
 * Scheme hawaii, marks.c: what of a layer is in NVM, as its marks tell.
 */

/** Outputs of the layer that the record names which are in NVM. In slot 0 and 1 by turns. */
typedef struct {
  uint32_t outputs; /**< bo_outputs_sent() counts them */
  uint16_t record;  /**< low half of the record's sequence */
  uint16_t crc;     /**< CRC-16 over the 6 bytes before, started from the record's CRC */
} bo_mark;

/** Sets progress->sent and progress->mark_slot from the marks that belong to the record. */
void bo_marks_read(bo_progress *progress);
/** Confirms the data before, writes the mark of progress->sent, confirms it. */
void bo_mark_write(bo_progress *progress);

/*
 * Scheme stateful, states.c: an output's top bit tells whether this inference has written it. The
 * state that a write leaves is not stored: it is the parity of all writes that its cell has seen,
 * and these follow from the inference number and the layer table.
 */

/** Clears the cells of all maps: what inference 1 finds. Uses VM. */
void bo_states_clear(const bo_model *model);
/** Gives `count` codes that go to `nvm` their states; `writer` 0: the start, k + 1: layer k. */
void bo_states_set(const bo_model *model, uint16_t inference, uint32_t writer, uint32_t nvm,
                   uint8_t *codes, uint32_t count);
/** Takes the states out of `count` codes of `bytes` each: the values as they were computed. */
void bo_states_strip(uint8_t *codes, uint32_t count, uint32_t bytes);
/** The first group of the layer at hand that is not whole in NVM; batch = batches: all are. */
bo_place bo_states_place(const bo_progress *progress);

#endif

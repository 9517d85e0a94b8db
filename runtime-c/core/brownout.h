/**
 * Brownout: inference that no power cut can spoil. The public interface.
 *
 * A power cut may come at any moment. After it, the application starts from main() as always and
 * calls brownout_infer() again; it goes on from the last commit. A typical application:
 *
 *     for (;;) {
 *       const void *input = brownout_wants_input() ? sample() : NULL;
 *       if (brownout_infer(input, output) == BO_DONE) {
 *         use(brownout_inference(), output);
 *         brownout_release();
 *       }
 *     }
 *
 * Delivery is exactly once: a result is handed out until brownout_release() has returned, also
 * after power cuts, and never afterwards; each has its inference number. What the application does
 * with a result before it releases it should be safe to do again, or keyed by that number.
 */
#ifndef BROWNOUT_H
#define BROWNOUT_H

#include "format.h"

typedef enum {
  BO_DONE = 0,    /**< the output is whole; or the step asked for is done */
  BO_NONE = 1,    /**< nothing to do: no inference runs, no result waits, no input was given */
  BO_BUSY = 2,    /**< brownout_start(): an inference is running */
  BO_FULL = 3,    /**< brownout_start(): two results wait; release one first */
  BO_REFUSED = 4, /**< the image in NVM is torn, of another model or format, or does not fit VM */
} bo_status;

/** The network, as dump writes it in model.c. */
extern const bo_model brownout_model;

/**
 * Finishes the inference that runs; or, when none does and no result waits, starts one on `input`.
 * `input` is [inputs] codes in the order h, w, channel, int8_t or int16_t as the network's elements
 * are; it is read only when an inference starts and may then be gone: it is copied to NVM. Null:
 * start nothing. `output` receives [outputs] codes when BO_DONE is returned; otherwise what it
 * holds means nothing. Where the board switches off after a commit, the call does not return; the
 * next boot's does. Returns BO_DONE, BO_NONE or BO_REFUSED.
 */
bo_status brownout_infer(const void *input, void *output);

/**
 * Number of the inference that was started last, on this boot or an earlier one; with a result just
 * handed out, that result's. Counts from 1, wraps; 0 on a new image. The next one is this plus 1.
 */
uint16_t brownout_inference(void);

/** Marks that result as consumed; returns when the mark is in NVM. Without a result: does nothing.
 */
void brownout_release(void);

/** Whether brownout_infer() would start an inference now, so that it is time to sample the sensor.
 */
int brownout_wants_input(void);

/** The steps one by one, for an application that samples while a result still waits (two may). */
bo_status brownout_start(const void *input); /**< BO_DONE, BO_BUSY, BO_FULL, BO_REFUSED */
bo_status brownout_run(void);            /**< to the end of the inference; BO_DONE, BO_REFUSED */
bo_status brownout_result(void *output); /**< the oldest; BO_DONE, BO_NONE, BO_REFUSED */

#endif

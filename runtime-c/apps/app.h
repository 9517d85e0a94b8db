/** What an application gives to apps/main.c, and gets. */
#ifndef BROWNOUT_APP_H
#define BROWNOUT_APP_H

#include "format.h"

/**
 * The input of inference number `inference`, BO_INPUTS of bo_code in the order h, w, channel, or
 * null while there is none. Called only when an inference would start; the codes need not outlive
 * the call of brownout_infer(). A code is clamp(round(x / input scale)); the scale is in dump's
 * layout.json.
 */
const bo_code *brownout_app_input(uint16_t inference);

/**
 * A result, BO_OUTPUTS of bo_code. Comes again after a power cut that falls before its release: the
 * same `inference` is the same result.
 */
void brownout_app_result(uint16_t inference, const bo_code *output);

/** The image is refused. Returns to try again. */
void brownout_app_refused(void);

/** The board's completion flag; each port has one. */
void bo_board_completion(int on);

#endif

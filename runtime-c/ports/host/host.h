/**
 * The host port: NVM in memory, power cuts at any write, VM that forgets.
 *
 * Writes lie in a list until bo_port_confirm(); a cut decides which of them NVM keeps. Host code
 * only: it allocates, and leaves a power cycle by longjmp.
 */
#ifndef BROWNOUT_HOST_H
#define BROWNOUT_HOST_H

#include <stdint.h>

/** What a cut leaves of the writes that are not confirmed, the last of which is the one cut. */
typedef enum {
  BO_CUT_BEFORE = 0,    /**< all but the last */
  BO_CUT_TORN = 1,      /**< all, of the last only the first `detail` bytes */
  BO_CUT_LAST_ONLY = 2, /**< none but the last */
  BO_CUT_SUBSET = 3,    /**< each or not, whole or torn, by random numbers from `detail` */
  BO_CUT_MODES = 4,
} bo_cut_mode;

/** A power cut at the `write`-th NVM write of a power cycle, counted from 1; 0: none. */
typedef struct {
  uint32_t write;
  bo_cut_mode mode;
  uint32_t detail;
} bo_cut;

/** How a power cycle ended. */
typedef enum {
  BO_CYCLE_RETURNED, /**< the program came to its end */
  BO_CYCLE_OFF,      /**< switched off after a commit */
  BO_CYCLE_CUT,
} bo_cycle_end;

/** Makes NVM of `bytes` bytes, all 0xff; drops an earlier one. */
void bo_host_nvm_make(uint32_t bytes);
/** What NVM holds, confirmed or not decided by a cut; valid between power cycles. */
uint8_t *bo_host_nvm(void);
uint32_t bo_host_nvm_bytes(void);

/** Image that bo_port_image_read() gives; null: NVM is programmed from outside. */
void bo_host_image(const uint8_t *image, uint32_t bytes);

/** Makes VM `bytes` bytes, at most BO_HOST_VM_BYTES. */
void bo_host_vm(uint32_t bytes);
#define BO_HOST_VM_BYTES 65536u

/**
 * One power cycle: poisons VM, runs `program` until it returns, the cut comes, or, where
 * `off_after_commit`, the first commit, or the first step of a first start. After the end NVM holds
 * what a medium would.
 */
bo_cycle_end bo_host_power_cycle(void (*program)(void *), void *context, const bo_cut *cut,
                                 int off_after_commit);

/** Told of each transfer before it happens, so that a power simulation can charge for it. */
typedef struct {
  void (*read)(uint32_t address, uint16_t bytes);
  void (*write)(uint32_t address, uint16_t bytes);
  void (*confirmed)(void); /**< after everything written is in NVM; may be null */
  int (*sleeps)(void); /**< behind each commit: whether the supply monitor has the board switch off;
                            null: it has none */
} bo_host_meter;

/** Within a bo_host_meter's `write`: what a cut at this write would leave, bo_host_nvm_bytes(). */
void bo_host_after_cut(const bo_cut *cut, uint8_t *nvm);

/** Writes that are not confirmed. */
uint32_t bo_host_unconfirmed(void);

/** Null: nobody is told. */
void bo_host_measure(const bo_host_meter *meter);

/**
 * Power fails at this moment; does not return. Within a bo_host_meter's `write` the first
 * `torn_bytes` of that write reach NVM; elsewhere BO_HOST_NO_WRITE. Writes before it are kept: they
 * had been sent.
 */
void bo_host_power_fails(uint32_t torn_bytes);
#define BO_HOST_NO_WRITE 0xffffffffu

/** NVM writes of the last power cycle. */
uint32_t bo_host_writes(void);

/** Bytes of write `index` (from 1) of the last power cycle. */
uint32_t bo_host_write_bytes(uint32_t index);

/** xorshift32: the harness's random numbers; a state is never 0. */
uint32_t bo_host_random(uint32_t *state);
/** A state from two numbers. */
uint32_t bo_host_seed(uint32_t a, uint32_t b);

#endif

/**
 * What the runtime does through the port and the kernels, each step charged to the capacitor and
 * booked to its layer. Knows the runtime's formats and docs/protocol-brownout.md, nothing of the
 * explorer.
 */
#ifndef BROWNOUT_POWER_METER_H
#define BROWNOUT_POWER_METER_H

#include "capacitor.h"
#include "format.h"
#include "table.h"

typedef enum {
  BO_DID_REBOOT,
  BO_DID_READ_RECORDS,
  BO_DID_READ_RELEASES,
  BO_DID_READ_RESULT,
  BO_DID_READ_MARKS, /**< of scheme hawaii, by a boot in the middle of a layer */
  BO_DID_READ_HEADER,
  BO_DID_READ_INPUT,
  BO_DID_READ_WEIGHTS, /**< and biases */
  BO_DID_READ_SUMS,
  BO_DID_READ_OUTPUT, /**< by the delivery */
  BO_DID_READ_ALL,    /**< constants, by the first start on an image, for their CRC */
  BO_DID_WRITE_ALL,   /**< constants, records of steps and the header, by the same */
  BO_DID_WRITE_RECORD,
  BO_DID_WRITE_RELEASE,
  BO_DID_WRITE_RESULT,
  BO_DID_WRITE_MARK,
  BO_DID_WRITE_INPUT,
  BO_DID_WRITE_SUMS,
  BO_DID_WRITE_OUTPUT,
  BO_DID_MAC,
  BO_DID_POOL,
  BO_DID_REQUANTISE,
  BO_DID_STATE, /**< set or stripped, of scheme stateful */
  BO_DEEDS
} bo_deed;

extern const char *const bo_deed_names[BO_DEEDS];

typedef struct {
  double count; /**< transfers, calls, or (pool, requantise, state) elements */
  double elements;
  double energy_J, latency_s;
} bo_booked;

/** Of one layer; start and delivery are one more. */
typedef struct {
  bo_booked deeds[BO_DEEDS];
  double on_s, off_s; /**< running; charging after this layer's power cycles */
  double energy_J;
  double cycles; /**< power cycles that ended here */
  double deaths; /**< of them, by an empty capacitor */
  double over;   /**< of them, that drew more than the safe budget */
  double cycle_max_J, cycle_min_J;
  double lost_J, lost_max_J; /**< drawn since progress was kept when power failed */
} bo_account;

#define BO_ACCOUNTS 65u

/** Work as the runtime's counters tell it: kernel calls and their lengths, elements; may wrap. */
typedef struct {
  uint32_t calls, macs, pooled, requantised, states;
} bo_work;

typedef struct {
  const bo_model *model;
  const bo_platform *platform;
  bo_capacitor capacitor;
  int mains; /**< on a bench supply until the first commit: time passes, the capacitor stays full */
  uint32_t committed;          /**< commits by the runtime's counters, when they were looked at */
  int published;               /**< accounts of protocol inas2021 (published.h); no capacitor */
  int indices_read, sums_read; /**< published: in this power cycle */
  double backed_up;            /**< published: outputs, in this power cycle */
  double above_V; /**< behind a commit the board goes on above it, and is off below; 0: goes on */
  bo_account accounts[BO_ACCOUNTS];
  bo_booked boot[2]; /**< reboot and records, until it is known which layer the boot serves */
  bo_work counted[BO_ACCOUNTS]; /**< by the runtime, when it was looked at last */
  bo_work drawn;                /**< since then, by kernels that are metered one by one */
  double cycle_J;               /**< drawn since this power cycle began */
  double since_kept_J;          /**< drawn since a record, a mark, or codes with a state */
  double commits;
  double kept;        /**< times that progress was kept: commits, marks, codes with a state */
  double delivered;   /**< results in NVM */
  int result_written; /**< in this power cycle, its record is still to come */
} bo_meter;

/** Becomes the meter that port and kernels report to; the capacitor is at V_on. */
void bo_meter_start(bo_meter *meter, const bo_model *model, const bo_platform *platform,
                    bo_source *source);

/** The board starts: charges for the reboot. Within a power cycle of the host port. */
void bo_meter_boot(bo_meter *meter);

/** The buffer that a design keeps. */
bo_reuse bo_reuse_of(const bo_design *design);

/** A power cycle is over. */
void bo_meter_cycle_end(bo_meter *meter, int died);

/** Time off after it, to be booked to the layer that ran last. */
void bo_meter_off(bo_meter *meter, double off_s);

/** Forgets all accounts, not the capacitor. */
void bo_meter_clear(bo_meter *meter);

#endif

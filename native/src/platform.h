/** A platform with everything resolved: limits, energy buffer and coefficients
 * (network/platform.ts). */
#pragma once

#include "cost.h"

#include <cstdint>

namespace brownout {

/** Which buffer the innermost loops leave untouched. */
enum class Reuse { input = 0, weights = 1, output = 2 };

struct EnergyBuffer {
  double capacitance_F;
  double harvester_ohm;
  double v_on;
  double v_off;
  double v_supply;
  double safe_margin;

  bool operator==(const EnergyBuffer &) const = default;

  Joules full_J() const { return 0.5 * capacitance_F * (v_on * v_on - v_off * v_off); }
  Joules safe_J() const { return safe_margin * full_J(); }
};

struct Platform {
  uint32_t element_bytes;
  /** Layers with weights have a bo_scale per output channel. */
  bool per_channel;
  uint32_t vm_bytes;
  uint32_t nvm_bytes;
  /** MAC kernel lengths must be multiples of this. */
  uint32_t length_multiple;
  EnergyBuffer buffer;

  Affine nvm_read;
  Affine nvm_write;
  Affine mac;
  Cost add;
  Cost multiply;
  Cost divide;
  Cost max;
  Cost requantise;
  /** Of a commit, beside writing its record. */
  Cost commit;
  Cost reboot;

  /** Address arithmetic of one transfer or operation; outputs by reuse. */
  Cost fetch_input;
  Cost fetch_weights;
  Cost fetch_output[3];
  Cost backup_output[3];
  Cost partial_sum;
  Cost accumulate;
  Cost pool;

  /** Published defect: a global pool's continuous-power window is computed as a convolution's. */
  bool continuous_pool_window;

  bool operator==(const Platform &) const = default;

  /** A commit. */
  Cost record() const { return nvm_write.of(8) + commit; }
};

} // namespace brownout

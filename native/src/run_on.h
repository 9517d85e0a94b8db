/**
 * Latency where the board goes on after a commit while the capacitor holds enough, instead of
 * switching off (`after_commit: run_on`, docs/protocol-brownout.md).
 */
#pragma once

#include "network.h"

namespace brownout {

/** Steps that are alike, one behind the other: a batch or a delivery with its record, no boot. */
struct Steps {
  Cost work;
  uint64_t count;
};

/** The batches of a layer in the order in which the runtime walks them. */
std::vector<Steps> steps_of(const Platform &platform, const bo_shape &shape,
                            const bo_design &design);

/**
 * The voltage above which the board goes on: what is stored between it and V_off is the worst step,
 * without a boot, by the margin. At most V_on where the step with its boot is safe.
 */
double run_on_above_V(const EnergyBuffer &buffer, Joules worst_step);

/**
 * The board's time line, step by step, on the capacitor of cycle_recharge_s(): it boots at V_on or
 * above; behind each commit it goes on above the threshold, and else is off until V_on. Harvest
 * counts all the time. A step runs at its mean power, a reboot before it at its own.
 */
class RunOnClock {
public:
  RunOnClock(const Platform &platform, double above_V);

  void run(const Steps &steps);

  /** Of this and all steps before: running, and charging after power cycles. */
  double time_s() const { return time_s_; }
  double boots() const { return boots_; }
  Joules energy_J() const { return energy_J_; }
  double voltage_V() const { return voltage_V_; }
  /** The lowest voltage at any end of a step. */
  double lowest_V() const { return lowest_V_; }

private:
  void step(const Cost &work);

  const Platform &platform_;
  double above_V_;
  double voltage_V_, lowest_V_;
  bool on_ = false;
  double time_s_ = 0, boots_ = 0;
  Joules energy_J_ = 0;
};

struct RunOn {
  /** Of one inference: the mean of many, for a power cycle may reach over several. */
  double latency_s;
  double energy_J;
  double power_cycles;
  double above_V;
  double lowest_V;
  /** Of any designs with these steps: all of them without boots and without charging. */
  double running_s;
  /** By layer, and of start and delivery together at the end. */
  std::vector<double> layer_latency_s, layer_power_cycles;
};

/** Batches of all layers. */
double run_on_batches(const NetworkRequest &request,
                      const std::vector<std::optional<bo_design>> &designs);

/** Of what no designs of a network that runs on take less, whenever they find the board on. */
enum class Relaxation {
  /** The energy of all batches without boots. */
  work_energy,
  /** Their time, without boots and without charging. */
  work_time,
};

/**
 * A request of which the optimum's `energy_J` is that least: boots cost nothing. For `work_time`
 * its joules are seconds, and no power cycle is too long.
 */
NetworkRequest relaxed(NetworkRequest request, Relaxation relaxation);

/** One layer alone, from V_on on, under a threshold of its own. */
RunOn run_on_layer(const Platform &platform, const bo_shape &shape, const bo_design &design);

/**
 * A network: start, layers, delivery, the next start. Measured from the first delivery to as many
 * later ones; the first start finds a full capacitor.
 * @param designs null where a layer does no work
 */
RunOn run_on_network(const NetworkRequest &request,
                     const std::vector<std::optional<bo_design>> &designs, unsigned inferences);

} // namespace brownout

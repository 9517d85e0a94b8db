/** The runtime's cost of one design with its places in VM and NVM, and the time power cycles take.
 */
#pragma once

#include "brownout_model.h"
#include "capacitor.h"
#include "explorer.h"
#include "until_failure.h"

namespace brownout {

/** Layer latency from its power cycles: running and charging. */
inline double layer_latency_s(const LayerTask &task, const Evaluation &evaluation) {
  if (task.power == Power::continuous)
    return evaluation.running_s();
  if (evaluation.unit_J > 0)
    return evaluation.running_s() + evaluation.cycles() * evaluation.recharge_s;
  const EnergyBuffer &buffer = task.platform->buffer;
  double sum = 0, charge_s = 0;
  const Cost *solved = nullptr;
  for (const CycleClass &c : evaluation.classes) {
    const bool known = solved != nullptr && solved->energy_J == c.cost.energy_J &&
                       solved->latency_s == c.cost.latency_s;
    if (!known) {
      charge_s = task.protocol == Protocol::inas2021 ? published_recharge_s(buffer, c.cost.energy_J)
                                                     : cycle_recharge_s(*task.platform, c.cost);
    }
    solved = &c.cost;
    sum += c.cycles * (c.cost.latency_s + charge_s);
  }
  return sum;
}

/** What our runtime does. */
class RuntimeModel {
public:
  explicit RuntimeModel(const LayerTask &task) : task_(task), model_(*task.platform, task.shape) {}

  void place(const bo_design &design) {
    nest_ = bo_nest_make(&task_.shape, &design);
    layout_ = bo_vm_plan(&task_.shape, &design, &nest_);
    plane_ = bo_plane_make(&task_.shape, &design, &nest_);
  }
  /** Batches of other sizes hold other tiles, which border and padding make unlike. */
  bool grows_with_s() const { return false; }
  uint64_t vm_bytes() const { return layout_.total_bytes; }
  uint64_t plane_bytes() const { return bo_plane_bytes(&plane_); }
  bo_vm_layout layout() const { return layout_; }
  bool aligned(const bo_design &design) { return model_.aligned(design); }
  void evaluate(const bo_design &design, Evaluation &evaluation) {
    if (sleeps_after_commits(design.scheme)) {
      model_.evaluate(design, nest_, plane_, evaluation);
      return;
    }
    evaluate_until_failure(model_, *task_.platform, task_.shape, design, nest_, plane_, evaluation);
    marks_ = evaluation.marks;
  }
  uint32_t batches() const { return nest_.batches; }
  /** NVM bytes that the layer, which was evaluated, writes uninterrupted: sums, codes, records,
   * marks. */
  double written_bytes(const bo_design &design) const {
    const double records = sleeps_after_commits(design.scheme) ? nest_.batches
                           : design.scheme == BO_SCHEME_IDEAL  ? 0
                                                               : 1;
    const double outputs = static_cast<double>(task_.shape.r) * task_.shape.c * task_.shape.m;
    return bo_element_bytes(&task_.shape) * outputs +
           4 * outputs * (bo_visits(&design, &nest_) - 1.0) + BO_RECORD_BYTES * records +
           BO_MARK_BYTES * marks_;
  }

private:
  const LayerTask &task_;
  BrownoutModel model_;
  bo_nest nest_{};
  bo_vm_layout layout_{};
  bo_plane plane_{};
  double marks_ = 0;
};

} // namespace brownout

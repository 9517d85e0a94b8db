/** The published cost of one design. */
#pragma once

#include "explorer.h"
#include "inas2021.h"

namespace brownout {

/** The published model: 16-bit sums in place, no planes. */
class PublishedModel {
public:
  explicit PublishedModel(const LayerTask &task) : task_(task) {}

  void place(const bo_design &design) {
    if (!tile_ || !tile_->is_of(design))
      tile_.emplace(*task_.platform, task_.shape, design);
    vm_bytes_ = tile_->vm_elements(design.s) * task_.platform->element_bytes;
  }
  /** Whether a larger S of the design that was placed last can only miss by more. */
  bool grows_with_s() const { return tile_->grows_with_s(); }
  uint64_t vm_bytes() const { return vm_bytes_; }
  uint64_t plane_bytes() const { return 0; }
  bo_vm_layout layout() const { return {}; }
  bool aligned(const bo_design &design) const {
    return task_.shape.kind != BO_CONV || design.tn % task_.platform->length_multiple == 0;
  }
  /** Of the design that was placed last, as all below. */
  double written_bytes(const bo_design &design) {
    return tile_->written_elements(design.s, task_.power == Power::intermittent) *
           task_.platform->element_bytes;
  }
  void evaluate(const bo_design &design, Evaluation &evaluation) {
    if (task_.power == Power::continuous)
      tile_->continuous(design.s, evaluation);
    else
      tile_->intermittent(design.s, evaluation);
  }

private:
  const LayerTask &task_;
  std::optional<Inas2021Tile> tile_;
  uint64_t vm_bytes_ = 0;
};

} // namespace brownout

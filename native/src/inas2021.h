/** The published performance model (iNAS, TECS 2021): one commit per power cycle, 16-bit sums. */
#pragma once

#include "design.h"
#include "evaluation.h"

namespace brownout {

/**
 * What the model says of the designs that share tile sizes and loop order: all but S is worked out
 * once, for a space holds several S of each. The sizes in the design divide the layer's.
 */
class Inas2021Tile {
public:
  /** @param platform, shape must outlive it; the design's S is not looked at */
  Inas2021Tile(const Platform &platform, const bo_shape &shape, const bo_design &design);

  /** Whether VM and the worst power cycle only grow with S. Not where a batch of the whole sweep
   * fetches no partial sums. */
  bool grows_with_s() const { return !reduces_; }

  bool is_of(const bo_design &d) const {
    return d.tr == design_.tr && d.tc == design_.tc && d.tm == design_.tm && d.tn == design_.tn &&
           d.order[3] == design_.order[3];
  }

  /** Elements of VM, all buffers. */
  uint64_t vm_elements(uint32_t s) const {
    return vm_elements_ + (reduces_ ? 1 : s) * vm_elements_per_s_;
  }

  /** Elements written to NVM by the layer: sums or outputs and, under intermittent power, the
   * indices. */
  double written_elements(uint32_t s, bool intermittent);

  /** Power cycles without and with partial sums to fetch. */
  void intermittent(uint32_t s, Evaluation &evaluation);

  /** The whole layer under continuous power: one class of one "cycle". */
  void continuous(uint32_t s, Evaluation &evaluation);

private:
  void pool_intermittent(uint32_t s, Evaluation &evaluation) const;
  void pool_continuous(Evaluation &evaluation) const;
  Cost backup(uint32_t s) const;
  void know_costs();

  const Platform &platform_;
  const bo_shape &shape_;
  const bo_design design_;
  const Reuse reuse_;
  const bool pool_;
  /** A batch accumulates the tiles of its sweep in one block of sums. */
  const bool reduces_;
  /** Tiles of the pixels, of the output channels, and of the input channels. */
  double spatial_, m_tiles_, n_tiles_;
  double pixels_;
  /** Most tiles fit no VM: their costs are worked out when first asked for. */
  bool knows_costs_ = false;
  /** Of one tile: what intermittent and continuous power share. */
  Cost input_, weights_, sums_, compute_;
  /** Indices and reboot of a power cycle. */
  Cost cycle_;
  uint64_t vm_elements_, vm_elements_per_s_;
};

} // namespace brownout

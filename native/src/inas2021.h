/** The published performance model (iNAS, TECS 2021): one commit per power cycle, 16-bit sums. */
#pragma once

#include "design.h"
#include "evaluation.h"

namespace brownout {

/** Elements of VM, all buffers. */
uint64_t inas2021_vm_elements(const bo_shape &shape, const bo_design &design);

/** Elements written to NVM by the layer: sums or outputs and, under intermittent power, the
 * indices. */
double inas2021_written_elements(const bo_shape &shape, const bo_design &design, bool intermittent);

/** Power cycles without and with partial sums to fetch; the sizes in the design divide the layer's.
 */
void inas2021_intermittent(const Platform &platform, const bo_shape &shape, const bo_design &design,
                           Evaluation &evaluation);

/** The whole layer under continuous power: one class of one "cycle". */
void inas2021_continuous(const Platform &platform, const bo_shape &shape, const bo_design &design,
                         Evaluation &evaluation);

} // namespace brownout

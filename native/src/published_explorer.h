/** Explores published spaces: they are small enough for every design to be visited. */
#pragma once

#include "explorer.h"

namespace brownout {

/** Fills the results of the tasks whose space is published; not of all when cancelled. */
void explore_published(const std::vector<LayerTask> &tasks, unsigned threads,
                       const std::atomic<bool> &cancelled, std::vector<LayerResult> &results);

} // namespace brownout

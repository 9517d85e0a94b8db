/** Requests of native/addon.ts; all throw Napi::TypeError that names the field. */
#pragma once

#include "napi_reader.h"
#include "network.h"

#include <cstdint>
#include <vector>

namespace brownout {

/** One layer of a network, where the walk can take it. */
NetworkLayer read_layer(const Reader &from, int index);

NetworkRequest read_request(const Reader &from);

bo_design read_design(const Reader &from, const NetworkRequest &request);

/** Indices, or -1 for none. */
std::vector<int32_t> read_indices(const Reader &from, const char *key);

} // namespace brownout

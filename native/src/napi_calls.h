/** Calls of the addon that have a file of their own. */
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>

namespace brownout {

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

/** space(request, threads) -> { promise, cancel }; the promise gives null when cancelled. */
Napi::Value space(const Napi::CallbackInfo &info);

/** infer(network, inputs, threads) -> promise; host_inference.h. */
Napi::Value infer(const Napi::CallbackInfo &info);

} // namespace brownout

/** Calls of the addon that have a file of their own. */
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>

namespace brownout {

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

/** @throws Napi::TypeError where it is not from 1 to 1024 */
inline unsigned read_threads(const Napi::Value &from) {
  const double threads = from.As<Napi::Number>().DoubleValue();
  if (!(threads >= 1 && threads <= 1024))
    throw Napi::TypeError::New(from.Env(), "threads must be from 1 to 1024");
  return static_cast<unsigned>(threads);
}

/** Starts a worker; { promise, cancel }. */
template <class Worker>
Napi::Object start(Napi::Env env, Worker *worker, const CancelFlag &cancelled) {
  Napi::Object out = Napi::Object::New(env);
  out["promise"] = worker->promise();
  out["cancel"] = Napi::Function::New(
      env, [cancelled](const Napi::CallbackInfo &) { cancelled->store(true); }, "cancel");
  worker->Queue();
  return out;
}

/** space(request, threads) -> { promise, cancel }; the promise gives null when cancelled. */
Napi::Value space(const Napi::CallbackInfo &info);

/** infer(network, inputs, threads) -> promise; host_inference.h. */
Napi::Value infer(const Napi::CallbackInfo &info);

} // namespace brownout

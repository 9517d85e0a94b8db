/** The addon: plain objects in, plain objects out, the work on other threads (native/mod.ts is its
 * face). */
#include "failure_clock.h"
#include "napi_answer.h"
#include "napi_calls.h"
#include "napi_request.h"
#include "run_on.h"
#include "schemes.h"

#include <atomic>
#include <limits>
#include <memory>
#include <string>

using namespace brownout;

namespace {

class ExploreWorker : public Napi::AsyncWorker {
public:
  ExploreWorker(Napi::Env env, std::vector<NetworkRequest> requests, unsigned threads,
                CancelFlag cancelled, double time_limit_s)
      : AsyncWorker(env, "brownout.explore"), deferred_(Napi::Promise::Deferred::New(env)),
        requests_(std::move(requests)), threads_(threads), cancelled_(std::move(cancelled)),
        time_limit_s_(time_limit_s) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    answers_ = explore_networks(requests_, threads_, *cancelled_, time_limit_s_);
  }

  void OnOK() override {
    const Napi::Env env = Env();
    Napi::HandleScope scope(env);
    if (!answers_)
      return deferred_.Resolve(env.Null());
    Napi::Array out = Napi::Array::New(env);
    for (uint32_t i = 0; i < answers_->size(); i++)
      out[i] = write_answer(env, (*answers_)[i]);
    deferred_.Resolve(out);
  }

  void OnError(const Napi::Error &error) override { deferred_.Reject(error.Value()); }

private:
  Napi::Promise::Deferred deferred_;
  std::vector<NetworkRequest> requests_;
  unsigned threads_;
  CancelFlag cancelled_;
  double time_limit_s_;
  std::optional<std::vector<NetworkAnswer>> answers_;
};

/** explore(requests, threads, time_limit_s?) -> { promise, cancel }; the promise gives null when
 * cancelled. */
Napi::Value explore(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsArray() || !info[1].IsNumber())
    throw Napi::TypeError::New(env, "explore(requests, threads)");
  const Napi::Array list = info[0].As<Napi::Array>();
  const unsigned threads = read_threads(info[1]);
  double time_limit_s = std::numeric_limits<double>::infinity();
  if (info.Length() > 2 && info[2].IsNumber())
    time_limit_s = info[2].As<Napi::Number>().DoubleValue();
  if (!(time_limit_s >= 0))
    throw Napi::TypeError::New(env, "time_limit_s must not be negative");
  std::vector<NetworkRequest> requests;
  for (uint32_t i = 0; i < list.Length(); i++)
    requests.push_back(read_request(item(list, i, "requests")));
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  auto *worker = new ExploreWorker(env, std::move(requests), threads, cancelled, time_limit_s);
  return start(env, worker, cancelled);
}

/** runOn() walks them while the event loop waits. */
constexpr double MAX_RUN_ON_BATCHES = 1 << 24;

/** cost(request, layer, design): one design of one layer, feasible or not. */
Napi::Value cost(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsObject() || !info[1].IsNumber() || !info[2].IsObject())
    throw Napi::TypeError::New(env, "cost(request, layer, design)");
  const NetworkRequest request = read_request({info[0].As<Napi::Object>(), "request"});
  const double index = info[1].As<Napi::Number>().DoubleValue();
  if (!(index >= 0 && index < static_cast<double>(request.layers.size())))
    throw Napi::TypeError::New(env, "layer must be an index of a layer");
  const NetworkLayer &layer = request.layers[static_cast<size_t>(index)];
  if (layer.no_work)
    throw Napi::TypeError::New(env, "the layer does no work");
  const LayerTask task{&request.platform, request.protocol, request.power, layer.shape,
                       std::numeric_limits<uint64_t>::max()};
  const bo_design design = read_design({info[2].As<Napi::Object>(), "design"}, request);
  return write_costed(env, cost_design(task, design));
}

/** runOn(request, designs, inferences): a network's latency where the board goes on after commits;
 * a design per layer, null where it does no work. */
Napi::Value run_on(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsObject() || !info[1].IsArray() || !info[2].IsNumber())
    throw Napi::TypeError::New(env, "runOn(request, designs, inferences)");
  const double inferences = info[2].As<Napi::Number>().DoubleValue();
  if (!(inferences >= 1 && inferences <= 1000))
    throw Napi::TypeError::New(env, "inferences must be from 1 to 1000");
  const NetworkRequest request = read_request({info[0].As<Napi::Object>(), "request"});
  if (request.protocol != Protocol::brownout || request.power != Power::intermittent)
    throw Napi::TypeError::New(env, "request.protocol must be brownout, power intermittent");
  const Napi::Array list = info[1].As<Napi::Array>();
  if (list.Length() != request.layers.size())
    throw Napi::TypeError::New(env, "designs must have one entry per layer");
  std::vector<std::optional<bo_design>> designs;
  for (uint32_t i = 0; i < list.Length(); i++) {
    designs.emplace_back();
    if (!request.layers[i].no_work)
      designs.back() = read_design(item(list, i, "designs"), request);
  }
  if (inferences * run_on_batches(request, designs) > MAX_RUN_ON_BATCHES)
    throw Napi::TypeError::New(env, "designs make more batches than can be walked one by one");
  const auto count = static_cast<unsigned>(inferences);
  const RunOn result = sleeps_after_commits(request.scheme)
                           ? run_on_network(request, designs, count)
                           : until_failure_network(request, designs, count);
  Napi::Object out = Napi::Object::New(env);
  out["latency_s"] = result.latency_s;
  out["energy_J"] = result.energy_J;
  out["power_cycles"] = result.power_cycles;
  out["above_V"] = result.above_V;
  out["lowest_V"] = result.lowest_V;
  out["running_s"] = result.running_s;
  out["layer_latency_s"] = write_numbers(env, result.layer_latency_s);
  out["layer_power_cycles"] = write_numbers(env, result.layer_power_cycles);
  return out;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["explore"] = Napi::Function::New(env, explore, "explore");
  exports["space"] = Napi::Function::New(env, space, "space");
  exports["cost"] = Napi::Function::New(env, cost, "cost");
  exports["runOn"] = Napi::Function::New(env, run_on, "runOn");
  exports["infer"] = Napi::Function::New(env, infer, "infer");
  return exports;
}

} // namespace

NODE_API_MODULE(brownout, init)

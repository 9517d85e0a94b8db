/** space(): a table of all networks of a search space, made off the event loop. */
#include "napi_calls.h"
#include "napi_request.h"
#include "space_table.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

namespace brownout {
namespace {

/** Most networks that a table is made for. */
constexpr double MAX_NETWORKS = 1 << 28;

std::vector<ChainLayer> read_chain(const Reader &from, int32_t layers) {
  std::vector<ChainLayer> chain;
  const std::vector<int32_t> named = read_indices(from, "layers");
  const Napi::Array back = from.list("back");
  if (back.Length() != named.size())
    from.refuse("back", "must have one entry per layer");
  for (uint32_t i = 0; i < named.size(); i++) {
    if (named[i] < 0 || named[i] >= layers || !back.Get(i).IsArray())
      from.refuse("layers", "must name layers");
    const Napi::Array list = back.Get(i).As<Napi::Array>();
    ChainLayer one{named[i], {}};
    for (uint32_t k = 0; k < list.Length(); k++) {
      const double value = list.Get(k).ToNumber().DoubleValue();
      // One back from the first layer is what stands before the chain.
      if (!(value >= 1 && value <= i + 1) || value != std::floor(value))
        from.refuse("back", "must stay within the chain and the layer before it");
      one.back.push_back(static_cast<int32_t>(value));
    }
    if (one.back.empty())
      from.refuse("back", "must name an input of every layer");
    chain.push_back(std::move(one));
  }
  return chain;
}

SpaceRequest read_space(const Reader &from) {
  SpaceRequest request{read_request(from.child("common")), {}, {}, read_indices(from, "tails")};
  const auto layers = static_cast<int32_t>(request.common.layers.size());
  const Napi::Array chains = from.list("chains"), levels = from.list("levels");
  if (levels.Length() == 0 || request.tails.empty())
    from.refuse("levels", "must not be empty");
  for (uint32_t i = 0; i < chains.Length(); i++)
    request.chains.push_back(read_chain(item(chains, i, from.path() + ".chains"), layers));
  const auto known = static_cast<int32_t>(request.chains.size());
  double networks = 1;
  uint32_t states = 1;
  for (uint32_t i = 0; i < levels.Length(); i++) {
    const Reader level = item(levels, i, from.path() + ".levels");
    SpaceLevel l{level.integer("choices", 1, 1 << 20), read_indices(level, "chain"),
                 read_indices(level, "next")};
    networks *= l.choices;
    if (l.chain.size() != uint64_t{states} * l.choices || l.next.size() != l.chain.size())
      level.refuse("chain", "must have one entry per state and choice");
    int32_t most = 0;
    for (size_t k = 0; k < l.chain.size(); k++) {
      if (l.chain[k] >= known || (l.chain[k] >= 0 && l.next[k] < 0))
        level.refuse("chain", "must name chains");
      most = std::max(most, l.next[k]);
    }
    states = static_cast<uint32_t>(most) + 1;
    request.levels.push_back(std::move(l));
  }
  if (networks > MAX_NETWORKS)
    from.refuse("levels", "make more than 2^28 networks");
  if (states > request.tails.size())
    from.refuse("tails", "must have one entry per last state");
  for (const int32_t tail : request.tails)
    if (tail < 0 || tail >= known || request.chains[static_cast<size_t>(tail)].empty())
      from.refuse("tails", "must name chains that are not empty");
  return request;
}

/** The table's columns while the worker fills them. They are copied in the end: a worker that
 * writes where JavaScript's memory lies would go on writing when a process that exits frees it. */
struct TableMemory {
  explicit TableMemory(size_t networks)
      : size(networks), costs(std::make_unique_for_overwrite<double[]>(3 * networks)),
        state(std::make_unique_for_overwrite<NetworkState[]>(networks)) {}

  SpaceColumns columns() const { return {column(0), column(1), column(2), {state.get(), size}}; }
  std::span<double> column(size_t which) const { return {costs.get() + which * size, size}; }
  Napi::Float64Array numbers(Napi::Env env, size_t which) const {
    const auto from = column(which);
    Napi::Float64Array to = Napi::Float64Array::New(env, size);
    std::copy(from.begin(), from.end(), to.Data());
    return to;
  }
  Napi::Uint8Array states(Napi::Env env) const {
    Napi::Uint8Array to = Napi::Uint8Array::New(env, size);
    std::transform(state.get(), state.get() + size, to.Data(),
                   [](NetworkState one) { return static_cast<uint8_t>(one); });
    return to;
  }

  const size_t size;
  const std::unique_ptr<double[]> costs;
  const std::unique_ptr<NetworkState[]> state;
};

class SpaceWorker : public Napi::AsyncWorker {
public:
  SpaceWorker(Napi::Env env, SpaceRequest request, unsigned threads, CancelFlag cancelled)
      : AsyncWorker(env, "brownout.space"), deferred_(Napi::Promise::Deferred::New(env)),
        request_(std::move(request)), threads_(threads), cancelled_(std::move(cancelled)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    // Here and not before: what cannot be allocated is told as an error.
    memory_.emplace(network_count(request_));
    summary_ = explore_space(request_, threads_, *cancelled_, memory_->columns());
  }

  void OnOK() override {
    const Napi::Env env = Env();
    Napi::HandleScope scope(env);
    if (!summary_)
      return deferred_.Resolve(env.Null());
    Napi::Object out = Napi::Object::New(env);
    out["latency_s"] = memory_->numbers(env, 0);
    out["energy_J"] = memory_->numbers(env, 1);
    out["written_bytes"] = memory_->numbers(env, 2);
    out["state"] = memory_->states(env);
    out["designs"] = static_cast<double>(summary_->designs);
    out["visited"] = static_cast<double>(summary_->visited);
    out["layers"] = static_cast<double>(summary_->layers);
    out["limited_layers"] = static_cast<double>(summary_->limited_layers);
    deferred_.Resolve(out);
  }

  void OnError(const Napi::Error &error) override { deferred_.Reject(error.Value()); }

private:
  Napi::Promise::Deferred deferred_;
  SpaceRequest request_;
  std::optional<TableMemory> memory_;
  unsigned threads_;
  CancelFlag cancelled_;
  std::optional<SpaceSummary> summary_;
};

} // namespace
Napi::Value space(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsObject() || !info[1].IsNumber())
    throw Napi::TypeError::New(env, "space(request, threads)");
  const unsigned threads = read_threads(info[1]);
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  auto *worker =
      new SpaceWorker(env, read_space({info[0].As<Napi::Object>(), "request"}), threads, cancelled);
  return start(env, worker, cancelled);
}

} // namespace brownout

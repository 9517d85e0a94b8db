/** The addon: plain objects in, plain objects out, the work on other threads (native/mod.ts is its
 * face). */
#include "failure_clock.h"
#include "napi_reader.h"
#include "run_on.h"
#include "schemes.h"
#include "space_table.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

using namespace brownout;

namespace {

/** Of a map or of weights. */
constexpr uint64_t MAX_ELEMENTS = uint64_t{1} << 28;

Cost read_cost(const Reader &from) { return {from.cost("energy_J"), from.cost("latency_s")}; }

Affine read_affine(const Reader &from) {
  return {{from.cost("energy_fixed_J"), from.cost("latency_fixed_s")},
          {from.cost("energy_per_element_J"), from.cost("latency_per_element_s")}};
}

Platform read_platform(const Reader &from) {
  Platform p{};
  p.element_bytes = from.integer("element_bytes", 1, 2);
  p.per_channel = from.has("weight_scales") && from.word("weight_scales") == "per_channel";
  p.vm_bytes = from.integer("vm_bytes", 1, UINT32_MAX);
  p.nvm_bytes = from.integer("nvm_bytes", 1, UINT32_MAX);
  p.length_multiple = from.integer("length_multiple", 1, 2);
  p.buffer = {from.positive("capacitance_F"), from.positive("harvester_ohm"),
              from.positive("v_on"),          from.positive("v_off"),
              from.positive("v_supply"),      from.positive("safe_margin")};
  if (!(p.buffer.v_off < p.buffer.v_on && p.buffer.v_on < p.buffer.v_supply))
    from.refuse("v_on", "must lie between v_off and v_supply");
  if (p.buffer.safe_margin > 1)
    from.refuse("safe_margin", "must be at most 1");
  p.nvm_read = read_affine(from.child("nvm_read"));
  p.nvm_write = read_affine(from.child("nvm_write"));
  p.mac = read_affine(from.child("mac"));
  p.add = read_cost(from.child("add"));
  p.multiply = read_cost(from.child("multiply"));
  p.divide = read_cost(from.child("divide"));
  p.max = read_cost(from.child("max"));
  p.requantise = read_cost(from.child("requantise"));
  p.commit = read_cost(from.child("commit"));
  p.reboot = read_cost(from.child("reboot"));
  if (!(p.reboot.latency_s > 0))
    from.refuse("reboot", "must take some time");
  const Reader overheads = from.child("overheads");
  p.fetch_input = read_cost(overheads.child("fetch_input"));
  p.fetch_weights = read_cost(overheads.child("fetch_weights"));
  const char *fetch[] = {"fetch_output_I", "fetch_output_W", "fetch_output_O"};
  const char *backup[] = {"backup_output_I", "backup_output_W", "backup_output_O"};
  for (int i = 0; i < 3; i++) {
    p.fetch_output[i] = read_cost(overheads.child(fetch[i]));
    p.backup_output[i] = read_cost(overheads.child(backup[i]));
  }
  p.partial_sum = read_cost(overheads.child("partial_sum"));
  p.accumulate = read_cost(overheads.child("accumulate"));
  p.pool = read_cost(overheads.child("pool"));
  p.continuous_pool_window = from.flag("continuous_pool_window");
  return p;
}

/** Four letters of R, C, M, N. */
void read_order(const Reader &from, uint8_t *loops) {
  const std::string letters = "RCMN", order = from.word("loop_order");
  if (order.size() != 4 || !std::is_permutation(order.begin(), order.end(), letters.begin()))
    from.refuse("loop_order", "must be four letters of R, C, M, N");
  for (size_t i = 0; i < 4; i++)
    loops[i] = static_cast<uint8_t>(letters.find(order[i]));
}

uint8_t read_span(const Reader &from) {
  const std::string span = from.word("mac_span");
  if (span != "channel" && span != "row" && span != "window")
    from.refuse("mac_span", "must be channel, row or window");
  return span == "channel" ? BO_SPAN_CHANNEL : span == "row" ? BO_SPAN_ROW : BO_SPAN_WINDOW;
}

Pins read_pins(const Reader &from) {
  Pins pins;
  const auto size = [&](const char *key, uint16_t &pin) {
    if (from.has(key))
      pin = from.size(key);
  };
  size("Tr", pins.tr), size("Tc", pins.tc), size("Tm", pins.tm), size("Tn", pins.tn);
  size("S", pins.s);
  if (from.has("loop_order"))
    read_order(from, pins.order);
  if (from.has("mac_span"))
    pins.span = read_span(from);
  return pins;
}

} // namespace

NetworkLayer brownout::read_layer(const Reader &from, int index) {
  NetworkLayer layer{};
  const std::string kind = from.word("kind");
  layer.no_work = kind == "none";
  bo_shape &s = layer.shape;
  const char *kinds[] = {"conv", "global_avg_pool", "depthwise_conv", "max_pool", "avg_pool",
                         "add",  "concat"};
  const auto *found = std::find(std::begin(kinds), std::end(kinds), kind);
  if (found == std::end(kinds) && !layer.no_work)
    from.refuse("kind", "must be none, conv, depthwise_conv, add, concat or a pool");
  if (!layer.no_work)
    s.kind = static_cast<uint8_t>(found - std::begin(kinds));
  layer.output_elements = from.integer("output_elements", 1, INT32_MAX);
  const Napi::Array inputs = from.list("inputs");
  for (uint32_t i = 0; i < inputs.Length(); i++) {
    const double input = inputs.Get(i).ToNumber().DoubleValue();
    if (!(input >= -1 && input < index) || input != std::floor(input))
      from.refuse("inputs", "must name earlier layers");
    layer.inputs.push_back(static_cast<int>(input));
  }
  if (layer.inputs.empty())
    from.refuse("inputs", "must not be empty");
  if (layer.no_work)
    return layer;
  if (from.has("pin"))
    layer.pins = read_pins(from.child("pin"));
  s.has_bias = from.flag("has_bias");
  s.h = from.size("h"), s.w = from.size("w"), s.n = from.size("n");
  s.r = from.size("r"), s.c = from.size("c"), s.m = from.size("m");
  s.kernel_h = from.size("kernel_h"), s.kernel_w = from.size("kernel_w");
  s.stride_h = static_cast<uint8_t>(from.integer("stride_h", 1, UINT8_MAX));
  s.stride_w = static_cast<uint8_t>(from.integer("stride_w", 1, UINT8_MAX));
  s.pad_top = static_cast<uint8_t>(from.integer("pad_top", 0, UINT8_MAX));
  s.pad_left = static_cast<uint8_t>(from.integer("pad_left", 0, UINT8_MAX));
  const bool joins = bo_has_second(&s) != 0;
  if (joins && layer.inputs.size() != 2)
    from.refuse("inputs", "must name the two maps of an add or concat");
  if (bo_is_channelwise(&s) && (s.kind == BO_CONCAT ? s.m <= s.n : s.m != s.n))
    from.refuse("m", "must be the channels of the input map, of a concat more");
  if (joins && (s.h != s.r || s.w != s.c || s.kernel_h * s.kernel_w != 1))
    from.refuse("kernel_h", "must be 1 x 1, and the maps of one size, of an add or concat");
  if (s.has_bias && s.kind != BO_CONV && s.kind != BO_DEPTHWISE)
    from.refuse("has_bias", "must be false of a layer without weights");
  // Sides are 16-bit fields of a tile, and the walk counts bytes in 32 bits.
  const uint64_t window_h = (s.r - 1u) * uint64_t{s.stride_h} + s.kernel_h;
  const uint64_t window_w = (s.c - 1u) * uint64_t{s.stride_w} + s.kernel_w;
  if (window_h > UINT16_MAX || window_w > UINT16_MAX)
    from.refuse("kernel_h", "makes a padded input of more than 65535 rows or columns");
  if (uint64_t{s.r} * s.c * s.m > MAX_ELEMENTS || uint64_t{s.h} * s.w * s.n > MAX_ELEMENTS ||
      window_h * window_w * s.n > MAX_ELEMENTS || weight_elements(s) > MAX_ELEMENTS)
    from.refuse("kind", "is larger than 2^28 elements");
  return layer;
}

namespace {

Relaxation read_relaxation(const Reader &from) {
  const std::string relax = from.word("relax");
  if (relax != "work_energy" && relax != "work_time")
    from.refuse("relax", "must be work_energy or work_time");
  return relax == "work_energy" ? Relaxation::work_energy : Relaxation::work_time;
}

NetworkRequest read_request(const Reader &from) {
  NetworkRequest request{};
  const std::string protocol = from.word("protocol"), power = from.word("power");
  if (protocol != "inas2021" && protocol != "brownout")
    from.refuse("protocol", "must be inas2021 or brownout");
  if (power != "intermittent" && power != "continuous")
    from.refuse("power", "must be intermittent or continuous");
  request.protocol = protocol == "inas2021" ? Protocol::inas2021 : Protocol::brownout;
  request.power = power == "intermittent" ? Power::intermittent : Power::continuous;
  if (request.protocol == Protocol::brownout && request.power == Power::continuous)
    from.refuse("power", "must be intermittent under protocol brownout");
  if (from.has("space")) {
    const std::string space = from.word("space");
    if (space != "published" && space != "full")
      from.refuse("space", "must be published or full");
    request.space = space == "full" ? Space::full : Space::published;
  }
  if (request.space == Space::full && request.protocol != Protocol::brownout)
    from.refuse("space", "must be published under protocol inas2021");
  if (from.has("objective")) {
    const std::string objective = from.word("objective");
    const std::vector<std::string> names = {"latency", "energy", "wear", "pareto"};
    const auto name = std::find(names.begin(), names.end(), objective);
    if (name == names.end())
      from.refuse("objective", "must be latency, energy, wear or pareto");
    request.objective = static_cast<Objective>(name - names.begin());
  }
  if (from.has("latency_limit_s"))
    request.latency_limit_s = from.positive("latency_limit_s");
  if (from.has("scheme")) {
    const std::string scheme = from.word("scheme");
    const std::vector<std::string> names = {"tile", "hawaii", "stateful", "checkpoint", "ideal"};
    const auto name = std::find(names.begin(), names.end(), scheme);
    if (name == names.end())
      from.refuse("scheme", "must be tile, hawaii, stateful, checkpoint or ideal");
    request.scheme = static_cast<uint8_t>(name - names.begin());
    if (request.protocol != Protocol::brownout && request.scheme != BO_SCHEME_TILE)
      from.refuse("scheme", "must be tile under protocol inas2021");
  }
  if (from.has("b"))
    request.b = static_cast<uint16_t>(from.integer("b", 0, UINT16_MAX));
  request.platform = read_platform(from.child("platform"));
  request.input_elements = from.integer("input_elements", 1, INT32_MAX);
  const Napi::Array layers = from.list("layers");
  if (layers.Length() == 0)
    from.refuse("layers", "must not be empty");
  for (uint32_t i = 0; i < layers.Length(); i++)
    request.layers.push_back(
        read_layer(item(layers, i, from.path() + ".layers"), static_cast<int>(i)));
  if (from.has("relax"))
    request = relaxed(std::move(request), read_relaxation(from));
  for (NetworkLayer &layer : request.layers) {
    if (request.protocol == Protocol::inas2021 && !layer.no_work && bo_is_channelwise(&layer.shape))
      from.refuse("protocol", "must be brownout for depthwise layers, pools, add and concat");
    layer.shape.element_bytes = static_cast<uint8_t>(request.platform.element_bytes);
    layer.shape.per_channel =
        request.platform.per_channel && !layer.no_work && weight_elements(layer.shape) > 0;
  }
  return request;
}

bo_design read_design(const Reader &from, const NetworkRequest &request) {
  bo_design d{};
  d.scheme = request.scheme;
  if (has_groups(d.scheme))
    d.b = from.has("B") ? from.size("B") : request.b;
  if (has_groups(d.scheme) && d.b == 0)
    from.refuse("B", "must be at least 1");
  d.tr = from.size("Tr"), d.tc = from.size("Tc"), d.tm = from.size("Tm"), d.tn = from.size("Tn");
  d.s = from.size("S");
  read_order(from, d.order);
  d.span = read_span(from);
  return d;
}

Napi::Object write_design(Napi::Env env, const bo_design &d) {
  const char *spans[] = {"channel", "row", "window"};
  Napi::Object out = Napi::Object::New(env);
  out["Tr"] = d.tr;
  out["Tc"] = d.tc;
  out["Tm"] = d.tm;
  out["Tn"] = d.tn;
  out["loop_order"] = order_letters(d);
  out["mac_span"] = std::string(spans[d.span]);
  out["S"] = d.s;
  if (d.b != 0)
    out["B"] = d.b;
  return out;
}

void write_shares(Napi::Object &out, const OverheadShares &shares) {
  out["preservation_share_time"] = shares.preservation_time;
  out["preservation_share_energy"] = shares.preservation_energy;
  out["recovery_share_time"] = shares.recovery_time;
  out["recovery_share_energy"] = shares.recovery_energy;
}

Napi::Object write_costed(Napi::Env env, const CostedDesign &costed) {
  Napi::Object out = write_design(env, costed.design);
  out["latency_s"] = costed.latency_s;
  out["energy_max_J"] = costed.energy_max_J;
  out["energy_min_J"] = costed.energy_min_J;
  out["energy_J"] = costed.energy_J;
  out["power_cycles"] = costed.power_cycles;
  out["batches"] = costed.batches;
  out["vm_bytes"] = costed.vm_bytes;
  out["plane_bytes"] = costed.plane_bytes;
  out["written_bytes"] = costed.written_bytes;
  write_shares(out, costed.shares());
  Napi::Object vm = Napi::Object::New(env);
  vm["input"] = costed.vm.input;
  vm["weights"] = costed.vm.weights;
  vm["bias"] = costed.vm.bias;
  vm["scales"] = costed.vm.scales;
  vm["sums"] = costed.vm.sums;
  vm["total_bytes"] = costed.vm.total_bytes;
  out["vm"] = vm;
  return out;
}

const char *const BINDING_NAMES[BINDINGS] = {"vm", "energy", "nvm", "alignment", "latency"};

Napi::Object write_layer(Napi::Env env, const LayerResult &layer) {
  Napi::Object out = Napi::Object::New(env);
  out["designs_total"] = static_cast<double>(layer.designs_total);
  out["designs_feasible"] = static_cast<double>(layer.designs_feasible);
  out["proven_optimal"] = layer.proven_optimal;
  if (layer.coverage) {
    const Coverage &c = *layer.coverage;
    Napi::Object coverage = Napi::Object::New(env);
    const std::pair<const char *, DesignCount> fields[] = {
        {"total", c.total},         {"visited", c.visited}, {"order", c.order},
        {"span", c.span},           {"vm", c.vm},           {"nvm", c.nvm},
        {"alignment", c.alignment}, {"energy", c.energy},   {"bound", c.bound},
        {"unvisited", c.unvisited}};
    for (const auto &[name, count] : fields)
      coverage[name] = static_cast<double>(count);
    out["coverage"] = coverage;
    if (std::isfinite(layer.lower_bound))
      out["lower_bound"] = layer.lower_bound;
  }
  Napi::Array best = Napi::Array::New(env);
  for (uint32_t i = 0; i < layer.best.size(); i++)
    best[i] = write_costed(env, layer.best[i]);
  out["best"] = best;
  Napi::Object rejected = Napi::Object::New(env);
  for (size_t b = 0; b < BINDINGS; b++) {
    const Rejection &rejection = layer.rejections[b];
    if (rejection.count == 0)
      continue;
    Napi::Object entry = Napi::Object::New(env);
    entry["count"] = static_cast<double>(rejection.count);
    entry["witness"] = write_design(env, rejection.witness().design);
    entry["violation"] = rejection.witness().violation;
    entry["sole"] = rejection.has_sole;
    rejected[BINDING_NAMES[b]] = entry;
  }
  out["rejected"] = rejected;
  if (layer.nearest && std::isfinite(layer.nearest->excess)) {
    Napi::Object nearest = Napi::Object::New(env), over = Napi::Object::New(env);
    for (size_t b = 0; b < BINDINGS; b++)
      if (layer.nearest->over[b] > 0)
        over[BINDING_NAMES[b]] = layer.nearest->over[b];
    nearest["design"] = write_design(env, layer.nearest->design);
    nearest["over"] = over;
    out["nearest"] = nearest;
  }
  return out;
}

Napi::Array write_numbers(Napi::Env env, const std::vector<uint64_t> &numbers) {
  Napi::Array out = Napi::Array::New(env);
  for (uint32_t i = 0; i < numbers.size(); i++)
    out[i] = static_cast<double>(numbers[i]);
  return out;
}

Napi::Object write_nvm(Napi::Env env, const NvmPlan &plan) {
  Napi::Object out = Napi::Object::New(env);
  out["records"] = plan.records;
  out["releases"] = plan.releases;
  out["results"] = plan.results;
  out["result_stride_bytes"] = plan.result_stride_bytes;
  out["header"] = plan.header;
  out["weights"] = write_numbers(env, plan.weights);
  out["biases"] = write_numbers(env, plan.biases);
  out["scales"] = write_numbers(env, plan.scales);
  out["input_map"] = static_cast<double>(plan.input_map);
  out["maps"] = write_numbers(env, plan.maps);
  out["planes"] = write_numbers(env, {plan.planes[0], plan.planes[1]});
  out["image_bytes"] = static_cast<double>(plan.image_bytes);
  out["total_bytes"] = static_cast<double>(plan.total_bytes);
  return out;
}

Napi::Object write_answer(Napi::Env env, const NetworkAnswer &answer) {
  Napi::Object out = Napi::Object::New(env);
  out["feasible"] = answer.feasible;
  out["latency_s"] = answer.latency_s;
  out["energy_J"] = answer.energy_J;
  out["energy_max_J"] = answer.energy_max_J;
  out["power_cycles"] = answer.power_cycles;
  write_shares(out, answer.shares());
  out["vm_bytes"] = answer.vm_bytes;
  out["nvm_bytes"] = answer.nvm_bytes;
  out["written_bytes"] = answer.written_bytes;
  if (answer.delivery) {
    Napi::Object delivery = Napi::Object::New(env);
    delivery["latency_s"] = answer.delivery->latency_s;
    delivery["energy_max_J"] =
        std::max<double>(answer.delivery->start.energy_J, answer.delivery->deliver.energy_J);
    delivery["energy_J"] = answer.delivery->scores().energy_J;
    delivery["written_bytes"] = answer.delivery->written_bytes;
    delivery["power_cycles"] = answer.delivery->power_cycles;
    out["delivery"] = delivery;
  }
  if (answer.nvm)
    out["nvm"] = write_nvm(env, *answer.nvm);
  Napi::Array misses = Napi::Array::New(env);
  for (uint32_t i = 0; i < answer.misses.size(); i++) {
    Napi::Object miss = Napi::Object::New(env);
    miss["binding"] = std::string(BINDING_NAMES[static_cast<size_t>(answer.misses[i].binding)]);
    miss["violation"] = answer.misses[i].violation;
    misses[i] = miss;
  }
  out["misses"] = misses;
  out["choices"] = write_numbers(env, {answer.choices.begin(), answer.choices.end()});
  Napi::Array front = Napi::Array::New(env);
  for (uint32_t i = 0; i < answer.front.size(); i++) {
    const NetworkPoint &point = answer.front[i];
    Napi::Object entry = Napi::Object::New(env);
    entry["latency_s"] = point.scores.latency_s;
    entry["energy_J"] = point.scores.energy_J;
    entry["written_bytes"] = point.scores.written_bytes;
    entry["choices"] = write_numbers(env, {point.choices.begin(), point.choices.end()});
    front[i] = entry;
  }
  out["front"] = front;
  Napi::Array layers = Napi::Array::New(env);
  for (uint32_t i = 0; i < answer.layers.size(); i++) {
    if (answer.layers[i])
      layers[i] = write_layer(env, *answer.layers[i]);
    else
      layers[i] = env.Null();
  }
  out["layers"] = layers;
  return out;
}

using CancelFlag = std::shared_ptr<std::atomic<bool>>;

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
  const double threads = info[1].As<Napi::Number>().DoubleValue();
  if (!(threads >= 1 && threads <= 1024))
    throw Napi::TypeError::New(env, "threads must be from 1 to 1024");
  double time_limit_s = std::numeric_limits<double>::infinity();
  if (info.Length() > 2 && info[2].IsNumber())
    time_limit_s = info[2].As<Napi::Number>().DoubleValue();
  if (!(time_limit_s >= 0))
    throw Napi::TypeError::New(env, "time_limit_s must not be negative");
  std::vector<NetworkRequest> requests;
  for (uint32_t i = 0; i < list.Length(); i++)
    requests.push_back(read_request(item(list, i, "requests")));
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  auto *worker = new ExploreWorker(env, std::move(requests), static_cast<unsigned>(threads),
                                   cancelled, time_limit_s);
  Napi::Object out = Napi::Object::New(env);
  out["promise"] = worker->promise();
  out["cancel"] = Napi::Function::New(
      env, [cancelled](const Napi::CallbackInfo &) { cancelled->store(true); }, "cancel");
  worker->Queue();
  return out;
}

std::vector<int32_t> read_indices(const Reader &from, const char *key) {
  const Napi::Array list = from.list(key);
  std::vector<int32_t> indices;
  for (uint32_t i = 0; i < list.Length(); i++) {
    const double index = list.Get(i).ToNumber().DoubleValue();
    if (!(index >= -1 && index < INT32_MAX) || index != std::floor(index))
      from.refuse(key, "must hold indices");
    indices.push_back(static_cast<int32_t>(index));
  }
  return indices;
}

/** runOn() walks them while the event loop waits. */
constexpr double MAX_RUN_ON_BATCHES = 1 << 24;

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

/** space(request, threads) -> { promise, cancel }; the promise gives null when cancelled. */
Napi::Value space(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsObject() || !info[1].IsNumber())
    throw Napi::TypeError::New(env, "space(request, threads)");
  const double threads = info[1].As<Napi::Number>().DoubleValue();
  if (!(threads >= 1 && threads <= 1024))
    throw Napi::TypeError::New(env, "threads must be from 1 to 1024");
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  auto *worker = new SpaceWorker(env, read_space({info[0].As<Napi::Object>(), "request"}),
                                 static_cast<unsigned>(threads), cancelled);
  Napi::Object out = Napi::Object::New(env);
  out["promise"] = worker->promise();
  out["cancel"] = Napi::Function::New(
      env, [cancelled](const Napi::CallbackInfo &) { cancelled->store(true); }, "cancel");
  worker->Queue();
  return out;
}

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
  const auto numbers = [&](const std::vector<double> &from) {
    Napi::Array out = Napi::Array::New(env);
    for (uint32_t i = 0; i < from.size(); i++)
      out[i] = from[i];
    return out;
  };
  Napi::Object out = Napi::Object::New(env);
  out["latency_s"] = result.latency_s;
  out["energy_J"] = result.energy_J;
  out["power_cycles"] = result.power_cycles;
  out["above_V"] = result.above_V;
  out["lowest_V"] = result.lowest_V;
  out["running_s"] = result.running_s;
  out["layer_latency_s"] = numbers(result.layer_latency_s);
  out["layer_power_cycles"] = numbers(result.layer_power_cycles);
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

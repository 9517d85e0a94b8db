/** What JavaScript asks, read and refused field by field. */
#include "napi_request.h"
#include "run_on.h"
#include "schemes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace brownout {
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

Relaxation read_relaxation(const Reader &from) {
  const std::string relax = from.word("relax");
  if (relax != "work_energy" && relax != "work_time")
    from.refuse("relax", "must be work_energy or work_time");
  return relax == "work_energy" ? Relaxation::work_energy : Relaxation::work_time;
}

} // namespace

NetworkLayer read_layer(const Reader &from, int index) {
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

} // namespace brownout

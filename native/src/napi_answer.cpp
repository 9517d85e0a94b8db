/** Answers as plain objects. */
#include "napi_answer.h"

#include <algorithm>
#include <string>
#include <vector>

namespace brownout {
namespace {

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

} // namespace

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

namespace {

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
  out["planes"] = write_numbers(env, plan.planes);
  out["image_bytes"] = static_cast<double>(plan.image_bytes);
  out["total_bytes"] = static_cast<double>(plan.total_bytes);
  return out;
}

} // namespace

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
  out["choices"] = write_numbers(env, answer.choices);
  Napi::Array front = Napi::Array::New(env);
  for (uint32_t i = 0; i < answer.front.size(); i++) {
    const NetworkPoint &point = answer.front[i];
    Napi::Object entry = Napi::Object::New(env);
    entry["latency_s"] = point.scores.latency_s;
    entry["energy_J"] = point.scores.energy_J;
    entry["written_bytes"] = point.scores.written_bytes;
    entry["choices"] = write_numbers(env, point.choices);
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

} // namespace brownout

/** infer(): integer inference of many samples, off the event loop. */
#include "host_inference.h"
#include "napi_calls.h"
#include "napi_request.h"

#include <algorithm>
#include <cstring>

namespace brownout {
namespace {

/** The elements of a typed array, or none where the field is absent. */
template <class Array>
Array typed(const Reader &from, const Napi::Object &object, const char *key,
            napi_typedarray_type type, size_t length) {
  const Napi::Value value = object.Get(key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type ||
      value.As<Napi::TypedArray>().ElementLength() != length)
    from.refuse(key, "must be a typed array of " + std::to_string(length) + " elements");
  return value.As<Array>();
}

void read_scale(const Reader &from, int16_t &multiplier, uint8_t &shift) {
  multiplier = static_cast<int16_t>(from.integer("multiplier", 1u << 14, (1u << 15) - 1u));
  shift = static_cast<uint8_t>(from.integer("shift", BO_SHIFT_MIN, BO_SHIFT_MAX));
}

int16_t read_bound(const Reader &from, const char *key) {
  const double value = from.number(key);
  if (value != std::floor(value) || value < INT16_MIN || value > INT16_MAX)
    from.refuse(key, "must be a code");
  return static_cast<int16_t>(value);
}

size_t weights_of(const bo_shape &s) {
  if (s.kind != BO_CONV && s.kind != BO_DEPTHWISE)
    return 0;
  return size_t{s.m} * s.kernel_h * s.kernel_w * (s.kind == BO_DEPTHWISE ? 1u : s.n);
}

void read_constants(const Reader &from, const Napi::Object &object, IntegerLayer &layer,
                    uint32_t element_bytes) {
  const size_t count = weights_of(layer.shape);
  if (count > 0) {
    const auto codes = typed<Napi::Int16Array>(from, object, "weights", napi_int16_array, count);
    layer.weights.resize(count * element_bytes);
    for (size_t i = 0; i < count; i++) {
      if (element_bytes == 2)
        std::memcpy(layer.weights.data() + 2 * i, codes.Data() + i, 2);
      else
        layer.weights[i] = static_cast<uint8_t>(codes[i]);
    }
  }
  if (layer.shape.has_bias) {
    const auto bias =
        typed<Napi::Int32Array>(from, object, "bias", napi_int32_array, layer.shape.m);
    layer.bias.assign(bias.Data(), bias.Data() + layer.shape.m);
  }
  const Reader by = from.child("requantisation");
  read_scale(by, layer.by.multiplier, layer.by.shift);
  layer.by.minimum = read_bound(by, "minimum");
  layer.by.maximum = read_bound(by, "maximum");
  if (from.has("scales")) {
    const Napi::Array scales = from.list("scales");
    if (scales.Length() != layer.shape.m)
      from.refuse("scales", "must be one per output channel");
    for (uint32_t m = 0; m < layer.shape.m; m++) {
      bo_scale scale{};
      read_scale(item(scales, m, from.path() + ".scales"), scale.multiplier, scale.shift);
      layer.scales.push_back(scale);
    }
  }
  if (bo_has_second(&layer.shape)) {
    const Napi::Array multipliers = from.list("multipliers");
    for (uint32_t i = 0; i < 2; i++) {
      const double value = multipliers.Get(i).ToNumber().DoubleValue();
      if (!(value >= 1 && value <= INT16_MAX))
        from.refuse("multipliers", "must be two integers in [1, 2^15)");
      layer.multipliers[i] = static_cast<int16_t>(value);
    }
  }
}

IntegerNetwork read_integer_network(const Napi::Object &object) {
  const Reader from(object, "network");
  IntegerNetwork network;
  network.element_bytes = from.integer("element_bytes", 1, 2);
  network.input_elements = from.integer("input_elements", 1, INT32_MAX);
  const Napi::Array layers = from.list("layers");
  if (layers.Length() == 0)
    from.refuse("layers", "must not be empty");
  for (uint32_t i = 0; i < layers.Length(); i++) {
    const Reader entry = item(layers, i, from.path() + ".layers");
    const NetworkLayer walked = read_layer(entry, static_cast<int>(i));
    IntegerLayer layer;
    layer.shape = walked.shape;
    layer.moves_nothing = walked.no_work;
    layer.inputs = walked.inputs;
    layer.output_elements = static_cast<size_t>(walked.output_elements);
    const auto elements_of = [&](int index) {
      return index < 0 ? network.input_elements
                       : network.layers[static_cast<size_t>(index)].output_elements;
    };
    size_t arriving = 0;
    for (const int input : layer.inputs)
      arriving += elements_of(input);
    bo_shape &s = layer.shape;
    const size_t pixels = size_t{s.h} * s.w;
    const size_t read = layer.moves_nothing ? layer.output_elements
                                            : pixels * (s.kind == BO_ADD      ? 2u * s.n
                                                        : s.kind == BO_CONCAT ? s.m
                                                                              : s.n);
    if (arriving != read)
      entry.refuse("inputs", "must hold what the layer reads");
    if (!layer.moves_nothing) {
      if (layer.output_elements != size_t{s.r} * s.c * s.m)
        entry.refuse("output_elements", "must be r * c * m");
      s.element_bytes = static_cast<uint8_t>(network.element_bytes);
      s.per_channel = entry.has("scales");
      read_constants(entry, layers.Get(i).As<Napi::Object>(), layer, network.element_bytes);
    }
    if (const char *why = beyond_kernels(layer))
      entry.refuse("kind", why);
    network.layers.push_back(std::move(layer));
  }
  return network;
}

class InferWorker : public Napi::AsyncWorker {
public:
  InferWorker(Napi::Env env, IntegerNetwork network, std::vector<int16_t> inputs, unsigned threads)
      : AsyncWorker(env, "brownout.infer"), deferred_(Napi::Promise::Deferred::New(env)),
        network_(std::move(network)), inputs_(std::move(inputs)), threads_(threads) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

protected:
  void Execute() override {
    const size_t samples = inputs_.size() / network_.input_elements;
    outputs_.resize(samples * network_.layers.back().output_elements);
    infer_all(network_, inputs_.data(), samples, threads_, outputs_.data());
  }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    Napi::Int16Array out = Napi::Int16Array::New(Env(), outputs_.size());
    std::copy(outputs_.begin(), outputs_.end(), out.Data());
    deferred_.Resolve(out);
  }

  void OnError(const Napi::Error &error) override { deferred_.Reject(error.Value()); }

private:
  Napi::Promise::Deferred deferred_;
  IntegerNetwork network_;
  std::vector<int16_t> inputs_, outputs_;
  unsigned threads_;
};

} // namespace

Napi::Value infer(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsObject() || !info[1].IsTypedArray() || !info[2].IsNumber())
    throw Napi::TypeError::New(env, "infer(network, inputs, threads)");
  const unsigned threads = read_threads(info[2]);
  IntegerNetwork network = read_integer_network(info[0].As<Napi::Object>());
  const auto codes = info[1].As<Napi::TypedArray>();
  if (codes.TypedArrayType() != napi_int16_array ||
      codes.ElementLength() % network.input_elements != 0)
    throw Napi::TypeError::New(env, "inputs must be int16 codes of whole samples");
  const auto input = codes.As<Napi::Int16Array>();
  auto *worker = new InferWorker(env, std::move(network),
                                 {input.Data(), input.Data() + input.ElementLength()}, threads);
  worker->Queue();
  return worker->promise();
}

} // namespace brownout

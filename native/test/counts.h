/** What the model says a layer does, counted: transfers by bytes, MAC calls by length. */
#pragma once

#include "brownout_model.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace test {

using namespace brownout;

/** How often each operation of each size happens: transfers by bytes, MAC calls by length. */
class CountSink {
public:
  void boot() { add("boot", 0, 1); }
  void commit() { add("commit", 0, 1); }
  void read_input(double n, double elements) { add("read input", bytes(elements), n); }
  void read_weights(double n, double elements) { add("read weights", bytes(elements), n); }
  void read_sums(double n, double elements) { add("read sums", bytes(elements), n); }
  void write_outputs(double n, double elements) { add("write outputs", bytes(elements), n); }
  void write_sums(double n, double elements) { add("write sums", bytes(elements), n); }
  void write_groups(const char *what, double tiles, const Groups &g) {
    for (uint32_t from = 0; from < g.outputs;) {
      const uint32_t run_end = (from / g.run + 1) * g.run, group_end = (from / g.b + 1) * g.b;
      const uint32_t to = std::min({run_end, group_end, g.outputs});
      add(what, bytes((to - from) * g.elements), tiles);
      from = to;
    }
  }
  void read_marks(double n) { add("read mark", 8, n); }
  void mark(double n) { add("mark", 0, n); }
  void state(const char *what, double codes) { add(what, 0, codes); }
  void mac(double calls, uint32_t length) { add("mac", length, calls); }
  void pool(double elements) { add("pool", 0, elements); }
  void requantise(double outputs) { add("requantise", 0, outputs); }

  /** Adds another's counts so many times. */
  void add_times(const CountSink &other, double times) {
    for (const auto &[key, n] : other.counts)
      add(key.first, key.second, n * times);
  }

  std::map<std::pair<std::string, uint32_t>, double> counts;

private:
  static uint32_t bytes(double elements) { return static_cast<uint32_t>(2 * elements); }
  void add(const std::string &what, uint32_t size, double n) {
    if (n == 0)
      return;
    const auto entry = counts.try_emplace({what, size}, 0).first;
    if ((entry->second += n) == 0)
      counts.erase(entry);
  }
};

inline CountSink closed_counts(const Platform &p, const bo_shape &shape, const bo_design &design) {
  const bo_nest nest = bo_nest_make(&shape, &design);
  const bo_plane plane = bo_plane_make(&shape, &design, &nest);
  BrownoutModel model(p, shape);
  CountSink total;
  model.for_each_class(design, nest, [&](const BatchClass &batch, double count) {
    CountSink one;
    tell_batch(shape, design, plane, batch, one);
    total.add_times(one, count);
  });
  tell_layer_end(design.scheme, total);
  return total;
}

} // namespace test

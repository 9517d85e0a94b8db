#include "inas2021.h"

#include "nest.h"

namespace brownout {

namespace {

double ceil_div(uint32_t a, uint32_t b) { return static_cast<double>(bo_ceil_div(a, b)); }

struct Window {
  double rows, columns;
};

Window input_window(const bo_shape &shape, const bo_design &design) {
  if (shape.kind == BO_GLOBAL_AVG_POOL)
    return {static_cast<double>(design.tr), static_cast<double>(design.tc)};
  return {static_cast<double>(shape.stride_h * design.tr + shape.kernel_h - shape.stride_h),
          static_cast<double>(shape.stride_w * design.tc + shape.kernel_w - shape.stride_w)};
}

/** The terms that intermittent and continuous power share; all of one tile, S where it joins tiles.
 */
struct Terms {
  Cost input, weights, sums, compute;

  Terms(const Platform &p, const bo_shape &shape, const bo_design &d) {
    const Window window = input_window(shape, d);
    const auto reuse = static_cast<int>(reuse_of(d));
    const double taps = static_cast<double>(shape.kernel_h) * shape.kernel_w * d.tm;
    const double pixels = static_cast<double>(d.tr) * d.tc;
    input = window.rows * window.columns * (p.nvm_read.of(d.tn) + p.fetch_input);
    weights = taps * (p.nvm_read.of(d.tn) + p.fetch_weights);
    sums = pixels * (p.nvm_read.of(d.tm) + p.fetch_output[reuse]);
    compute = taps * pixels * (p.mac.of(d.tn) + p.add + p.partial_sum + p.accumulate);
  }
};

Cost backup(const Platform &p, const bo_design &d) {
  const double pixels = static_cast<double>(d.tr) * d.tc;
  const auto reuse = reuse_of(d);
  const Cost &overhead = p.backup_output[static_cast<int>(reuse)];
  switch (reuse) {
  case Reuse::input:
    return pixels * (p.nvm_write.of(static_cast<double>(d.s) * d.tm) + overhead);
  case Reuse::weights:
    return d.s * pixels * (p.nvm_write.of(d.tm) + overhead);
  default:
    return pixels * (p.nvm_write.of(d.tm) + overhead);
  }
}

void pool_intermittent(const Platform &p, const bo_shape &shape, const bo_design &d,
                       Evaluation &evaluation) {
  const double pixels = static_cast<double>(d.tr) * d.tc;
  const int o = static_cast<int>(Reuse::output);
  Cost cycle = d.s * pixels * (p.nvm_read.of(d.tm) + p.fetch_input);
  cycle += p.nvm_read.of(d.tm) + p.fetch_output[o];
  cycle += d.s * pixels * d.tm * (p.max + p.pool);
  cycle += p.nvm_write.of(d.tm) + p.backup_output[o];
  cycle += p.nvm_read.of(4) + p.nvm_write.of(4) + p.reboot;
  const double cycles =
      ceil_div(shape.h, d.tr) * ceil_div(shape.w, d.tc) * ceil_div(shape.m, d.tm) / d.s;
  evaluation.classes.push_back({cycles, cycle});
}

} // namespace

uint64_t inas2021_vm_elements(const bo_shape &shape, const bo_design &d) {
  const uint64_t s = reuse_of(d) == Reuse::output ? 1 : d.s;
  if (shape.kind == BO_GLOBAL_AVG_POOL) {
    return static_cast<uint64_t>(d.tr) * d.tc * d.tm + static_cast<uint64_t>(d.tm) * d.s;
  }
  const Window window = input_window(shape, d);
  return static_cast<uint64_t>(window.rows) * static_cast<uint64_t>(window.columns) * d.tn +
         static_cast<uint64_t>(shape.kernel_h) * shape.kernel_w * d.tm * d.tn +
         static_cast<uint64_t>(d.tr) * d.tc * d.tm * s;
}

double inas2021_written_elements(const bo_shape &shape, const bo_design &d, bool intermittent) {
  const bool pool = shape.kind == BO_GLOBAL_AVG_POOL;
  const double rows = pool ? ceil_div(shape.h, d.tr) : ceil_div(shape.r, d.tr);
  const double columns = pool ? ceil_div(shape.w, d.tc) : ceil_div(shape.c, d.tc);
  const double tiles =
      rows * columns * ceil_div(shape.m, d.tm) * (pool ? 1 : ceil_div(shape.n, d.tn));
  const double outputs = pool ? d.tm : static_cast<double>(d.tr) * d.tc * d.tm;
  if (!intermittent)
    return tiles * outputs;
  // A batch that accumulates writes its outputs once.
  const double written = pool || reuse_of(d) == Reuse::output ? outputs : d.s * outputs;
  return tiles / d.s * (written + 4);
}

void inas2021_intermittent(const Platform &p, const bo_shape &shape, const bo_design &d,
                           Evaluation &evaluation) {
  evaluation.classes.clear();
  if (shape.kind == BO_GLOBAL_AVG_POOL)
    return pool_intermittent(p, shape, d, evaluation);
  const Terms terms(p, shape, d);
  const auto reuse = reuse_of(d);
  const double s = d.s;
  Cost first = s * terms.compute + backup(p, d);
  first += p.nvm_read.of(4) + p.nvm_write.of(4) + p.reboot;
  Cost sums = s * terms.sums;
  switch (reuse) {
  case Reuse::input:
    first += s * terms.weights + terms.input;
    break;
  case Reuse::weights:
    first += s * terms.input + terms.weights;
    break;
  case Reuse::output:
    first += s * (terms.input + terms.weights);
    sums = terms.sums;
    break;
  }
  const double outputs =
      ceil_div(shape.r, d.tr) * ceil_div(shape.c, d.tc) * ceil_div(shape.m, d.tm);
  const double cycles = outputs * ceil_div(shape.n, d.tn) / s;
  const double first_cycles = reuse == Reuse::output ? outputs : outputs / s;
  evaluation.classes.push_back({first_cycles, first});
  if (cycles > first_cycles)
    evaluation.classes.push_back({cycles - first_cycles, first + sums});
}

void inas2021_continuous(const Platform &p, const bo_shape &shape, const bo_design &d,
                         Evaluation &evaluation) {
  evaluation.classes.clear();
  const double spatial = shape.kind == BO_GLOBAL_AVG_POOL
                             ? ceil_div(shape.h, d.tr) * ceil_div(shape.w, d.tc)
                             : ceil_div(shape.r, d.tr) * ceil_div(shape.c, d.tc);
  const double m_tiles = ceil_div(shape.m, d.tm);
  if (shape.kind == BO_GLOBAL_AVG_POOL) {
    const int o = static_cast<int>(Reuse::output);
    const double pixels = static_cast<double>(d.tr) * d.tc;
    double transfers = pixels;
    Cost element = p.add, output = p.divide;
    if (p.continuous_pool_window) {
      transfers = static_cast<double>(d.tr + shape.kernel_h - 1) * (d.tc + shape.kernel_w - 1);
      element = p.max, output = {};
    }
    Cost tile = transfers * (p.nvm_read.of(d.tm) + p.fetch_input);
    tile += p.nvm_read.of(d.tm) + p.fetch_output[o];
    tile += pixels * d.tm * (element + p.pool);
    tile += p.nvm_write.of(d.tm) + p.backup_output[o];
    evaluation.classes.push_back({1, spatial * m_tiles * tile + shape.m * output});
    return;
  }
  const Terms terms(p, shape, d);
  const double n_tiles = ceil_div(shape.n, d.tn);
  const double tiles = spatial * m_tiles * n_tiles;
  const double later = tiles - spatial * m_tiles;
  Cost layer = tiles * (terms.compute + backup(p, d));
  switch (reuse_of(d)) {
  case Reuse::input:
    layer += spatial * n_tiles * terms.input + tiles * terms.weights + later * terms.sums;
    break;
  case Reuse::weights:
    layer += tiles * terms.input + m_tiles * n_tiles * terms.weights + later * terms.sums;
    break;
  case Reuse::output:
    layer += tiles * (terms.input + terms.weights);
    break;
  }
  evaluation.classes.push_back({1, layer});
}

} // namespace brownout

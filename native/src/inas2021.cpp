#include "inas2021.h"

#include "nest.h"

namespace brownout {

namespace {

double ceil_div(uint32_t a, uint32_t b) { return static_cast<double>(bo_ceil_div(a, b)); }

struct Window {
  double rows, columns;

  Window(const bo_shape &shape, const bo_design &design)
      : rows(static_cast<double>(shape.stride_h * design.tr + shape.kernel_h - shape.stride_h)),
        columns(static_cast<double>(shape.stride_w * design.tc + shape.kernel_w - shape.stride_w)) {
  }
};

} // namespace

Inas2021Tile::Inas2021Tile(const Platform &p, const bo_shape &shape, const bo_design &d)
    : platform_(p), shape_(shape), design_(d), reuse_(reuse_of(d)),
      pool_(shape.kind == BO_GLOBAL_AVG_POOL), reduces_(!pool_ && reuse_ == Reuse::output) {
  const uint64_t tile = static_cast<uint64_t>(d.tr) * d.tc * d.tm;
  if (pool_) {
    vm_elements_ = tile, vm_elements_per_s_ = d.tm;
    return;
  }
  const Window window(shape, d);
  vm_elements_ = static_cast<uint64_t>(window.rows) * static_cast<uint64_t>(window.columns) * d.tn +
                 static_cast<uint64_t>(shape.kernel_h) * shape.kernel_w * d.tm * d.tn;
  vm_elements_per_s_ = tile;
}

void Inas2021Tile::know_costs() {
  if (knows_costs_)
    return;
  knows_costs_ = true;
  const Platform &p = platform_;
  const bo_shape &shape = shape_;
  const bo_design &d = design_;
  spatial_ = pool_ ? ceil_div(shape.h, d.tr) * ceil_div(shape.w, d.tc)
                   : ceil_div(shape.r, d.tr) * ceil_div(shape.c, d.tc);
  m_tiles_ = ceil_div(shape.m, d.tm), n_tiles_ = pool_ ? 1 : ceil_div(shape.n, d.tn);
  pixels_ = static_cast<double>(d.tr) * d.tc;
  cycle_ = p.nvm_read.of(4) + p.nvm_write.of(4) + p.reboot;
  if (pool_)
    return;
  const Window window(shape, d);
  const double taps = static_cast<double>(shape.kernel_h) * shape.kernel_w * d.tm;
  input_ = window.rows * window.columns * (p.nvm_read.of(d.tn) + p.fetch_input);
  weights_ = taps * (p.nvm_read.of(d.tn) + p.fetch_weights);
  sums_ = pixels_ * (p.nvm_read.of(d.tm) + p.fetch_output[static_cast<int>(reuse_)]);
  compute_ = taps * pixels_ * (p.mac.of(d.tn) + p.add + p.partial_sum + p.accumulate);
}

Cost Inas2021Tile::backup(uint32_t s) const {
  const Platform &p = platform_;
  const Cost &overhead = p.backup_output[static_cast<int>(reuse_)];
  switch (reuse_) {
  case Reuse::input:
    return pixels_ * (p.nvm_write.of(static_cast<double>(s) * design_.tm) + overhead);
  case Reuse::weights:
    return s * pixels_ * (p.nvm_write.of(design_.tm) + overhead);
  default:
    return pixels_ * (p.nvm_write.of(design_.tm) + overhead);
  }
}

double Inas2021Tile::written_elements(uint32_t s, bool intermittent) {
  know_costs();
  const double tiles = spatial_ * m_tiles_ * n_tiles_;
  const double outputs = pool_ ? design_.tm : pixels_ * design_.tm;
  if (!intermittent)
    return tiles * outputs;
  // A batch that accumulates writes its outputs once.
  const double written = pool_ || reduces_ ? outputs : s * outputs;
  return tiles / s * (written + 4);
}

void Inas2021Tile::pool_intermittent(uint32_t s, Evaluation &evaluation) const {
  const Platform &p = platform_;
  const int o = static_cast<int>(Reuse::output);
  Cost cycle = s * pixels_ * (p.nvm_read.of(design_.tm) + p.fetch_input);
  cycle += p.nvm_read.of(design_.tm) + p.fetch_output[o];
  cycle += s * pixels_ * design_.tm * (p.max + p.pool);
  cycle += p.nvm_write.of(design_.tm) + p.backup_output[o];
  cycle += cycle_;
  evaluation.classes.push_back({spatial_ * m_tiles_ / s, cycle});
}

void Inas2021Tile::intermittent(uint32_t s, Evaluation &evaluation) {
  know_costs();
  evaluation.classes.clear();
  if (pool_)
    return pool_intermittent(s, evaluation);
  const double times = s;
  Cost first = times * compute_ + backup(s);
  first += cycle_;
  Cost sums = times * sums_;
  switch (reuse_) {
  case Reuse::input:
    first += times * weights_ + input_;
    break;
  case Reuse::weights:
    first += times * input_ + weights_;
    break;
  case Reuse::output:
    first += times * (input_ + weights_);
    sums = sums_;
    break;
  }
  const double outputs = spatial_ * m_tiles_;
  const double cycles = outputs * n_tiles_ / times;
  const double first_cycles = reduces_ ? outputs : outputs / times;
  evaluation.classes.push_back({first_cycles, first});
  if (cycles > first_cycles)
    evaluation.classes.push_back({cycles - first_cycles, first + sums});
}

void Inas2021Tile::pool_continuous(Evaluation &evaluation) const {
  const Platform &p = platform_;
  const int o = static_cast<int>(Reuse::output);
  double transfers = pixels_;
  Cost element = p.add, output = p.divide;
  if (p.continuous_pool_window) {
    transfers =
        static_cast<double>(design_.tr + shape_.kernel_h - 1) * (design_.tc + shape_.kernel_w - 1);
    element = p.max, output = {};
  }
  Cost tile = transfers * (p.nvm_read.of(design_.tm) + p.fetch_input);
  tile += p.nvm_read.of(design_.tm) + p.fetch_output[o];
  tile += pixels_ * design_.tm * (element + p.pool);
  tile += p.nvm_write.of(design_.tm) + p.backup_output[o];
  evaluation.classes.push_back({1, spatial_ * m_tiles_ * tile + shape_.m * output});
}

void Inas2021Tile::continuous(uint32_t s, Evaluation &evaluation) {
  know_costs();
  evaluation.classes.clear();
  if (pool_)
    return pool_continuous(evaluation);
  const double tiles = spatial_ * m_tiles_ * n_tiles_;
  const double later = tiles - spatial_ * m_tiles_;
  Cost layer = tiles * (compute_ + backup(s));
  switch (reuse_) {
  case Reuse::input:
    layer += spatial_ * n_tiles_ * input_ + tiles * weights_ + later * sums_;
    break;
  case Reuse::weights:
    layer += tiles * input_ + m_tiles_ * n_tiles_ * weights_ + later * sums_;
    break;
  case Reuse::output:
    layer += tiles * (input_ + weights_);
    break;
  }
  evaluation.classes.push_back({1, layer});
}

} // namespace brownout

/** Platforms, and random layers and designs that are legal under nest.h. */
#pragma once

#include "explorer.h"
#include "nest.h"
#include "published_space.h"

#include <algorithm>
#include <random>

namespace test {

using namespace brownout;

/** Coefficients of the MSP430FR5994 with SPI FRAM, all distinct, so that no mistake cancels. */
inline Platform platform() {
  const double cycle_s = 1.0 / 16e6;
  const auto affine = [&](double ef, double ep, double lf, double lp) {
    return Affine{{ef, lf * cycle_s}, {ep, lp * cycle_s}};
  };
  Platform p{};
  p.element_bytes = 2, p.vm_bytes = 2048, p.nvm_bytes = 524288, p.length_multiple = 1;
  p.buffer = {0.005, 24, 2.99, 2.8, 3.0, 0.55};
  p.nvm_read = affine(2.0e-7, 2.7e-8, 424, 64);
  p.nvm_write = affine(1.9336e-7, 2.6815e-8, 422.2, 64.1);
  p.mac = affine(2.044e-7, 5.273e-10, 616, 1.5);
  p.add = {3.9355e-9, 12 * cycle_s};
  p.multiply = {1.9253e-8, 44 * cycle_s};
  p.divide = {4.3738e-8, 160 * cycle_s};
  p.max = {4.228e-9, 14 * cycle_s};
  p.requantise = {5.31e-8, 150 * cycle_s};
  p.commit = {1.558e-7, 440 * cycle_s};
  p.reboot = {7.788e-5, 0.07};
  const auto overhead = [&](double adds, double multiplies) {
    return adds * p.add + multiplies * p.multiply;
  };
  p.fetch_input = overhead(7, 5), p.fetch_weights = overhead(8, 9);
  p.fetch_output[0] = overhead(7, 5), p.fetch_output[1] = overhead(7, 4);
  p.fetch_output[2] = overhead(6, 4);
  p.backup_output[0] = overhead(9, 8), p.backup_output[1] = overhead(11, 9);
  p.backup_output[2] = overhead(7, 6);
  p.partial_sum = overhead(7, 10), p.accumulate = overhead(3, 3), p.pool = overhead(2, 1);
  return p;
}

class Dice {
public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  /** Uniform enough in [low, high]; the standard's distributions differ between libraries. */
  uint32_t pick(uint32_t low, uint32_t high) {
    return low + static_cast<uint32_t>(engine_() % (high - low + 1));
  }
  double real(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) / 9007199254740992.0);
  }

private:
  std::mt19937_64 engine_;
};

/** int16 codes, or int8 ones with a scale for the layer or for each output channel. */
inline void set_codes(Dice &dice, bo_shape &s) {
  s.element_bytes = static_cast<uint8_t>(dice.pick(1, 2));
  const bool weights = s.kind == BO_CONV || s.kind == BO_DEPTHWISE;
  s.per_channel = weights && s.element_bytes == 1 && dice.pick(0, 1) == 1;
}

inline bo_shape conv_shape(Dice &dice) {
  for (;;) {
    bo_shape s{};
    s.kind = BO_CONV;
    set_codes(dice, s);
    s.has_bias = dice.pick(0, 1) == 1;
    s.h = static_cast<uint16_t>(dice.pick(1, 12));
    s.w = static_cast<uint16_t>(dice.pick(1, 12));
    s.n = static_cast<uint16_t>(dice.pick(1, 9));
    s.m = static_cast<uint16_t>(dice.pick(1, 9));
    s.kernel_h = static_cast<uint16_t>(dice.pick(1, 5));
    s.kernel_w = static_cast<uint16_t>(dice.pick(1, 5));
    s.stride_h = static_cast<uint8_t>(dice.pick(1, 3));
    s.stride_w = static_cast<uint8_t>(dice.pick(1, 3));
    s.pad_top = static_cast<uint8_t>(dice.pick(0, 3));
    s.pad_left = static_cast<uint8_t>(dice.pick(0, 3));
    const int h = s.h + s.pad_top + static_cast<int>(dice.pick(0, 3)) - s.kernel_h;
    const int w = s.w + s.pad_left + static_cast<int>(dice.pick(0, 3)) - s.kernel_w;
    if (h < 0 || w < 0)
      continue;
    s.r = static_cast<uint16_t>(h / s.stride_h + 1);
    s.c = static_cast<uint16_t>(w / s.stride_w + 1);
    return s;
  }
}

inline bo_shape pool_shape(Dice &dice) {
  bo_shape s{};
  s.kind = BO_GLOBAL_AVG_POOL;
  set_codes(dice, s);
  s.h = s.kernel_h = static_cast<uint16_t>(dice.pick(1, 12));
  s.w = s.kernel_w = static_cast<uint16_t>(dice.pick(1, 12));
  s.n = s.m = static_cast<uint16_t>(dice.pick(1, 9));
  s.r = s.c = 1;
  s.stride_h = s.stride_w = 1;
  return s;
}

/** Depthwise, max and average pools with stride and padding, add, concat. */
inline bo_shape channelwise_shape(Dice &dice) {
  bo_shape s = conv_shape(dice);
  s.kind = static_cast<uint8_t>(dice.pick(BO_DEPTHWISE, BO_CONCAT));
  s.has_bias = s.kind == BO_DEPTHWISE && s.has_bias;
  set_codes(dice, s);
  s.n = s.m;
  if (s.kind < BO_ADD)
    return s;
  s.h = s.r, s.w = s.c;
  s.kernel_h = s.kernel_w = s.stride_h = s.stride_w = 1, s.pad_top = s.pad_left = 0;
  if (s.kind == BO_CONCAT)
    s.m = static_cast<uint16_t>(s.n + dice.pick(1, 9));
  return s;
}

/** One of every kind that the runtime has. */
inline bo_shape any_shape(Dice &dice) {
  const uint32_t kind = dice.pick(0, 4);
  return kind == 0 ? pool_shape(dice) : kind < 3 ? conv_shape(dice) : channelwise_shape(dice);
}

/** Any tile sizes, ragged ends included; any order; any span; any S. */
inline bo_design any_design(Dice &dice, const bo_shape &s) {
  const bool pool = s.kind == BO_GLOBAL_AVG_POOL, conv = s.kind == BO_CONV;
  bo_design d{};
  d.tr = static_cast<uint16_t>(dice.pick(1, pool ? s.h : s.r));
  d.tc = static_cast<uint16_t>(dice.pick(1, pool ? s.w : s.c));
  d.tm = static_cast<uint16_t>(dice.pick(1, s.m));
  d.tn = static_cast<uint16_t>(conv ? dice.pick(1, s.n) : 1);
  uint8_t order[4] = {BO_R, BO_C, BO_M, BO_N};
  for (uint32_t i = 3; i > 0; i--)
    std::swap(order[i], order[dice.pick(0, i)]);
  std::copy(order, order + 4, d.order);
  d.span = static_cast<uint8_t>(conv ? dice.pick(0, 2) : 0);
  d.s = 1;
  const uint32_t sweep = bo_nest_make(&s, &d).sweep;
  d.s = static_cast<uint16_t>(dice.pick(1, sweep + 1));
  return d;
}

} // namespace test

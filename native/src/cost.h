/** Costs in SI units: energy and time travel together and are never added to one another. */
#pragma once

namespace brownout {

struct Cost {
  double energy_J = 0;
  double latency_s = 0;

  bool operator==(const Cost &) const = default;

  Cost &operator+=(const Cost &other) {
    energy_J += other.energy_J;
    latency_s += other.latency_s;
    return *this;
  }
};

inline Cost operator+(Cost a, const Cost &b) { return a += b; }
inline Cost operator*(double factor, const Cost &cost) {
  return {factor * cost.energy_J, factor * cost.latency_s};
}

/** Cost of one operation on n elements: fixed + n * per_element. */
struct Affine {
  Cost fixed;
  Cost per_element;

  bool operator==(const Affine &) const = default;

  Cost of(double n) const { return fixed + n * per_element; }
};

} // namespace brownout

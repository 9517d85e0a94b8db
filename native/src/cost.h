/** Costs in SI units: energy and time travel together and are never added to one another. */
#pragma once

#include <type_traits>

namespace brownout {

/**
 * A double of one unit. It turns into a plain double where a formula needs one, but quantities of
 * different units are neither added, subtracted nor compared: that does not compile.
 */
template <class Unit> class Quantity {
public:
  constexpr Quantity(double value = 0) : value_(value) {}
  constexpr operator double() const { return value_; }

  constexpr Quantity &operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity &operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  template <class Other>
    requires(!std::is_same_v<Unit, Other>)
  Quantity &operator+=(Quantity<Other>) = delete;
  template <class Other>
    requires(!std::is_same_v<Unit, Other>)
  Quantity &operator-=(Quantity<Other>) = delete;
  template <class Other>
    requires(!std::is_same_v<Unit, Other>)
  Quantity(Quantity<Other>) = delete;
  template <class Other>
    requires(!std::is_same_v<Unit, Other>)
  Quantity &operator=(Quantity<Other>) = delete;

private:
  double value_;
};

using Joules = Quantity<struct JouleUnit>;
using Seconds = Quantity<struct SecondUnit>;

template <class Unit> constexpr Quantity<Unit> operator+(Quantity<Unit> a, Quantity<Unit> b) {
  return a += b;
}
template <class Unit> constexpr Quantity<Unit> operator-(Quantity<Unit> a, Quantity<Unit> b) {
  return a -= b;
}
template <class Number, class Unit>
  requires std::is_arithmetic_v<Number>
constexpr Quantity<Unit> operator*(Number factor, Quantity<Unit> quantity) {
  return static_cast<double>(factor) * static_cast<double>(quantity);
}
template <class Unit> constexpr bool operator==(Quantity<Unit> a, Quantity<Unit> b) {
  return static_cast<double>(a) == static_cast<double>(b);
}
template <class A, class B>
  requires(!std::is_same_v<A, B>)
void operator+(Quantity<A>, Quantity<B>) = delete;
template <class A, class B>
  requires(!std::is_same_v<A, B>)
void operator-(Quantity<A>, Quantity<B>) = delete;
template <class A, class B>
  requires(!std::is_same_v<A, B>)
bool operator==(Quantity<A>, Quantity<B>) = delete;
template <class A, class B>
  requires(!std::is_same_v<A, B>)
bool operator<(Quantity<A>, Quantity<B>) = delete;
template <class A, class B>
  requires(!std::is_same_v<A, B>)
bool operator>(Quantity<A>, Quantity<B>) = delete;
template <class A, class B>
  requires(!std::is_same_v<A, B>)
bool operator<=(Quantity<A>, Quantity<B>) = delete;
template <class A, class B>
  requires(!std::is_same_v<A, B>)
bool operator>=(Quantity<A>, Quantity<B>) = delete;

struct Cost {
  Joules energy_J = 0;
  Seconds latency_s = 0;

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

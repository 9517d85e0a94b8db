/** What was seen of the compiled runtime, or is expected of it: reads, writes and MAC calls by
 * their size, the rest under size 0. */
#pragma once

#include "counts.h"

extern "C" {
#include "campaign.h"
#include "counters.h"
#include "support/network.h"
}

namespace test {

using Seen = std::map<std::pair<std::string, uint32_t>, double>;

/** Told of each kernel call's length; null: nobody is. */
extern void (*mac_seen)(uint16_t length);

/** The model's counts as the runtime would show them. */
inline Seen as_seen(const CountSink &model) {
  Seen seen;
  for (const auto &[what, n] : model.counts) {
    const auto &[name, size] = what;
    if (name == "boot")
      seen[{"read", BO_RECORD_BYTES}] += 2 * n, seen[{"boot", 0}] += n;
    else if (name == "commit")
      seen[{"write", BO_RECORD_BYTES}] += n, seen[{"commit", 0}] += n;
    else if (name == "mark")
      seen[{"write", BO_MARK_BYTES}] += n, seen[{"mark", 0}] += n;
    else if (name == "mac" || name == "pool" || name == "requantise" || name == "set" ||
             name == "strip")
      seen[{name, size}] += n;
    else
      seen[{name.substr(0, name.find(' ')), size}] += n;
  }
  std::erase_if(seen,
                [](const auto &entry) { return entry.first.second == 0 && entry.second == 0; });
  return seen;
}

/** What was seen of a layer, with the runtime's own counters beside it. */
inline Seen with_counters(Seen seen, const bo_counters &c) {
  const auto add = [&](const char *name, double n) {
    if (n > 0)
      seen[{name, 0}] += n;
  };
  add("boot", c.boots), add("commit", c.commits), add("pool", c.pooled);
  add("requantise", c.requantised), add("mark", c.marks);
  add("set", c.states_set), add("strip", c.states_stripped);
  return seen;
}

inline double total(const Seen &seen, const char *name, bool sized) {
  double sum = 0;
  for (const auto &[what, n] : seen)
    if (what.first == name)
      sum += n * (sized ? what.second : 1);
  return sum;
}

/** Empty, or the first operation that differs. */
inline std::string difference(const Seen &model, const Seen &runtime) {
  Seen all = model;
  for (const auto &[what, n] : runtime)
    all[what] -= n;
  for (const auto &[what, n] : all)
    if (n != 0)
      return what.first + " of size " + std::to_string(what.second) + ": the model has " +
             std::to_string(n) + " more than the runtime";
  return "";
}

} // namespace test

/** Independent pieces of work on several threads. */
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace brownout {

/** Calls body(i) for every i below `count`, in any order, and returns when all are done. */
template <class Body> void parallel_for(size_t count, unsigned threads, const Body &body) {
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1))
      body(i);
  };
  std::vector<std::thread> crew;
  const size_t helpers = std::min<size_t>(threads == 0 ? 1 : threads, count);
  for (size_t i = 1; i < helpers; i++)
    crew.emplace_back(work);
  work();
  for (auto &thread : crew)
    thread.join();
}

} // namespace brownout

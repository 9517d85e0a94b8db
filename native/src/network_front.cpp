#include "network_front.h"

#include <map>

namespace brownout {

namespace {

/** A sum over the layers so far, and how it came about. */
struct Node {
  Scores scores;
  uint32_t before;
  uint32_t choice;
  Scores digits = rounded(scores);
};

/** Sorts by time and drops what is beaten; of equals the one found first stays. */
void keep_front(std::vector<Node> &nodes) {
  std::stable_sort(nodes.begin(), nodes.end(), [](const Node &a, const Node &b) {
    const Scores &x = a.digits, &y = b.digits;
    return std::tie(x.latency_s, x.energy_J, x.written_bytes) <
           std::tie(y.latency_s, y.energy_J, y.written_bytes);
  });
  // Of the faster ones: bytes by joules, falling.
  std::map<double, double> stairs;
  std::erase_if(nodes, [&](const Node &node) {
    const auto [energy_J, written_bytes] =
        std::pair(node.digits.energy_J, node.digits.written_bytes);
    auto next = stairs.upper_bound(energy_J);
    if (next != stairs.begin() && std::prev(next)->second <= written_bytes)
      return true;
    while (next != stairs.end() && next->second >= written_bytes)
      next = stairs.erase(next);
    stairs[energy_J] = written_bytes;
    return false;
  });
}

} // namespace

std::vector<NetworkPoint>
network_front(const std::vector<const std::vector<CostedDesign> *> &fronts, const Scores &fixed,
              const std::atomic<bool> &cancelled) {
  std::vector<std::vector<Node>> levels{{{{}, 0, 0}}};
  for (const auto *front : fronts) {
    std::vector<Node> sums;
    const auto &before = levels.back();
    for (uint32_t i = 0; i < before.size(); i++) {
      if (cancelled.load(std::memory_order_relaxed))
        return {};
      if (front == nullptr)
        sums.push_back({before[i].scores, i, 0});
      else
        for (uint32_t k = 0; k < front->size(); k++) {
          Scores scores = before[i].scores;
          sums.push_back({scores += (*front)[k].scores(), i, k});
        }
    }
    keep_front(sums);
    levels.push_back(std::move(sums));
  }
  std::vector<NetworkPoint> points;
  for (const Node &last : levels.back()) {
    NetworkPoint point{last.scores, std::vector<uint32_t>(fronts.size())};
    point.scores += fixed;
    const Node *node = &last;
    for (size_t layer = fronts.size(); layer > 0; layer--) {
      point.choices[layer - 1] = node->choice;
      node = &levels[layer - 1][node->before];
    }
    points.push_back(std::move(point));
  }
  return points;
}

} // namespace brownout

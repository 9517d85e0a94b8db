/** The explorer against a plain enumeration, and its promises: any threads, cancelling, exact ties.
 */
#include "check.h"
#include "explorer.h"
#include "fixtures.h"
#include "fronts.h"

#include <cstring>

using namespace test;

namespace {

const std::atomic<bool> NEVER{false};

std::vector<LayerTask> random_tasks(const Platform &p, uint64_t seed, int count) {
  Dice dice(seed);
  std::vector<LayerTask> tasks;
  for (int i = 0; i < count; i++) {
    const bo_shape shape = any_shape(dice);
    // The published model knows no channelwise kinds.
    const bool published = !bo_is_channelwise(&shape) && dice.pick(0, 1) == 0;
    const auto protocol = published ? Protocol::inas2021 : Protocol::brownout;
    const uint64_t planes = dice.pick(0, 2) == 0 ? 64 : UINT64_MAX;
    tasks.push_back({&p, protocol, Power::intermittent, shape,
                     protocol == Protocol::brownout ? planes : UINT64_MAX});
    tasks.back().objective = static_cast<Objective>(i % 4);
  }
  return tasks;
}

/** Small limits, so that every kind of rejection occurs. */
Platform tight() {
  Platform p = platform();
  p.vm_bytes = 256;
  p.length_multiple = 2;
  p.buffer.capacitance_F = 0.001;
  return p;
}

bool same(const bo_design &a, const bo_design &b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/** Counts a design that misses a limit, by the first it misses, and offers it as its witness. */
bool refuse(const LayerTask &task, const CostedDesign &costed, bool odd, Rejections &rejections) {
  const Platform &p = *task.platform;
  const auto over = [](double value, double limit) { return std::fmax(0.0, value - limit); };
  const std::pair<Binding, double> misses[] = {
      {Binding::alignment, odd ? 1.0 : 0.0},
      {Binding::vm, over(costed.vm_bytes, p.vm_bytes)},
      {Binding::nvm, 2 * over(costed.plane_bytes, static_cast<double>(task.plane_limit_bytes))},
      {Binding::energy, over(costed.energy_max_J, p.buffer.safe_J())}};
  int missed = 0;
  for (const auto &[binding, by] : misses)
    missed += by > 0;
  for (const auto &[binding, by] : misses) {
    if (by == 0)
      continue;
    Rejection &rejection = rejections[static_cast<size_t>(binding)];
    rejection.count++;
    rejection.offer_any({costed.design, by});
    if (missed == 1)
      rejection.offer_sole({costed.design, by});
    return true;
  }
  return false;
}

TEST("explore_layers() finds what a plain enumeration finds", {
  uint64_t refused[BINDINGS] = {};
  for (const Platform &p : {platform(), tight()}) {
    const auto tasks = random_tasks(p, 11, 150);
    const auto results = explore_layers(tasks, 2, NEVER);
    CHECK(results.has_value());
    for (size_t i = 0; i < tasks.size(); i++) {
      const LayerTask &task = tasks[i];
      const LayerResult &result = (*results)[i];
      uint64_t total = 0, feasible = 0;
      std::vector<CostedDesign> all;
      Rejections rejections{};
      const PublishedSpace space(task.shape);
      for (uint32_t tr : space.tr)
        for_each_published(task.shape, space, tr, true, [&](const bo_design &design) {
          total++;
          const CostedDesign costed = cost_design(task, design);
          const bool odd =
              p.length_multiple == 2 && task.shape.kind == BO_CONV && design.tn % 2 != 0;
          if (refuse(task, costed, odd, rejections))
            return true;
          feasible++;
          all.push_back(costed);
          return true;
        });
      CHECK(result.designs_total == total);
      CHECK(result.designs_feasible == feasible);
      for (size_t b = 0; b < BINDINGS; b++) {
        const Rejection &found = result.rejections[b], &expected = rejections[b];
        CHECK(found.count == expected.count && found.has_sole == expected.has_sole);
        refused[b] += found.count;
        if (found.count == 0)
          continue;
        CHECK(same(found.witness().design, expected.witness().design));
        CHECK(found.witness().violation == expected.witness().violation);
      }
      CHECK(result.best.empty() == all.empty());
      if (all.empty())
        continue;
      if (task.objective == Objective::pareto) {
        std::vector<Scores> scores;
        for (const auto &c : all)
          scores.push_back(c.scores());
        check_front(result.best, scores);
        continue;
      }
      const auto score = [&](const CostedDesign &c) { return c.scores().of(task.objective); };
      double lowest = score(all.front());
      for (const auto &c : all)
        lowest = std::fmin(lowest, score(c));
      const CostedDesign *winner = nullptr;
      // Of equal wear the faster one.
      const auto rank = [&](const CostedDesign &c) {
        const bool wear = task.objective == Objective::wear;
        return std::make_tuple(wear ? c.latency_s : 0.0, c.vm_bytes, design_rank(c.design));
      };
      for (const auto &c : all)
        if (score(c) <= lowest * (1 + 1e-12) && (!winner || rank(c) < rank(*winner)))
          winner = &c;
      CHECK(same(winner->design, result.best.front().design));
      CHECK(score(*winner) == score(result.best.front()));
      CHECK(result.best.size() == std::min<size_t>(all.size(), 1 + RUNNERS_UP));
    }
  }
  for (Binding binding : {Binding::vm, Binding::energy, Binding::nvm, Binding::alignment})
    CHECK(refused[static_cast<size_t>(binding)] > 0);
});

TEST("explore_layers() names a witness that mending one limit makes feasible", {
  const Platform p = tight();
  const auto tasks = random_tasks(p, 12, 150);
  const auto results = explore_layers(tasks, 1, NEVER);
  int seen[BINDINGS] = {};
  for (size_t i = 0; i < tasks.size(); i++)
    for (size_t b = 0; b < BINDINGS; b++) {
      const Rejection &r = (*results)[i].rejections[b];
      if (r.count == 0 || !r.has_sole || b == static_cast<size_t>(Binding::alignment))
        continue;
      seen[b]++;
      Platform mended = p;
      LayerTask task = tasks[i];
      task.platform = &mended;
      if (b == static_cast<size_t>(Binding::vm))
        mended.vm_bytes += static_cast<uint32_t>(r.sole.violation);
      if (b == static_cast<size_t>(Binding::nvm))
        task.plane_limit_bytes += static_cast<uint64_t>(r.sole.violation / 2);
      if (b == static_cast<size_t>(Binding::energy))
        mended.buffer.safe_margin *= 1 + r.sole.violation / p.buffer.safe_J() * (1 + 1e-9);
      const CostedDesign costed = cost_design(task, r.sole.design);
      CHECK(costed.vm_bytes <= mended.vm_bytes && costed.plane_bytes <= task.plane_limit_bytes);
      CHECK(costed.energy_max_J <= mended.buffer.safe_J());
      // One byte (or a thousandth) less would not do.
      if (b == static_cast<size_t>(Binding::vm))
        CHECK(costed.vm_bytes == mended.vm_bytes);
      if (b == static_cast<size_t>(Binding::nvm))
        CHECK(costed.plane_bytes == task.plane_limit_bytes);
      if (b == static_cast<size_t>(Binding::energy))
        CHECK(costed.energy_max_J > mended.buffer.safe_J() * 0.999);
    }
  CHECK(seen[static_cast<size_t>(Binding::vm)] > 0);
  CHECK(seen[static_cast<size_t>(Binding::energy)] > 0);
  CHECK(seen[static_cast<size_t>(Binding::nvm)] > 0);
});

TEST("explore_layers() gives the same answer for 1, 2 and 8 threads", {
  const Platform p = platform();
  const auto tasks = random_tasks(p, 13, 40);
  const auto one = explore_layers(tasks, 1, NEVER);
  for (unsigned threads : {2u, 8u}) {
    const auto more = explore_layers(tasks, threads, NEVER);
    for (size_t i = 0; i < tasks.size(); i++) {
      const LayerResult &a = (*one)[i], &b = (*more)[i];
      CHECK(a.best.size() == b.best.size());
      for (size_t k = 0; k < a.best.size(); k++) {
        CHECK(same(a.best[k].design, b.best[k].design));
        CHECK(a.best[k].latency_s == b.best[k].latency_s);
      }
      for (size_t r = 0; r < BINDINGS; r++) {
        CHECK(a.rejections[r].count == b.rejections[r].count);
        if (a.rejections[r].count > 0)
          CHECK(same(a.rejections[r].witness().design, b.rejections[r].witness().design));
      }
    }
  }
});

TEST("Ranking does not depend on the order in which candidates come", {
  Dice dice(14);
  for (int round = 0; round < 200; round++) {
    std::vector<Candidate> candidates;
    const uint32_t size = dice.pick(1, 400);
    for (uint32_t i = 0; i < size; i++) {
      Candidate c{};
      c.design.tr = static_cast<uint16_t>(i + 1), c.design.order[3] = BO_N;
      // Many ties, and differences in the last digits.
      c.score = dice.pick(1, 6) * (1 + 1e-15 * dice.pick(0, 3));
      c.vm_bytes = dice.pick(1, 5);
      candidates.push_back(c);
    }
    Ranking forward(4);
    for (const auto &c : candidates)
      forward.add(c);
    for (size_t i = candidates.size(); i > 1; i--)
      std::swap(candidates[i - 1], candidates[dice.pick(0, static_cast<uint32_t>(i - 1))]);
    Ranking left(4), right(4);
    for (size_t i = 0; i < candidates.size(); i++)
      (i % 3 == 0 ? left : right).add(candidates[i]);
    left.merge(right);
    const auto a = forward.best(), b = left.best();
    CHECK(a.size() == b.size());
    for (size_t i = 0; i < a.size(); i++)
      CHECK(same(a[i].design, b[i].design));
  }
});

} // namespace

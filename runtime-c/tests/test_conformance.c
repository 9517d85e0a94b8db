/**
 * One suite for every scheme: each kind of layer, code size and shape, every state of NVM that cuts
 * can reach.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "exploration.h"
#include "network.h"

/** What one case is made from; its text names it in replay ids. */
typedef struct {
  unsigned scheme, kind, element_bytes, shape;
} conformance_case;

static network *make(const conformance_case *c) {
  /* What add and concat read second is an earlier map where there is one that fits. */
  const int joins = c->kind == BO_ADD || c->kind == BO_CONCAT;
  const network_limits limits = {
      .layers = joins ? 3u : 2u,
      .max_side = 4,
      .max_channels = 4,
      .max_batches = 6,
      .vectors = 2,
      .scheme = (uint8_t)c->scheme,
      .element_bytes = (uint8_t)c->element_bytes,
      .kind = (uint8_t)(c->kind + 1u),
      .kind_at = joins ? 1 : 0,
  };
  return network_make(500000u + 1000u * c->kind + c->shape, &limits);
}

/** Adds what is seen of one case. */
static void explore(const conformance_case *c, const bo_exploration_limits *limits,
                    bo_exploration *seen) {
  network *net = make(c);
  bo_exploration one;
  memset(&one, 0, sizeof one);
  bo_explore(&net->subject, limits, &one);
  CHECK(one.mismatches == 0u, "replay %u:%u:%u:%u: %s: %s", c->scheme, c->kind, c->element_bytes,
        c->shape, one.failure, network_text(net));
  seen->cuts += one.cuts;
  seen->states += one.states;
  seen->boots += one.boots;
  seen->closed += one.closed;
  if (one.lost_most > seen->lost_most)
    seen->lost_most = one.lost_most;
  if (one.deepest > seen->deepest)
    seen->deepest = one.deepest;
  network_free(net);
}

static void suite(unsigned scheme, unsigned shapes, const bo_exploration_limits *limits) {
  bo_exploration seen;
  unsigned cases = 0;
  memset(&seen, 0, sizeof seen);
  for (unsigned kind = 0; kind <= BO_CONCAT; kind++) {
    for (unsigned bytes = 1; bytes <= 2u; bytes++) {
      for (unsigned shape = 0; shape < shapes && !check_has_failed(); shape++, cases++) {
        const conformance_case c = {scheme, kind, bytes, shape};
        explore(&c, limits, &seen);
      }
    }
  }
  check_note("%u networks, %u cuts, %u states of NVM, %u of the networks closed, at most %u cuts "
             "deep; most work lost %u",
             cases, (unsigned)seen.cuts, (unsigned)seen.states, (unsigned)seen.closed,
             (unsigned)seen.deepest, (unsigned)seen.lost_most);
}

/* As many cuts as lead anywhere else: a network that closes is proven for any number of them. */
static const bo_exploration_limits any_cuts = {.inferences = 2, .cuts = 30, .states = 4000};
/* Where a cut loses a layer or all, states are many, for each may mix old and new data anywhere. */
static const bo_exploration_limits two_cuts = {.inferences = 1, .cuts = 2, .states = 3000};

void test_conformance_tile(void) { suite(BO_SCHEME_TILE, 4, &any_cuts); }
void test_conformance_hawaii(void) { suite(BO_SCHEME_HAWAII, 4, &any_cuts); }
void test_conformance_stateful(void) { suite(BO_SCHEME_STATEFUL, 4, &any_cuts); }
void test_conformance_checkpoint(void) { suite(BO_SCHEME_CHECKPOINT, 4, &two_cuts); }
void test_conformance_ideal(void) { suite(BO_SCHEME_IDEAL, 4, &two_cuts); }

int conformance_replay(const char *which, const char *id) {
  conformance_case c;
  bo_exploration seen;
  memset(&seen, 0, sizeof seen);
  if (sscanf(which, "%u:%u:%u:%u", &c.scheme, &c.kind, &c.element_bytes, &c.shape) != 4 ||
      c.scheme > BO_SCHEME_IDEAL || c.kind > BO_CONCAT || c.element_bytes - 1u > 1u)
    return 2;
  network *net = make(&c);
  const int known = bo_explore_replay(&net->subject, id, &seen);
  printf("%s\n", known == 0 ? "no such cuts" : seen.mismatches == 0u ? "right" : seen.failure);
  network_free(net);
  return known == 0 ? 2 : seen.mismatches != 0u;
}

int conformance_campaign(int count, const char *const *words) {
  static const char *const names[] = {"tile", "hawaii", "stateful", "checkpoint", "ideal"};
  const unsigned shapes = (unsigned)strtoul(words[0], NULL, 10);
  const uint32_t states = count > 2 ? (uint32_t)strtoul(words[2], NULL, 10) : 20000u;
  const bo_exploration_limits deep = {.inferences = 2, .cuts = 30, .states = states};
  const bo_exploration_limits wide = {.inferences = 1, .cuts = 2, .states = states};
  uint64_t total = 0;
  unsigned schemes = 0;
  for (unsigned scheme = 0; scheme <= BO_SCHEME_IDEAL && !check_has_failed(); scheme++) {
    if (count > 1 && strcmp(words[1], names[scheme]) != 0)
      continue;
    schemes++;
    const bo_exploration_limits *limits = scheme < BO_SCHEME_CHECKPOINT ? &deep : &wide;
    uint64_t cuts = 0, states = 0;
    unsigned networks = 0, closed = 0, most = 0;
    for (unsigned kind = 0; kind <= BO_CONCAT; kind++) {
      for (unsigned which = 0; which < 2u * shapes && !check_has_failed(); which++, networks++) {
        /* Shapes that no test uses. */
        const conformance_case c = {scheme, kind, 1u + which % 2u, 100u + which / 2u};
        bo_exploration seen;
        memset(&seen, 0, sizeof seen);
        explore(&c, limits, &seen);
        cuts += seen.cuts;
        states += seen.states;
        closed += (unsigned)seen.closed;
        most = seen.lost_most > most ? seen.lost_most : most;
      }
    }
    printf(
        "%s: %u networks, %llu cuts, %llu states of NVM, %u networks closed, most work lost %u\n",
        names[scheme], networks, (unsigned long long)cuts, (unsigned long long)states, closed,
        most);
    fflush(stdout);
    total += cuts;
  }
  printf("%llu cuts in all, %s\n", (unsigned long long)total,
         schemes == 0u        ? "no such scheme"
         : check_has_failed() ? "one of them wrong"
                              : "none wrong");
  return check_has_failed() || schemes == 0u;
}

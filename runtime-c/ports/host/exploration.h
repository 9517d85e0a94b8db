/**
 * Every state of NVM that power cuts can reach, each explored once.
 *
 * Every NVM write of a run is cut in every way the medium allows; where that leaves NVM as no cut
 * before has left it, the runtime is booted from there, uncut, and its writes are cut in turn: two
 * cuts, three, until no new state comes up. VM is poisoned at each boot. What is held against a
 * run: its outputs; that at each commit NVM equals, byte by byte, what the uncut run has there;
 * that no boot falls behind the last commit; and that no cut costs more work than the scheme's
 * bound.
 */
#ifndef BROWNOUT_EXPLORATION_H
#define BROWNOUT_EXPLORATION_H

#include "application.h"

typedef struct {
  uint32_t inferences;
  uint32_t cuts;   /**< one after the other, at most */
  uint32_t states; /**< booted from, at most: an exploration that comes to more is left unclosed */
} bo_exploration_limits;

typedef struct {
  uint32_t cuts;   /**< tried: each left NVM in some state */
  uint32_t states; /**< distinct states among these, each booted from */
  uint32_t boots;
  uint32_t deepest; /**< cuts, one after the other, that led to the state farthest away */
  int closed;       /**< no cut leads anywhere else: what was seen holds for any number of cuts */
  uint64_t lost; /**< work done twice, in multiply-accumulates and pooled elements, of all cuts */
  uint32_t lost_most;
  uint32_t mismatches;
  char failure[300]; /**< the first: what, and the id that replays it */
} bo_exploration;

/** Adds to `*seen`; replay id: `reach:INFERENCES:WRITE.MODE.DETAIL/WRITE.MODE.DETAIL..`. */
void bo_explore(const bo_subject *subject, const bo_exploration_limits *limits,
                bo_exploration *seen);

/** Repeats the cuts that an id names, and all checks; 0 where it names none. */
int bo_explore_replay(const bo_subject *subject, const char *id, bo_exploration *seen);

/** Most work that one cut in layer `layer` costs: the bound of GUARANTEES.md. */
uint32_t bo_lost_most(const bo_model *model, uint16_t layer);

#endif

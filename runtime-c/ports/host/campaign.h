/** Campaigns: whole applications under power cuts, and the oracle that judges them. */
#ifndef BROWNOUT_CAMPAIGN_H
#define BROWNOUT_CAMPAIGN_H

#include "application.h"

typedef struct {
  uint32_t inferences; /**< results consumed */
  uint32_t cuts;
  uint32_t boots;
  uint32_t commits; /**< uncut: records; else power cycles that ended by switching off */
  uint32_t mismatches;
  char failure[160]; /**< of the first mismatch: what, and the replay id that repeats it */
} bo_report;

/** Cut kinds that random campaigns draw from, one bit per bo_cut_mode. */
#define BO_ALL_CUTS ((1u << BO_CUT_MODES) - 1u)

/** Consumes `inferences` results without a cut; off after each commit or not. */
void bo_campaign_uncut(const bo_subject *subject, uint32_t inferences, int off_after_commit,
                       bo_report *report);

/**
 * Consumes `inferences` results while up to `max_cuts` cuts fall at random NVM writes; off after
 * each commit in every second campaign. Replay id:
 * `random:SEED:CAMPAIGN:MAX_CUTS:MODES:INFERENCES`.
 */
void bo_campaign_random(const bo_subject *subject, uint32_t seed, uint32_t campaign,
                        uint32_t max_cuts, uint32_t modes, uint32_t inferences, bo_report *report);

/**
 * One cut at every NVM write of `inferences` inferences: before it, torn at several places, with
 * the unconfirmed writes before it lost, and with random ones lost. After it one power cycle must
 * bring NVM to exactly the bytes that the uncut run left there: no more work is lost than the step
 * that was cut. Replay id: `one:POWER_CYCLE:WRITE:MODE:DETAIL:INFERENCES`.
 */
void bo_campaign_exhaustive(const bo_subject *subject, uint32_t inferences, bo_report *report);

/** What a replay id says, number by number. */
typedef struct {
  int is_random; /**< else one cut of an exhaustive campaign */
  uint32_t numbers[5];
} bo_replay;

/** 0 where `id` is no replay id. */
int bo_campaign_parse(const char *id, bo_replay *replay);

/** Repeats what a replay id names; 0 where it is none. */
int bo_campaign_replay(const bo_subject *subject, const char *id, bo_report *report);

#endif

/** The search methods by name. */
import { Evolution } from "./evolution.ts";
import { Exhaustive } from "./exhaustive.ts";
import { RandomSearch } from "./random.ts";
import { Ranked } from "./ranked.ts";
import { Reinforce } from "./reinforce.ts";
import type { Searcher, SearcherSetting } from "./searcher.ts";

type Make = (setting: SearcherSetting) => Searcher;

export const searchers = {
  random: (setting) => new RandomSearch(setting),
  reinforce: (setting) => new Reinforce(setting),
  /** The same loop, judged under continuous power; the driver sees to that. */
  "hw-nas": (setting) => new Reinforce(setting),
  evolution: (setting) => new Evolution(setting),
  supernet: (setting) => new Ranked(setting),
  exhaustive: (setting) => new Exhaustive(setting),
} as const satisfies Record<string, Make>;

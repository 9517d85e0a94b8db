/** Searches that were really trained, as campaign.ts records them, told as tables and chart. */
import { writeWhole } from "../../base/files.ts";
import { bestByFolds } from "../har_folds.ts";
import type { CampaignResult } from "./campaign.ts";
import type { Final } from "./finals.ts";
import { costChart, type CostCurve } from "./cost_chart.ts";
import { frontChart, type FrontPoint } from "./front_chart.ts";
import { percent } from "./plot.ts";
import { mean } from "./statistics.ts";
import { type PublishedPoint, TINAS } from "./tinas.ts";

const FILE = `${import.meta.dirname}/campaigns.json`;
const CHART = `${import.meta.dirname}/tinas.svg`;
const COST_CHART = `${import.meta.dirname}/cost.svg`;

/** Of campaigns that tested nothing the accuracy is that of validation. */
export interface RecordedFinal
  extends Pick<Final, "latency_full_s" | "latency_published_s" | "val_accuracy"> {
  readonly network: string;
  readonly test_accuracy?: number;
}

type Recorded =
  & Omit<CampaignResult, "network" | "space" | "finals" | "networks_in_space" | "feasible_share">
  & { readonly network: string; readonly finals?: readonly RecordedFinal[] };

interface Campaigns {
  readonly cautions: unknown;
  readonly searches: readonly Recorded[];
  readonly supernets: readonly {
    readonly sampling: string;
    readonly per_step: number;
    readonly epochs: number;
    readonly learning_rate: number;
    readonly kendall_tau: number;
  }[];
}

const read = async () => JSON.parse(await Deno.readTextFile(FILE)) as Campaigns;

export async function recordCampaign(result: CampaignResult): Promise<void> {
  const { network, finals, space: _, networks_in_space: __, feasible_share: ___, ...rest } = result;
  const campaigns = await read();
  const recorded: Recorded = {
    ...rest,
    network: network.name,
    ...(finals.length === 0
      ? {}
      : { finals: finals.map((final) => ({ ...final, network: final.network.name })) }),
  };
  const at = campaigns.searches.findIndex(({ name }) => name === result.name);
  const searches = [...campaigns.searches];
  searches.splice(at < 0 ? searches.length : at, at < 0 ? 0 : 1, recorded);
  await writeWhole(FILE, JSON.stringify({ ...campaigns, searches }, null, 1) + "\n");
}

/** The part of section "Search" of RESULTS.md that was trained for real; redraws the chart. */
export async function campaignLines(): Promise<string[]> {
  const { searches, supernets } = await read();
  const har = [...finalsOf(searches, "tinas-har"), await bestByFolds()]
    .sort((a, b) => a.latency_full_s - b.latency_full_s);
  await writeWhole(
    CHART,
    frontChart("Accuracy and modelled latency on msp430fr5994-spi, 5 mF", [
      {
        title: "HAR windows rebuilt from HAPT",
        ours: har.map(toPoint),
        published: TINAS.har,
      },
      {
        title: "CIFAR-10 (ours: 20,000 images)",
        ours: finalsOf(searches, "tinas-cifar10").map(toPoint),
        published: TINAS.cifar10,
      },
    ]),
  );
  const reinforce = mean(searches.filter(isReinforce).map(({ val_accuracy }) => val_accuracy));
  await writeWhole(
    COST_CHART,
    costChart("HAR at 5 mF: what accuracy costs", costCurves(searches), {
      label: `reinforce's mean, ${percent(reinforce)}`,
      accuracy: reinforce,
    }),
  );
  return [
    "",
    "### Supernets against the full training",
    "",
    "The same 120 networks by the losses of inherited weights (bench/search/supernet_tau.ts). None ranks " +
    "better than the number of parameters does, which costs nothing: `supernet` is not the default.",
    "",
    "| sampling | networks a step | epochs | learning rate | Kendall tau | cost, epochs |",
    "| --- | --- | --- | --- | --- | --- |",
    ...supernets.map((one) =>
      `| ${one.sampling} | ${one.per_step} | ${one.epochs} | ${one.learning_rate} | ` +
      `${one.kendall_tau.toFixed(3)} | ${one.per_step * one.epochs} |`
    ),
    ...costLines(searches),
    "",
    "### Against TiNAS, 5 mF",
    "",
    "![Accuracy against latency](search/tinas.svg)",
    "",
    "TiNAS: accuracy after fine-tuning on its own data, latency by its own model. Ours: protocol " +
    "`brownout` on msp430fr5994-spi (41 ohm for HAR, 24 for CIFAR-10). HAR windows are rebuilt from HAPT; " +
    "networks and settings were chosen by validation, then tested once; of conv-7x24-7x24-7x24 the means " +
    "of the section above. Where validation samples were trained on in the end, validation is the short " +
    "trial's of the search. conv-3x8-5x24-5x16 and conv-3x4-5x24-7x16, within 18.4 s by published designs, " +
    "kept the best of 20 epochs by four validation persons (of the first, epoch 9). That the preset and the " +
    "plans keep the last epoch, and that plans train on the validation persons as well, was decided after " +
    "these two had been tested. CIFAR-10: 20,000 of the 50,000 training images; the network of 22.41 s for " +
    "24 epochs on 18,000 of them, then for 60 on all; the one of 96.17 s, out of residual stages " +
    "(plans/tinas-cifar10-residual.json), for 60 on all, a quarter of an hour of one core; those without a " +
    "test accuracy for 20 epochs.",
    "",
    "| data | network | test accuracy | validation | latency s, full | latency s, published designs |",
    "| --- | --- | --- | --- | --- | --- |",
    ...against("HAR", TINAS.har, har),
    ...against("CIFAR-10", TINAS.cifar10, finalsOf(searches, "tinas-cifar10")),
    "",
    "HAR is beaten in accuracy and latency by conv-7x24-7x24-7x24, a network of iNAS's own space, and by " +
    "blocks-c7x16s2m-c7x64-2c3x64, with designs of the full space; with published designs they take longer " +
    "than theirs, so that network and designs win together. CIFAR-10 is beaten by " +
    "blocks-c3x24s2-2c3x32r-3c3x64s2r-3c3x64s2r: 79.68 % in 96.17 s, where theirs take 238.9 s for 70.18 % " +
    "and 419.4 s for 76.54 %; by published designs, too, in 168.6 s. What more time would cost: all 50,000 " +
    "images two and a half times as much.",
  ];
}

function finalsOf(searches: readonly Recorded[], prefix: string): RecordedFinal[] {
  const finals = searches.filter(({ name }) => name.startsWith(prefix))
    .flatMap(({ finals = [] }) => finals);
  return finals.sort((a, b) => a.latency_full_s - b.latency_full_s);
}

function toPoint({ test_accuracy, val_accuracy, ...rest }: RecordedFinal): FrontPoint {
  return { ...rest, accuracy: test_accuracy ?? val_accuracy };
}

function against(
  data: string,
  published: readonly PublishedPoint[],
  finals: readonly RecordedFinal[],
): string[] {
  return [
    ...published.map(({ name, accuracy, latency_s }) =>
      `| ${data} | ${name} | ${percent(accuracy)} |  |  | ${latency_s} |`
    ),
    ...finals.map((one) =>
      `| ${data} | ${one.network} | ${
        one.test_accuracy === undefined ? "" : percent(one.test_accuracy)
      } | ${percent(one.val_accuracy)} | ` +
      `${one.latency_full_s.toFixed(2)} | ${one.latency_published_s?.toFixed(2) ?? "unsafe"} |`
    ),
  ];
}

/** As published: 100 trials of 25 epochs. */
const PUBLISHED_EPOCHS = 2500;

const isReinforce = ({ name }: Recorded) => name.startsWith("har-reinforce");
const isDefault = ({ name }: Recorded) => name.startsWith("har-default");

const titleOf = (one: Recorded) => isDefault(one) ? `default, ${one.trained} trials` : one.method;

/** Thousands of training samples and best accuracy so far of every seed, of reinforce and of the default. */
function costCurves(searches: readonly Recorded[]): CostCurve[] {
  const perEpoch = ({ samples_trained, epochs_trained }: Recorded) =>
    samples_trained / epochs_trained;
  return searches.filter((one) => isReinforce(one) || isDefault(one)).map((one) => ({
    name: `${titleOf(one)}, seed ${one.seed}`,
    kind: titleOf(one),
    points: one.curve.map(([epochs, best]) => [epochs * perEpoch(one) / 1000, best]),
  }));
}

/** Searches of one plan that differ in their seeds alone. */
function bySeeds(searches: readonly Recorded[]): Recorded[][] {
  return [
    ...Map.groupBy(searches, ({ name, seed }) => name.replace(new RegExp(`-${seed}$`), ""))
      .values(),
  ];
}

/** What each search spent, and reinforce until it was as good. */
function costLines(searches: readonly Recorded[]): string[] {
  const reinforce = searches.filter(isReinforce);
  const trained = mean(reinforce.map(({ epochs_trained }) => epochs_trained));
  const reached = ({ val_accuracy }: Recorded) =>
    reinforce.map(({ curve }) => curve.find(([, best]) => best >= val_accuracy)?.[0] ?? "never")
      .join(" / ");
  const defaults = bySeeds(searches.filter(isDefault));
  const accuracy = (runs: readonly Recorded[]) =>
    mean(runs.map(({ val_accuracy }) => val_accuracy));
  const summary = (runs: readonly Recorded[]) => {
    const epochs = mean(runs.map(({ epochs_trained }) => epochs_trained));
    return `| ${titleOf(runs[0]!)} | ${runs[0]!.requirement_s} | ${
      runs.map(({ val_accuracy }) => percent(val_accuracy)).join(", ")
    } | ` +
      `${percent(accuracy(runs))} | ` +
      `${mean(runs.map(({ latency_s }) => latency_s)).toFixed(2)} | ${epochs.toFixed(0)} | ` +
      `${Math.round(mean(runs.map(({ samples_trained }) => samples_trained)))} | ` +
      `1/${(PUBLISHED_EPOCHS / epochs).toFixed(1)} | 1/${(trained / epochs).toFixed(1)} |`;
  };
  return [
    "",
    "### What a search costs: HAR at 5 mF",
    "",
    "Published space, designs, model and profile; an epoch is 6,097 training samples, validation accuracy " +
    "that on 1,318 windows of other people, best epoch. `reinforce`: 100 trials x 25 epochs, of which only " +
    "what is in time and new is trained. Default: the search settings of the preset `har` (the largest of " +
    "256 networks in time, up to 8 epochs in rungs of 1 and 3), required to be as fast as `reinforce`'s " +
    "networks are on average; and the same with 20 trials in place of 52. Both augment with gain 0.1 and " +
    "offset 0.2 and start at a rate of 0.003. `reinforce` trains in batches of 128 (published: 512) along a " +
    "cosine, as the others below did; batches of 32 at a constant rate, and averages over more steps, are " +
    "the default's own and part of what it saves (below, largest networks in batches of 128 within 14.22 s: " +
    "97.27 % on average after 120 epochs); they, rungs and augmentation were chosen by these validation " +
    "persons. Over the seeds:",
    "",
    "| search | required s | validation, by seed | mean | latency s | epochs | training samples | of 100 x 25 epochs | of what `reinforce` trained |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    summary(reinforce),
    ...defaults.map(summary),
    "",
    ...defaults.map((runs) => {
      const gap = 100 * (accuracy(runs) - accuracy(reinforce));
      return `- ${titleOf(runs[0]!)}: ${Math.abs(gap).toFixed(2)} points ${
        gap < 0 ? "below" : "above"
      } \`reinforce\`'s mean (a window is 0.08 points); at least its mean in ${
        runs.filter(({ val_accuracy }) => val_accuracy >= accuracy(reinforce)).length
      } of ${runs.length} seeds.`;
    }),
    "",
    "![Accuracy against training samples](search/cost.svg)",
    "",
    "A step is an epoch; of `reinforce`'s seed 1 only the ends of trainings were recorded.",
    "",
    "Each of the searches. `prefilter`: the largest networks in time. Of `reinforce`, the epochs of each seed " +
    "until it was as good, at whatever latency.",
    "",
    "| search | required s | network | latency s | validation | trained | epochs in all | `reinforce`'s epochs to as much |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...searches.filter(({ name }) => name.startsWith("har-")).map((one) =>
      `| ${titleOf(one)}, seed ${one.seed} | ${one.requirement_s} | ` +
      `${one.network} | ${one.latency_s.toFixed(2)} | ${percent(one.val_accuracy)} | ` +
      `${one.trained} | ${one.epochs_trained} | ${reached(one)} |`
    ),
  ];
}

/**
 * The 18 intermittent golden networks, explored under protocol brownout and run on the power
 * simulation: writes section "Power" of bench/RESULTS.md.
 * See kept.ts for runs in parts.
 */
import { join } from "node:path";
import { writeWhole } from "../base/files.ts";
import { PUBLISHED_ORDERS } from "../network/design.ts";
import { energyBudget_J, readProfile, resolvePlatform } from "../network/platform.ts";
import { compare, largest, median, type Row } from "../tests/power/compare.ts";
import { type GoldenNetwork, goldenNetworks } from "../tests/power/networks.ts";
import { build, costs, makeSubject, type PowerLine, simulate } from "../tests/power/simulation.ts";
import { kept, selected } from "./kept.ts";
import { replaceSection } from "./results.ts";

const PROFILE = "msp430fr5994-spi";
const ROOT = join(import.meta.dirname!, "..");
/** Above it, a layer is listed with the reason. */
const LARGE = 0.03;
/** A source too weak to carry the load, so that the capacitor empties: a hundredth of the harvester. */
const WEAK = 100;

interface Measured {
  golden: GoldenNetwork;
  rows: Row[];
  /** Off after each commit, the network's own harvester. */
  sleep: PowerLine;
  /** Off after each commit, hardly any harvest. */
  starved: PowerLine;
  /** Goes on after commits, hardly any harvest: cut wherever the capacitor empties. */
  cut: PowerLine;
}

/** The voltage is for drawing. */
const withoutCurve = (line: PowerLine): PowerLine => ({
  ...line,
  voltage: { step_s: line.voltage.step_s, low_V: [], high_V: [], detail: [] },
});

async function measure(golden: GoldenNetwork, folder: string): Promise<Measured> {
  const { network, platform } = golden;
  const subject = await makeSubject(join(folder, network.name), network, platform);
  await build(subject.folder, join(folder, "objects"));
  const weak = ["--source", `constant:ohm=${WEAK * subject.platform.harvester_ohm}`];
  const sleep = withoutCurve(await simulate(subject.folder, ["--after-commit", "sleep"]));
  return {
    golden,
    rows: compare(subject.predicted, sleep),
    sleep,
    starved: withoutCurve(await simulate(subject.folder, [...weak, "--after-commit", "sleep"])),
    cut: withoutCurve(
      await simulate(subject.folder, [...weak, "--after-commit", "run_on", "--inferences", "4"]),
    ),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

function networkRow({ golden, rows, sleep, starved, cut }: Measured): string {
  const errors = rows.map((row) => row.latency_error);
  const predicted_s = rows.reduce((sum, row) => sum + row.predicted.latency_s, 0);
  const lost = cut.layers.filter(({ deaths }) => deaths > 0);
  const wrong = [sleep, starved, cut].reduce((sum, line) => sum + line.mismatches, 0);
  const failed = [sleep, starved, cut].filter((line) => line.failure !== null).length;
  return [
    golden.network.name,
    sleep.power_cycles / sleep.measured,
    predicted_s.toFixed(2),
    (sleep.latency_s / sleep.measured).toFixed(2),
    `${percent(median(errors))} / ${percent(largest(errors))}`,
    largest(rows.flatMap((row) => [row.energy_error, row.energy_max_error])).toExponential(0),
    percent(sleep.energy_max_J / sleep.budget_J),
    `${sleep.over_budget + starved.over_budget} / ${sleep.all.deaths + starved.all.deaths}`,
    cut.all.deaths,
    lost.length === 0 ? "-" : `${
      (1e3 * lost.reduce((sum, { lost_J }) => sum + lost_J, 0) /
        lost.reduce((sum, { deaths }) => sum + deaths, 0)).toFixed(3)
    } / ${(1e3 * Math.max(...lost.map(({ lost_max_J }) => lost_max_J))).toFixed(3)}`,
    failed === 0 ? wrong : `${wrong}, ${failed} not to the end`,
  ].join(" | ");
}

interface Legality {
  designs: number;
  legal: number;
  vm: string[];
  energy: string[];
  odd: number;
}

/** Published designs under what our runtime needs and draws. */
async function legality(networks: readonly GoldenNetwork[]): Promise<Legality> {
  const found: Legality = { designs: 0, legal: 0, vm: [], energy: [], odd: 0 };
  for (const { network, platform: choice, designs } of networks) {
    const { profile, ...overrides } = choice;
    const platform = resolvePlatform(
      await readProfile(join(ROOT, "platforms"), profile),
      overrides,
    );
    const { safe_J } = energyBudget_J(platform);
    const cost = await costs(network, choice);
    designs.forEach((design, i) => {
      const loop_order = PUBLISHED_ORDERS[design.loop_order];
      const asked = { ...design, loop_order, mac_span: "channel" } as const;
      const { vm_bytes, energy_max_J } = cost(i, asked);
      const name = `${network.name} ${network.layers[i]!.name}`;
      found.designs++;
      const large = vm_bytes > platform.vm_bytes, over = energy_max_J > safe_J;
      if (large) found.vm.push(`${name} (${vm_bytes} bytes)`);
      if (over) found.energy.push(`${name} (${percent(energy_max_J / safe_J)})`);
      if (!large && !over) found.legal++;
      if (network.layers[i]!.type !== "global_avg_pool" && design.Tn % 2 === 1) found.odd++;
    });
  }
  return found;
}

function section(all: readonly Measured[], published: Legality): string {
  const rows = all.flatMap(({ golden, rows }) =>
    rows.map((row) => ({ network: golden.network.name, ...row }))
  );
  const errors = rows.map((row) => row.latency_error);
  const large = rows.filter((row) => Math.abs(row.latency_error) > LARGE);
  const left = all.flatMap(({ golden, rows, sleep }) =>
    rows.flatMap((row, i) => {
      if (Math.abs(row.latency_error) <= LARGE) return [];
      // A cycle that ends above V_on gives the next one more than the model's full charge.
      const before = sleep.layers[i - 1] ?? sleep.layers.at(-1)!;
      return [{ name: `${golden.network.name} ${row.layer}`, carried: before.off_s === 0 }];
    })
  );
  const names = (carried: boolean) =>
    left.filter((row) => row.carried === carried).map((row) => row.name).join(", ") || "none";
  const energies = rows.flatMap((row) => [row.energy_error, row.energy_max_error]);
  return `## Power

The ${all.length} intermittent golden networks (random weights, own capacitor and harvester,
coefficients of \`${PROFILE}\`), with the explorer's designs of the full space under protocol
\`brownout\`, on the power simulation of the compiled runtime (docs/power.md). One inference, start and
delivery included. Written by \`deno task bench power\`.

| network | power cycles | predicted s | simulated s | latency error, median / largest layer | energy error, largest | worst cycle of the budget | over budget / deaths, asleep after commits | deaths, running on | lost per death, mean / worst mJ | wrong outputs |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
${all.map((measured) => `| ${networkRow(measured)} |`).join("\n")}

- **Energy** per layer and of its worst power cycle: predicted and simulated differ by at most
  ${
    largest(energies).toExponential(1)
  } of it, in all ${rows.length} rows (layers, start and delivery).
- **Latency** per layer: median error ${percent(median(errors))}, largest ${
    percent(largest(errors))
  };
  ${large.length} of ${rows.length} rows are above ${percent(LARGE)}.
- Above that because the power cycle before ended above V_on (the harvester outpaced a short load) and
  its surplus is not in the prediction: ${names(true)}. Without an explanation: ${names(false)}.
- **Asleep after commits** is run with the network's harvester and with a hundredth of it; no power cycle
  may draw more than its budget and none may die. **Running on** is run for five inferences with a
  hundredth of the harvester: power fails wherever the capacitor empties.
- **Every golden network has a legal design in every layer** under \`brownout\` on its own platform.

Of the ${published.designs} published designs ${published.legal} stay legal under \`brownout\`, each on its
network's platform, with the kernel for the hardware multiplier. LEA could not run the
${published.odd} designs of conv and fc layers with an odd Tn.

- ${published.vm.length} need more VM than there is (32-bit sums): ${
    published.vm.join(", ") || "none"
  }.
- ${published.energy.length} draw more than the safe budget: ${
    published.energy.join(", ") || "none"
  }.
`;
}

/** Measures the golden networks and writes the section "Power" of bench/RESULTS.md. */
export async function run(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const { networks, all: complete } = selected(await goldenNetworks(PROFILE));
    const all: Measured[] = [];
    for (const golden of networks) {
      const { name } = golden.network;
      console.error(name);
      all.push(await kept(`power-${name}`, () => measure(golden, folder)));
    }
    if (!complete) return;
    const file = join(ROOT, "bench/RESULTS.md");
    const before = await Deno.readTextFile(file).catch(() => "# Results\n");
    await writeWhole(file, replaceSection(before, section(all, await legality(networks))));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", file] }).output();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

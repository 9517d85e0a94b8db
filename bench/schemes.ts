/**
 * `deno task bench schemes`: what keeping progress costs by scheme, as modelled: golden networks with the
 * designs that the explorer finds under each, on their own platform and with a tenth of the harvest.
 */
import { join } from "node:path";
import { writeWhole } from "../base/files.ts";
import { explore } from "../native/mod.ts";
import { Scheme } from "../network/design.ts";
import type { ExploreAnswer } from "../network/explore.ts";
import { goldenNetworks } from "../tests/power/networks.ts";
import { replaceSection } from "./results.ts";

const ROOT = join(import.meta.dirname!, "..");
const PROFILE = "msp430fr5994-spi";
const NETWORKS = ["cifar_cap0.01_ts3", "har_cap0.001_ts2", "kws_cap0.01_ts2"];
const THREADS = 2;

interface Row {
  network: string;
  scheme: Scheme;
  /** With the platform's harvester, and a tenth of its current. */
  own: ExploreAnswer;
  weak: ExploreAnswer;
  explored_ms: number;
}

async function rows(): Promise<Row[]> {
  const golden = (await goldenNetworks(PROFILE)).filter(({ network }) =>
    NETWORKS.includes(network.name)
  );
  const all: Row[] = [];
  for (const { network, platform } of golden) {
    for (const scheme of Scheme.options) {
      const ask = (harvester_ohm: number) =>
        explore({
          name: network.name,
          power: "intermittent",
          space: "full",
          protocol: "brownout",
          scheme,
          after_commit: "run_on",
          platform: { ...platform, harvester_ohm },
          network,
        }, { threads: THREADS });
      const from = performance.now();
      const own = await ask(platform.harvester_ohm!);
      const explored_ms = performance.now() - from;
      const weak = await ask(10 * platform.harvester_ohm!);
      all.push({ network: network.name, scheme, own, weak, explored_ms });
    }
  }
  return all;
}

function line({ network, scheme, own, weak, explored_ms }: Row): string {
  const expected = ({ run_on }: ExploreAnswer) =>
    run_on === undefined
      ? "-"
      : `${run_on.latency_s.toPrecision(4)} in ${run_on.power_cycles.toPrecision(3)}`;
  const why = own.layers.find((layer) => !layer.feasible)?.name ?? "inference";
  const cells = own.feasible
    ? [
      own.latency_s!.toPrecision(4),
      expected(own),
      expected(weak),
      (1e3 * own.run_on!.energy_J).toPrecision(4),
      (own.written_bytes! / 1024).toFixed(1),
      (1e3 * own.energy_max_J!).toPrecision(3),
    ]
    : [`no safe design: ${why} exceeds the budget`, "-", "-", "-", "-", "-"];
  return `| ${[network, scheme, ...cells, explored_ms.toFixed(0)].join(" | ")} |`;
}

/** Runs the benchmark, prints its section and writes it to bench/RESULTS.md. */
export async function run(): Promise<void> {
  const section = `## Schemes

Golden networks under each preservation scheme, modelled on \`${PROFILE}\` with their own capacitor
and harvester, full space, the explorer's own designs and B of each. Latency as designs are chosen by
(tile: asleep after commits; the others: nothing harvested while the board runs), then as expected
where the board goes on while it can, with harvest counted: one inference of 16, in so many power
cycles. Energy is that of the latter, with what failures repeat; "boot must do" is the largest energy
that one power cycle must have. ${THREADS} threads, the time to explore once, on a busy machine.
Written by \`deno task bench schemes\`.

| network | scheme | latency chosen by, s | expected, s in power cycles | a tenth of the harvest | energy, mJ | written, KB | boot must do, mJ | explored, ms |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${(await rows()).map(line).join("\n")}
`;
  console.log(section);
  const file = join(ROOT, "bench/RESULTS.md");
  await writeWhole(file, replaceSection(await Deno.readTextFile(file), section));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", file] }).output();
}

/** Networks for the power simulation: the 18 intermittent golden ones, and random small ones. */
import type { Layer, Network } from "../../network/network.ts";
import type { PlatformChoice } from "../../network/platform.ts";
import type { Design } from "../../network/design.ts";
import { GOLDEN_FILE } from "../explore/golden.ts";

interface FlatLayer {
  type: "conv" | "fc" | "global_avg_pool";
  input: { h: number; w: number; channels: number };
  kernel: { h: number; w: number };
  output: { channels: number };
  published_design: Pick<Design, "Tr" | "Tc" | "Tm" | "Tn" | "S"> & { loop_order: "I" | "W" | "O" };
  best: Record<"latency_s" | "energy_max_J" | "energy_min_J" | "power_cycles", number>;
}

export interface GoldenNetwork {
  network: Network;
  /** The network's own buffer, with the coefficients of `profile`. */
  platform: PlatformChoice;
  /** Per layer, as published. */
  designs: FlatLayer["published_design"][];
  /** Their published figures. */
  best: FlatLayer["best"][];
}

/** The intermittent golden networks: no bias, ReLU behind convs and hidden fc layers. */
export async function goldenNetworks(profile: string): Promise<GoldenNetwork[]> {
  const golden = JSON.parse(await Deno.readTextFile(GOLDEN_FILE)) as {
    intermittent: {
      name: string;
      platform: Omit<PlatformChoice, "profile">;
      layers: FlatLayer[];
    }[];
  };
  return golden.intermittent.map(({ name, platform, layers }) => ({
    network: {
      name,
      input: layers[0]!.input,
      layers: layers.map((layer, i): Layer => ({
        name: `${layer.type}${i + 1}`,
        type: layer.type,
        ...(layer.type === "conv" && { kernel: layer.kernel }),
        ...(layer.type !== "global_avg_pool" && { channels: layer.output.channels }),
        activation: layer.type === "global_avg_pool" || i === layers.length - 1 ? "none" : "relu",
        bias: false,
      })),
    },
    platform: { ...platform, profile },
    designs: layers.map((layer) => layer.published_design),
    best: layers.map((layer) => layer.best),
  }));
}

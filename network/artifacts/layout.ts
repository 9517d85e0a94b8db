/** `<platform>/layout.json`: what lies where in the NVM image, and the golden vectors beside it. */
import { z } from "zod";
import { NvmLayout, VmLayout } from "../explore.ts";
import { LayerType, Shape } from "../network.ts";

const count = z.number().int().nonnegative();

export const LayoutArtifact = z.strictObject({
  platform: z.string(),
  network: z.string(),
  /** Low 16 bits of the SHA-256 of constants and layer table. */
  image_id: count,
  after_commit: z.enum(["sleep", "run_on"]),
  /** Of one code of a map, and how progress is kept. */
  element_bytes: z.literal([1, 2]),
  scheme: z.enum(["tile", "hawaii", "stateful", "checkpoint", "ideal"]),
  /** Bytes of `nvm.bin`: from address 0 to the end of the constants. */
  image_bytes: count,
  constants_bytes: count,
  /** CRC-32 of the constants, as the header has it. */
  constants_crc: count,
  nvm_bytes: count,
  vm_bytes: count,
  /** Addresses as the explorer planned them. */
  nvm: NvmLayout,
  input: z.strictObject({
    /** As it lies in NVM. */
    shape: Shape,
    /** Of these the network's own; one behind them holds zeros where the kernel wants even channels. */
    channels: count,
    elements: count,
    address: count,
    scale: z.number(),
    minimum: z.number().int(),
    maximum: z.number().int(),
  }),
  output: z.strictObject({ elements: count, address: count, scale: z.number() }),
  classes: z.array(z.string()),
  /** The runtime's layer table: flattens have no entry. */
  layers: z.array(z.strictObject({
    name: z.string(),
    /** Of the runtime's table: an fc is a conv there. */
    kind: LayerType.exclude(["fc", "flatten"]),
    batches: count.optional(),
    vm: VmLayout,
    plane_bytes: count,
    weights: count,
    bias: count,
    /** 0: one multiplier and shift serve all output channels. */
    scales: count,
    input: count,
    output: count,
  })),
  /**
   * Every stretch of NVM with its life: counted in layers of the table, -1 being the start of an
   * inference and L its delivery. Two that live at once never overlap.
   */
  regions: z.array(z.strictObject({
    name: z.string(),
    kind: z.enum(["progress", "constant", "map", "plane"]),
    address: count,
    bytes: count,
    from_layer: z.number().int().min(-1),
    to_layer: z.number().int().min(-1),
  })),
  /**
   * `vectors.inputs.npy` [K][h][w][channels], `vectors.outputs.npy` [K][classes] of the integer
   * reference, int8 or int16 as `element_bytes` says, `vectors.labels.npy` int32 [K].
   */
  vectors: z.strictObject({
    count,
    seed: z.number().int(),
    /** Positions in the test split, ascending. */
    samples: z.array(count),
  }),
});
export type LayoutArtifact = z.infer<typeof LayoutArtifact>;

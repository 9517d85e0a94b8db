/** An integer network with the channels of zeros that the explorer added: see network/channel_padding.ts. */
import {
  type ChannelPadding,
  padChannels,
  padRows,
  padValues,
} from "../../network/channel_padding.ts";
import type { DesignsArtifact } from "../../network/explore.ts";
import type { IntegerLayer, IntegerNetwork } from "../../network/integer/inference.ts";
import { MULTIPLIER_MIN, SHIFT_MAX } from "../../network/integer/requantise.ts";
import { weightShape } from "../../network/network.ts";

/**
 * The padding that designs were explored with.
 * @throws Error where they hold other channels than padding gives: explorer and dump disagree
 */
export function paddingOf(network: IntegerNetwork, { answer }: DesignsArtifact): ChannelPadding {
  const layers = network.layers.map(({ layer }) => layer);
  const isPadded = answer.layers.some((layer) =>
    layer.feasible &&
    (layer.padded_input_channels ?? layer.padded_output_channels) !== undefined
  );
  const padding = padChannels(layers, network.inputShape, isPadded ? 2 : 1);
  for (const [index, found] of answer.layers.entries()) {
    const walked = padding.layers[index];
    const own = layers[index];
    if (!found.feasible || walked === undefined || own === undefined) continue;
    if (own.type === "flatten") continue;
    const channels = [
      [found.padded_input_channels ?? own.input.channels, walked.input.channels],
      [found.padded_output_channels ?? own.output.channels, walked.output.channels],
    ];
    for (const [explored, dumped] of channels) {
      if (explored === dumped) continue;
      throw new Error(`layer ${found.name} was explored with ${explored} channels, not ${dumped}`);
    }
  }
  return padding;
}

/** The same network, bit for bit, on maps with channels of zeros. */
export function padNetwork(network: IntegerNetwork, padding: ChannelPadding): IntegerNetwork {
  return {
    ...network,
    inputShape: { ...network.inputShape, channels: padding.input.length },
    layers: network.layers.map((item, index) => padLayer(item, index, padding)),
  };
}

/** Of an added output channel, whose sums are 0: any will do. */
const SCALE_OF_ZEROS = { multiplier: MULTIPLIER_MIN, shift: SHIFT_MAX };

function padLayer(item: IntegerLayer, index: number, padding: ChannelPadding): IntegerLayer {
  const layer = padding.layers[index]!;
  const { weights, bias, scales } = item;
  const to = padding.maps[index]!;
  const padded: IntegerLayer = { ...item, layer };
  if (weights !== undefined) {
    const [, ...rows] = weightShape(layer);
    const from = layer.inputs[0]! < 0 ? padding.input : padding.maps[layer.inputs[0]!]!;
    const columns = item.layer.type === "depthwise_conv"
      ? weights
      : padValues(weights, item.layer.input.channels / item.layer.groups, from);
    padded.weights = padRows(columns, rows.reduce((a, b) => a * b, 1), to);
  }
  if (bias !== undefined) padded.bias = padRows(bias, 1, to);
  if (scales !== undefined) {
    padded.scales = to.map((channel) => channel < 0 ? SCALE_OF_ZEROS : scales[channel]!);
  }
  return padded;
}

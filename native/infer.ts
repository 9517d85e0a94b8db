/** Integer inference of many samples by the runtime's own kernels: bit for bit what boards answer. */
import { ExitCode, UserError } from "../base/errors.ts";
import type { IntegerNetwork } from "../network/integer/inference.ts";
import { elements } from "../network/network.ts";
import { loadExplorer, type NativeIntegerNetwork } from "./addon.ts";
import { nativeLayer } from "./convert.ts";

/** A row of an input map and a window count their elements in 16 bits. */
const KERNEL_ELEMENTS_MAX = 65535;

/** A network for {@link inferAll}. @throws UserError where the runtime's formats cannot hold a layer whole */
export function forKernels(network: IntegerNetwork): NativeIntegerNetwork {
  return {
    element_bytes: network.element_bytes,
    input_elements: elements(network.inputShape),
    layers: network.layers.map((item, index) => {
      const { layer, weights, bias, scales, multipliers, requantisation } = item;
      const native = nativeLayer(layer, index);
      const row = ((native.c - 1) * native.stride_w + native.kernel_w) * native.n;
      const window = native.kernel_h * native.kernel_w * native.n;
      if (native.kind === "conv" && Math.max(row, window) > KERNEL_ELEMENTS_MAX) {
        throw new UserError({
          message: `layer ${layer.name}: a row or a kernel is too large for one call of a kernel`,
          value: Math.max(row, window),
          expected: `at most ${KERNEL_ELEMENTS_MAX} elements`,
        }, ExitCode.infeasible);
      }
      return {
        ...native,
        ...(weights && { weights }),
        ...(bias && { bias }),
        ...(scales && { scales }),
        ...(multipliers && { multipliers }),
        ...(requantisation && { requantisation }),
      };
    }),
  };
}

/**
 * Output codes of many samples, [samples][outputs].
 * @param inputs codes [samples][h][w][channels], as `quantiseInput` makes them
 * @throws UserError where the addon is not built
 */
export function inferAll(
  network: NativeIntegerNetwork,
  inputs: Int16Array,
  threads: number,
): Promise<Int16Array> {
  return loadExplorer().infer(network, inputs, threads);
}

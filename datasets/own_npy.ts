/** Own data as arrays: `x.npy` and `y.npy`, or one pair per split: `train.x.npy`, `train.y.npy`, ... */
import type { Shape } from "../network/network.ts";
import { type SplitName, SPLITS } from "./dataset.ts";
import { parseNpy } from "./npz.ts";
import { badFile, FilesDigest, type OwnContext, type OwnSamples } from "./own_samples.ts";
import type { OwnNpy } from "./settings.ts";

/**
 * Reads the arrays: x [samples][...], y [samples] class numbers from 0; and, where groups are to be
 * kept together, `groups.npy` [samples].
 *
 * @throws UserError (exit code data) naming the array that is missing, cut, or does not fit another
 */
export async function readNpySamples(context: OwnContext, settings: OwnNpy): Promise<OwnSamples> {
  const { source, names, progress, signal } = context;
  const digest = new FilesDigest();
  const read = async (name: string) => {
    signal.throwIfAborted();
    progress.update(`reading ${name}`);
    const bytes = await source.read(name);
    digest.add(name, bytes);
    return parseNpy(bytes, source.show(name));
  };
  const divided = names.includes("train.x.npy");
  const pairs = divided
    ? SPLITS.filter((split) => split !== "val" || names.includes("val.x.npy"))
      .map((split) => ({ split, prefix: `${split}.` }))
    : [{ split: undefined, prefix: "" }];
  const parts: { x: Float32Array | Float64Array | Int32Array; y: Int32Array }[] = [];
  const splits: SplitName[] = [];
  let input: Shape | undefined;
  for (const { split, prefix } of pairs) {
    const [xName, yName] = [`${prefix}x.npy`, `${prefix}y.npy`];
    for (const name of [xName, yName]) {
      if (names.includes(name)) continue;
      throw badFile(
        source.show(name),
        "is missing",
        undefined,
        "x.npy and y.npy, or train.x.npy, " +
          "train.y.npy, test.x.npy, test.y.npy and, if there is one, val",
      );
    }
    const [x, y] = [await read(xName), await read(yName)];
    const [samples, ...rest] = x.shape;
    const shape = shapeOf(rest, settings, source.show(xName));
    input ??= shape;
    if (shape.h !== input.h || shape.w !== input.w || shape.channels !== input.channels) {
      throw badFile(
        source.show(xName),
        "has samples of another shape",
        rest,
        Object.values(input)
          .join(" x "),
      );
    }
    if (y.shape.length !== 1 || y.shape[0] !== samples) {
      throw badFile(source.show(yName), "has another shape", y.shape, `[${samples}], as ${xName}`);
    }
    const bad = y.data.findIndex((label) =>
      !Number.isInteger(label) || label < 0 || label >= (settings.classes?.length ?? 65536)
    );
    if (bad >= 0) {
      throw badFile(
        source.show(yName),
        `label ${bad} is no class number`,
        y.data[bad],
        settings.classes ? `0 to ${settings.classes.length - 1}` : "an integer from 0",
      );
    }
    parts.push({ x: x.data, y: Int32Array.from(y.data) });
    if (split !== undefined) splits.push(...Array<SplitName>(samples!).fill(split));
  }
  const size = input!.h * input!.w * input!.channels;
  const count = parts.reduce((sum, { y }) => sum + y.length, 0);
  const [x, y] = [new Float32Array(count * size), new Int32Array(count)];
  let at = 0;
  for (const part of parts) {
    x.set(part.x, at * size);
    y.set(part.y, at);
    at += part.y.length;
  }
  let groups: string[] | undefined;
  if (!divided && names.includes("groups.npy")) {
    const array = await read("groups.npy");
    if (array.shape.join() !== `${count}`) {
      throw badFile(source.show("groups.npy"), "has another shape", array.shape, `[${count}]`);
    }
    groups = Array.from(array.data, String);
  }
  const highest = y.reduce((a, b) => Math.max(a, b), 0);
  return {
    input: input!,
    classes: settings.classes ?? Array.from({ length: highest + 1 }, (_, i) => String(i)),
    x,
    y,
    splits: divided ? splits : undefined,
    groups,
    overlapping: false,
    record: digest.record(),
    cautions: [],
  };
}

/** [h][w][channels] as it is, [steps][channels] and [channels] by convention, others as told. */
function shapeOf(rest: readonly number[], { shape }: OwnNpy, file: string): Shape {
  const size = rest.reduce((a, b) => a * b, 1);
  if (shape !== undefined) {
    if (shape.h * shape.w * shape.channels === size) return shape;
    throw badFile(file, "has samples of another size", rest, Object.values(shape).join(" x "));
  }
  const [a, b, c] = rest;
  if (size > 0 && rest.length === 3) return { h: a!, w: b!, channels: c! };
  if (size > 0 && rest.length === 2) return { h: a!, w: 1, channels: b! };
  if (size > 0 && rest.length === 1) return { h: 1, w: 1, channels: a! };
  throw badFile(file, "has samples of no known shape", rest, "own.shape: { h, w, channels }");
}

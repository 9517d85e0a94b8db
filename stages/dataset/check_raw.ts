/** What every data set must hold before anything is made of it. */
import { ExitCode, UserError } from "../../base/errors.ts";
import { type RawDataset, SPLITS } from "../../datasets/dataset.ts";

/** @throws UserError (exit code data) where a split is empty, or a value or label makes no sense */
export function checkRaw({ input, classes, splits }: RawDataset, name: string): void {
  const fail = (message: string, value: unknown, expected: string): never => {
    throw new UserError({ message: `${name}: ${message}`, value, expected }, ExitCode.data);
  };
  const size = input.h * input.w * input.channels;
  for (const split of SPLITS) {
    const { x, y } = splits[split];
    if (y.length === 0) fail(`there are no ${split} samples`, 0, "at least one sample");
    if (x.length !== y.length * size) {
      fail(`${split} has another number of values`, x.length, `${y.length} samples of ${size}`);
    }
    const label = y.find((label) => label < 0 || label >= classes.length);
    if (label !== undefined) fail(`${split} has a label that is no class`, label, "a class number");
    const bad = x.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      fail(`${split} sample ${Math.floor(bad / size)} holds no number`, String(x[bad]), "a number");
    }
  }
}

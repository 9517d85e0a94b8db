/** Own data as CSV files with a header: a file is one sample, or is cut into windows of rows. */
import { parse } from "csv-parse/sync";
import {
  allOrNone,
  badFile,
  concatenate,
  filePlace,
  FilesDigest,
  numberClasses,
  type OwnContext,
  type OwnSamples,
} from "./own_samples.ts";
import type { SplitName } from "./dataset.ts";
import type { OwnCsv } from "./settings.ts";

/** Rows of one file that belong together. */
interface Table {
  readonly columns: readonly string[];
  /** [rows][columns] */
  readonly values: Float32Array;
  readonly rows: number;
  readonly labels: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
  /** Line of each row. */
  readonly lines: readonly number[];
}

/**
 * Reads all files.
 * @throws UserError (exit code data) naming file and line where a value is no number, a column is
 * missing, or samples have different lengths
 */
export async function readCsvSamples(context: OwnContext, settings: OwnCsv): Promise<OwnSamples> {
  const { source, names, progress, signal } = context;
  const digest = new FilesDigest();
  const samples: Float32Array[] = [];
  const [labels, groups, files]: [string[], (string | undefined)[], string[]] = [[], [], []];
  const splits: (SplitName | undefined)[] = [];
  let columns: readonly string[] | undefined = settings.columns;
  let rowsOfSample = settings.window;
  let [short, overlapping] = [0, false];
  for (const [at, name] of names.entries()) {
    signal.throwIfAborted();
    progress.update(`reading ${name}`, at / names.length);
    const bytes = await source.read(name);
    digest.add(name, bytes);
    const file = source.show(name);
    const place = filePlace(name, file, settings.group_pattern);
    const table = parseCsv(bytes, file, settings, columns);
    columns ??= table.columns;
    const add = (from: number, rows: number) => {
      const label = table.labels?.[from] ?? place.folder;
      if (label === undefined) {
        throw badFile(file, "has no class", undefined, "a folder per class, or a label column");
      }
      const width = table.columns.length;
      samples.push(table.values.subarray(from * width, (from + rows) * width));
      labels.push(label);
      // A recording is the group where nothing else is said: its windows resemble each other.
      groups.push(table.groups?.[from] ?? place.group ?? (settings.window ? name : undefined));
      splits.push(place.split);
      files.push(file);
    };
    if (settings.window === undefined) {
      const other = table.labels?.findIndex((label) => label !== table.labels![0]) ?? -1;
      if (other >= 0) {
        throw badFile(
          file,
          "has several labels, but a file is one sample",
          table.labels![other],
          "own.window: how many rows a sample has (1: every row)",
          table.lines[other],
        );
      }
      rowsOfSample ??= table.rows;
      if (table.rows !== rowsOfSample) {
        throw badFile(file, "has another number of rows", table.rows, `${rowsOfSample} rows`);
      }
      add(0, table.rows);
      continue;
    }
    const { window, stride = window } = settings;
    for (const { start, end } of runs(table)) {
      if (end - start < window) short++;
      let cut = 0;
      for (let from = start; from + window <= end; from += stride, cut++) add(from, window);
      if (cut > 1 && window > 1) overlapping = true;
    }
  }
  if (samples.length === 0) {
    throw badFile(source.show(names[0]!), "no file is as long as a window", settings.window);
  }
  const { classes, y } = numberClasses(labels);
  const channels = columns!.length;
  return {
    input: { h: rowsOfSample!, w: 1, channels },
    classes,
    x: concatenate(samples, rowsOfSample! * channels),
    y,
    splits: allOrNone(splits, files, "split"),
    groups: allOrNone(groups, files, "group"),
    overlapping,
    record: digest.record(),
    cautions: short > 0 ? [`${short} recordings are shorter than a window and left out`] : [],
  };
}

/** Rows in a row that have one label and one group. */
function runs({ rows, labels, groups }: Table): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let start = 0;
  for (let row = 1; row <= rows; row++) {
    if (row < rows && labels?.[row] === labels?.[start] && groups?.[row] === groups?.[start]) {
      continue;
    }
    found.push({ start, end: row });
    start = row;
  }
  return found;
}

/**
 * Reads one file.
 * @param wanted the columns of a sample, in this order; default: all that are not label or group
 */
export function parseCsv(
  bytes: Uint8Array,
  file: string,
  { delimiter, label, group }: Pick<OwnCsv, "delimiter" | "label" | "group">,
  wanted?: readonly string[],
): Table {
  let records: { record: string[]; info: { lines: number } }[];
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    records = parse(text, {
      delimiter,
      bom: true,
      trim: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as typeof records;
  } catch (error) {
    const { message, lines } = error as Error & { lines?: number };
    throw badFile(file, `is no CSV file: ${message}`, undefined, undefined, lines);
  }
  const [header, ...body] = records;
  if (header === undefined || body.length === 0) {
    throw badFile(file, "is empty", undefined, "a header line and rows of numbers");
  }
  const names = header.record;
  if (names.some((name) => name !== "" && Number.isFinite(Number(name)))) {
    throw badFile(file, "has no header", names, "names of the columns in the first line", 1);
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badFile(file, "names a column twice", twice, undefined, 1);
  const place = (name: string) => {
    const at = names.indexOf(name);
    if (at < 0) throw badFile(file, "lacks a column", name, names.join(", "), 1);
    return at;
  };
  const [labelAt, groupAt] = [label, group].map((name) => name === undefined ? -1 : place(name));
  const columns = wanted ?? names.filter((name) => name !== label && name !== group);
  if (columns.length === 0) throw badFile(file, "has no columns of numbers", names, undefined, 1);
  const places = columns.map(place);
  const values = new Float32Array(body.length * columns.length);
  for (const [row, { record, info }] of body.entries()) {
    for (const [column, at] of places.entries()) {
      const text = record[at]!;
      const value = text === "" ? NaN : Math.fround(Number(text));
      if (!Number.isFinite(value)) {
        throw badFile(file, `${columns[column]} is not a number`, text, "a number", info.lines);
      }
      values[row * columns.length + column] = value;
    }
  }
  const texts = (at: number) =>
    at < 0 ? undefined : body.map(({ record, info }) => {
      if (record[at] !== "") return record[at]!;
      throw badFile(file, `${names[at]} is empty`, undefined, undefined, info.lines);
    });
  return {
    columns,
    values,
    rows: body.length,
    labels: texts(labelAt!),
    groups: texts(groupAt!),
    lines: body.map(({ info }) => info.lines),
  };
}

/** PNG and JPEG images as numbers, reduced or enlarged to one size. */
import { decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";
import { ExitCode, UserError } from "../base/errors.ts";

/** Pixels 0 to 1. */
export interface Image {
  readonly h: number;
  readonly w: number;
  /** 1 (grey) or 3 (red, green, blue); transparency is dropped. */
  readonly channels: 1 | 3;
  /** [h][w][channels] */
  readonly data: Float32Array;
}

const PNG = [0x89, 0x50, 0x4e, 0x47];
const JPEG = [0xff, 0xd8, 0xff];
/** A guard against images made to exhaust the machine. */
const MAX_PIXELS = 64 * 1024 * 1024;

/** @throws UserError (exit code data) where the file is foreign, cut or damaged */
export function decodeImage(bytes: Uint8Array, file: string): Image {
  const starts = (magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  try {
    if (starts(PNG)) return fromPng(bytes);
    if (starts(JPEG)) return fromJpeg(bytes);
  } catch (error) {
    throw damaged(file, `image cannot be read: ${(error as Error).message ?? error}`);
  }
  throw damaged(file, "is neither a PNG nor a JPEG image");
}

function fromPng(bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw new Error("was cut");
  const pixels = view.getUint32(16) * view.getUint32(20);
  if (pixels === 0 || pixels > MAX_PIXELS) throw new Error(`${pixels} pixels are not sane`);
  const { width, height, data, depth, channels, palette } = decodePng(bytes, { checkCrc: true });
  const most = depth === 16 ? 65535 : 2 ** depth - 1;
  const rowElements = depth < 8 ? Math.ceil(width * channels * depth / 8) : width * channels;
  const element = (row: number, i: number) => {
    if (depth >= 8) return data[row * rowElements + i]!;
    const bit = i * depth;
    // Small depths lie packed, the first pixel in the highest bits.
    return (data[row * rowElements + (bit >> 3)]! >> (8 - depth - (bit & 7))) & most;
  };
  const colours = palette !== undefined || channels >= 3 ? 3 : 1;
  const image = new Float32Array(width * height * colours);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const colour = palette?.[element(row, column)];
      if (palette !== undefined && colour === undefined) throw new Error("names no palette colour");
      for (let c = 0; c < colours; c++) {
        image[at++] = colour !== undefined
          ? colour[c]! / 255
          : element(row, column * channels + c) / most;
      }
    }
  }
  return { h: height, w: width, channels: colours, data: image };
}

function fromJpeg(bytes: Uint8Array): Image {
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: MAX_PIXELS / 1e6,
    maxMemoryUsageInMB: 1024,
  });
  if (data.length !== 3 * width * height || data.length === 0) throw new Error("was cut");
  return { h: height, w: width, channels: 3, data: Float32Array.from(data, (v) => v / 255) };
}

/** Luminance (ITU-R BT.601) of a colour image; three equal channels of a grey one. */
export function withChannels(image: Image, channels: 1 | 3): Image {
  if (image.channels === channels) return image;
  const { h, w, data } = image;
  const converted = new Float32Array(h * w * channels);
  for (let i = 0; i < h * w; i++) {
    if (channels === 3) converted.fill(data[i]!, 3 * i, 3 * i + 3);
    else converted[i] = 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!;
  }
  return { h, w, channels, data: converted };
}

/** The mean of the area under each new pixel: no pixel of the old image is skipped. */
export function resizeImage(image: Image, h: number, w: number): Image {
  const { channels, data } = image;
  if (image.h === h && image.w === w) return image;
  const [rows, columns] = [overlaps(image.h, h), overlaps(image.w, w)];
  const resized = new Float32Array(h * w * channels);
  for (let row = 0; row < h; row++) {
    for (let column = 0; column < w; column++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (const [i, rowShare] of rows[row]!) {
          for (const [j, share] of columns[column]!) {
            sum += rowShare * share * data[(i * image.w + j) * channels + c]!;
          }
        }
        resized[(row * w + column) * channels + c] = sum;
      }
    }
  }
  return { h, w, channels, data: resized };
}

/** Per new position: old positions and their shares, which add up to 1. */
function overlaps(from: number, to: number): (readonly [number, number])[][] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [i * scale, (i + 1) * scale];
    const parts: (readonly [number, number])[] = [];
    for (let j = Math.floor(start); j < Math.min(from, Math.ceil(end)); j++) {
      const share = (Math.min(end, j + 1) - Math.max(start, j)) / scale;
      if (share > 1e-9) parts.push([j, share]);
    }
    return parts;
  });
}

function damaged(file: string, message: string): UserError {
  return new UserError({ message, location: { file } }, ExitCode.data);
}

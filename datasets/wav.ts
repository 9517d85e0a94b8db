/** WAV files of 16-bit PCM, as recordings for keyword spotting come. */
import { ExitCode, UserError } from "../base/errors.ts";

export interface Recording {
  readonly rate_Hz: number;
  /** First channel, -1 to 1 (integers over 32768). */
  readonly samples: Float32Array;
}

const PCM = 1;
const EXTENSIBLE = 0xfffe;

/**
 * Reads the first channel of a RIFF WAVE file (Microsoft, Multimedia Programming Interface 1.0).
 * @throws UserError (exit code data) where the file is foreign, cut, or not 16-bit PCM
 */
export function parseWav(bytes: Uint8Array, file: string): Recording {
  const fail = (message: string, value?: unknown, expected?: string): never => {
    throw new UserError({ message, location: { file }, value, expected }, ExitCode.data);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") fail("is no WAV file");
  let format: { channels: number; rate_Hz: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const [name, size, start] = [tag(at), view.getUint32(at + 4, true), at + 8];
    if (start + size > bytes.length) fail("was cut", bytes.length, `${start + size} bytes`);
    if (name === "fmt ") {
      if (size < 16) fail("has a format that is too short", size, "at least 16 bytes");
      const [code, channels] = [view.getUint16(start, true), view.getUint16(start + 2, true)];
      const [rate_Hz, bits] = [view.getUint32(start + 4, true), view.getUint16(start + 14, true)];
      if ((code !== PCM && code !== EXTENSIBLE) || bits !== 16) {
        fail("has another encoding", `format ${code}, ${bits} bits`, "16-bit PCM");
      }
      if (channels === 0 || rate_Hz === 0) fail("has a format of zeros");
      format = { channels, rate_Hz };
    } else if (name === "data") {
      if (format === undefined) return fail("has data before its format");
      const { channels, rate_Hz } = format;
      const samples = new Float32Array(Math.floor(size / (2 * channels)));
      for (let i = 0; i < samples.length; i++) {
        samples[i] = view.getInt16(start + 2 * channels * i, true) / 32768;
      }
      if (samples.length === 0) fail("holds no samples");
      return { rate_Hz, samples };
    }
    at = start + size + size % 2;
  }
  return fail("has no data: it was cut");
}

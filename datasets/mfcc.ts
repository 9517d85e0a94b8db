/**
 * Mel-frequency cepstral coefficients, as keyword spotting uses them: periodic Hann window, magnitude
 * of an FFT of the next power of two, triangles on the HTK mel scale 1127 ln(1 + f/700), logarithm of
 * (energy + 1e-6), orthogonal DCT-II (the recipe of TensorFlow's signal library).
 */
import FFT from "fft.js";

export interface MfccSettings {
  readonly rate_Hz: number;
  /** Samples of a clip; longer ones are cut, shorter ones padded with silence. */
  readonly clip_samples: number;
  readonly window_samples: number;
  readonly stride_samples: number;
  readonly coefficients: number;
  readonly mel_bands: number;
  readonly low_Hz: number;
  readonly high_Hz: number;
}

/** 16 kHz, 1 s, 40 ms windows and strides, 10 coefficients of 40 bands: 25 x 10 (iNAS, section 4). */
export const KWS_MFCC: MfccSettings = {
  rate_Hz: 16_000,
  clip_samples: 16_000,
  window_samples: 640,
  stride_samples: 640,
  coefficients: 10,
  mel_bands: 40,
  low_Hz: 20,
  high_Hz: 4000,
};

/** 30 ms windows every 20 ms: 49 x 10, as the usual depthwise networks take them. */
export const KWS_MFCC_49: MfccSettings = {
  ...KWS_MFCC,
  window_samples: 480,
  stride_samples: 320,
};

const FLOOR = 1e-6;

/** Frames that fit into a clip. */
export function frameCount({ clip_samples, window_samples, stride_samples }: MfccSettings): number {
  return 1 + Math.floor((clip_samples - window_samples) / stride_samples);
}

/**
 * Prepares tables for one setting.
 *
 * @returns a function from samples (-1 to 1) to [frames][coefficients]
 * @throws RangeError where a window is longer than a clip, or there are more coefficients than bands
 */
export function mfcc(settings: MfccSettings): (samples: Float32Array) => Float32Array {
  const { clip_samples, window_samples, stride_samples, coefficients, mel_bands } = settings;
  const frames = frameCount(settings);
  if (frames < 1) throw new RangeError(`a window of ${window_samples} in ${clip_samples} samples`);
  if (coefficients > mel_bands) throw new RangeError(`${coefficients} of ${mel_bands} bands`);
  const points = Math.max(2, 2 ** Math.ceil(Math.log2(window_samples)));
  const fft = new FFT(points);
  const hann = Float64Array.from(
    { length: window_samples },
    (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / window_samples),
  );
  const bands = melBands(settings, points);
  const cosines = Float64Array.from(
    { length: coefficients * mel_bands },
    (_, at) => {
      const [k, n] = [Math.floor(at / mel_bands), at % mel_bands];
      return Math.sqrt(2 / mel_bands) * Math.cos(Math.PI * k * (n + 0.5) / mel_bands);
    },
  );
  const input = new Float64Array(points);
  const spectrum = new Float64Array(2 * points);
  const energies = new Float64Array(mel_bands);
  return (samples) => {
    const features = new Float32Array(frames * coefficients);
    for (let frame = 0; frame < frames; frame++) {
      input.fill(0);
      const start = frame * stride_samples;
      const end = Math.min(window_samples, samples.length - start, clip_samples - start);
      for (let i = 0; i < end; i++) input[i] = samples[start + i]! * hann[i]!;
      fft.realTransform(spectrum, input);
      for (const [band, { first, weights }] of bands.entries()) {
        let energy = 0;
        for (let i = 0; i < weights.length; i++) {
          const bin = first + i;
          const [re, im] = [spectrum[2 * bin]!, spectrum[2 * bin + 1]!];
          energy += weights[i]! * Math.sqrt(re * re + im * im);
        }
        energies[band] = Math.log(energy + FLOOR);
      }
      for (let k = 0; k < coefficients; k++) {
        let sum = 0;
        for (let n = 0; n < mel_bands; n++) sum += cosines[k * mel_bands + n]! * energies[n]!;
        features[frame * coefficients + k] = sum;
      }
    }
    return features;
  };
}

interface Band {
  /** The first bin with a weight. */
  readonly first: number;
  readonly weights: Float64Array;
}

/** Triangles whose corners are equally far apart in mel; bin 0 (the mean) has no weight. */
function melBands({ rate_Hz, mel_bands, low_Hz, high_Hz }: MfccSettings, points: number): Band[] {
  const mel = (f_Hz: number) => 1127 * Math.log(1 + f_Hz / 700);
  const [low, high] = [mel(low_Hz), mel(high_Hz)];
  const corner = (i: number) => low + (high - low) * i / (mel_bands + 1);
  return Array.from({ length: mel_bands }, (_, band): Band => {
    const [left, centre, right] = [corner(band), corner(band + 1), corner(band + 2)];
    const weights: number[] = [];
    let first = 0;
    for (let bin = 1; bin <= points / 2; bin++) {
      const at = mel(bin * rate_Hz / points);
      const weight = Math.min((at - left) / (centre - left), (right - at) / (right - centre));
      if (weight <= 0) continue;
      if (weights.length === 0) first = bin;
      weights.push(weight);
    }
    return { first, weights: Float64Array.from(weights) };
  });
}

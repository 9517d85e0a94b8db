/** Loads TensorFlow from the folder in the first argument, computes, and prints its version. */
import * as tf from "@tensorflow/tfjs-core";
import { startTensorflow } from "./tensorflow.ts";

const { version } = await startTensorflow(Deno.args[0]!);
const ones = tf.ones<tf.Rank.R4>([1, 3, 3, 1]);
const kernel = tf.ones<tf.Rank.R4>([3, 3, 1, 1]);
const sum = tf.conv2d<tf.Tensor4D>(ones, kernel, 1, "valid").dataSync();
if (sum[0] !== 9) throw new Error(`TensorFlow computes ${sum[0]} instead of 9`);
console.log(version);

/** `mnist`: handwritten digits (LeCun, Cortes, Burges), as four IDX files. */
import { mnistLike } from "./mnist_like.ts";

export const mnist = mnistLike({
  descriptor: {
    name: "mnist",
    title: "Handwritten digits, 28 x 28 grey",
    licence: "CC BY-SA 3.0",
    source: "http://yann.lecun.com/exdb/mnist/",
    citation: "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document " +
      "Recognition, Proceedings of the IEEE 86(11), 1998",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    // A mirrored digit is no digit.
    augmentation: { kind: "image", crop_pixels: 2, flip: false },
    reads_data_dir: true,
  },
  // The authors' own server refuses anonymous downloads; these are the same bytes.
  url: "https://storage.googleapis.com/cvdf-datasets/mnist/",
  files: {
    "train-images": {
      bytes: 9912422,
      sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    },
    "train-labels": {
      bytes: 28881,
      sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    },
    "t10k-images": {
      bytes: 1648877,
      sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    },
    "t10k-labels": {
      bytes: 4542,
      sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
  },
  folders: ["mnist", "MNIST/raw"],
});

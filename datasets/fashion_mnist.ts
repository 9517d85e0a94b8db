/** `fashion-mnist`: articles of clothing (Zalando Research), in the files and sizes of MNIST. */
import { mnistLike } from "./mnist_like.ts";

export const fashionMnist = mnistLike({
  descriptor: {
    name: "fashion-mnist",
    title: "Articles of clothing, 28 x 28 grey",
    licence: "MIT, Copyright 2017 Zalando SE",
    source: "https://github.com/zalandoresearch/fashion-mnist",
    citation: "Xiao, Rasul, Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking " +
      "Machine Learning Algorithms, arXiv:1708.07747",
    classes: [
      "t-shirt/top",
      "trouser",
      "pullover",
      "dress",
      "coat",
      "sandal",
      "shirt",
      "sneaker",
      "bag",
      "ankle boot",
    ],
    augmentation: { kind: "image", crop_pixels: 2, flip: true },
    reads_data_dir: true,
  },
  url: "https://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  files: {
    "train-images": {
      bytes: 26421880,
      sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    },
    "train-labels": {
      bytes: 29515,
      sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    },
    "t10k-images": {
      bytes: 4422102,
      sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    },
    "t10k-labels": {
      bytes: 5148,
      sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
  },
  folders: ["fashion-mnist", "fashion_mnist", "FashionMNIST/raw"],
});

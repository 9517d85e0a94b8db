/** What the official UCI HAR v1.0 files are, as published facts. */
import { createHash } from "node:crypto";

/** The archive that the UCI repository serves; another zip lies in it. */
export const OFFICIAL_ZIP_SHA256 =
  "c00b803081a5c797cd5e4b83700a9810b38d53d9d84e01917e090e1fdbc81031";

/** Windows of the official test split per class, in the order of the labels 1 to 6. */
export const OFFICIAL_TEST_CLASS_COUNTS: readonly number[] = [496, 471, 420, 491, 532, 537];

/** Git blob ids by file name: two variants circulate, with CRLF and with LF line ends. */
const BLOB_IDS: Readonly<Record<string, readonly string[]>> = {
  "body_acc_x_test.txt": [
    "7bab0da74959c441017a5fe0589e21f2f11fa871",
    "43cc8b67728804ae0f47cdade4776bb4710b560f",
  ],
  "body_acc_x_train.txt": [
    "d7ff0d4ad07a340e4393eafe56d11e288e66d130",
    "929fde6b878e777f408626f624f836da08f4fe3a",
  ],
  "body_acc_y_test.txt": [
    "c8be4e8dceb829cbb3736a84b1a7acd848951e68",
    "798f707479b1e8b86d983d562f0da173540a28da",
  ],
  "body_acc_y_train.txt": [
    "e65ebe65201cbdabcab402bc48e68fd2ca14dc42",
    "8176fab7248c2ed4f9f81ab269477bf382817ca7",
  ],
  "body_acc_z_test.txt": [
    "7b8d432a7bbb6de641b31cc6c0e60bb3eb1e52f6",
    "54995aa9d1bc13a1cb38e34b0f08eb4672d18d9b",
  ],
  "body_acc_z_train.txt": [
    "f563e7cc41f8055f28ef280858a5abc796aaf1ca",
    "a39df0ded2436e9780bc5bd342aea3e600d8935d",
  ],
  "body_gyro_x_test.txt": [
    "12b9cbeb0ad6e513eddedacc8a9de7cb3a499de7",
    "19908204424d87d963d1d1319639428800234570",
  ],
  "body_gyro_x_train.txt": [
    "3370ae82b8f9f731178db1f19b96fb37f6807e33",
    "03a8e30004b496a2dc4d3ae86d4780b17dea67c4",
  ],
  "body_gyro_y_test.txt": [
    "6bb5b55af6eeb5539da977a19cc0aface531a9e6",
    "f08e94b66e1f02abc984e994d9cbfde3c875072b",
  ],
  "body_gyro_y_train.txt": [
    "7bfd0c692e28f5b6ad50d600b7b6115ba3ae46cc",
    "83c9bd1900438683f205be232fc3c9f4490cf1df",
  ],
  "body_gyro_z_test.txt": [
    "2f5db159780941c54f69552f69c7049b01eb1f56",
    "8e0c93642c7fbe17f2b1c509909c89ea677c8e99",
  ],
  "body_gyro_z_train.txt": [
    "47b249fdc5cf56d8d9af1e4de9f3a862171aaccb",
    "27be709838197209bd9bbae0c718c537e4ea9052",
  ],
  "subject_train.txt": [
    "ae745467665ef06918ee39dbfcfcc406c1a20a90",
  ],
  "total_acc_x_test.txt": [
    "b9be6f1e8b3eb0fe3e4c787f4b1fda5b6ed08353",
    "8aea0be2cecb04c78d79353d63f43bcc03f6eafe",
  ],
  "total_acc_x_train.txt": [
    "065f256a01e80c186c537bf3d8914561d3ef2d2f",
    "b22467a24b422d35f7862e2049c4feeb78e3dd49",
  ],
  "total_acc_y_test.txt": [
    "0e0cf5409b67e5dc61f8dd9d0ac52ae3b9f15b5e",
    "ae51100d85dfe6228df72e22162b398b59c8577f",
  ],
  "total_acc_y_train.txt": [
    "296d4bea280d5aee99aba37154baa108dbf46a42",
    "e2b9ed7ba2a3b85cc0ecc3dd560b3fea845d926c",
  ],
  "total_acc_z_test.txt": [
    "7712b8a440954da188d87636c83ee10090ae5f33",
    "fe8c13f3ef7aa9e8d1d72135a55abda167ec9a3f",
  ],
  "total_acc_z_train.txt": [
    "0b4478a83d2143908372a3d26c303dfd0542c07e",
    "939ca92650c1f9958343da1d5b0dc76544175ff5",
  ],
  "y_train.txt": [
    "6ff495a02c8d78aacf3ffade7c31846c5e5a3cac",
  ],
};

/** The names of the files whose official ids are known. */
export const filesWithOfficialId: readonly string[] = Object.keys(BLOB_IDS);

/** Whether a file, by its name without folder, has an official id that is known and these bytes. */
export function isOfficialFile(name: string, bytes: Uint8Array): boolean {
  return BLOB_IDS[name]?.includes(gitBlobId(bytes)) ?? false;
}

/** What `git hash-object --no-filters` prints. */
export function gitBlobId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

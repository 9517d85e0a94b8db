/* vectors.bin, word for word. BO_VECTORS_FILE is its path in quotes; without, it lies where headers
 * do, by the firmware stage's name. */
#ifndef BO_VECTORS_FILE
#define BO_VECTORS_FILE "vectors.firmware.bin"
#endif
    .section .bo_vectors, "a"
    .balign 4
    .global bo_vectors
bo_vectors:
    .incbin BO_VECTORS_FILE
    .balign 4

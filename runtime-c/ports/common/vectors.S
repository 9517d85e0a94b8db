/* vectors.bin, word for word. BO_VECTORS_FILE is its path in quotes. */
    .section .bo_vectors, "a"
    .balign 4
    .global bo_vectors
bo_vectors:
    .incbin BO_VECTORS_FILE
    .balign 4

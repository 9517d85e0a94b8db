/* nvm.bin, word for word. BO_IMAGE_FILE is its path in quotes; without, it lies where headers do. */
#ifndef BO_IMAGE_FILE
#define BO_IMAGE_FILE "nvm.bin"
#endif
    .section .bo_image, "a"
    .balign 4
    .global bo_image, bo_image_end
bo_image:
    .incbin BO_IMAGE_FILE
bo_image_end:

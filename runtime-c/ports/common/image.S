/* nvm.bin, word for word. BO_IMAGE_FILE is its path in quotes. */
    .section .bo_image, "a"
    .balign 4
    .global bo_image, bo_image_end
bo_image:
    .incbin BO_IMAGE_FILE
bo_image_end:

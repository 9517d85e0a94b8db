# MSP430FR5994 with NVM in its upper internal FRAM.
MEMORY_C := ports/common/image_programmed.c ports/msp430fr5994/nvm_fram.c
SCRIPT := $(RUNTIME)/ports/msp430fr5994/msp430fr5994.ld
ARENA_BYTES = $(NVM_BYTES) - $(IMAGE_BYTES)
include $(RUNTIME)/ports/msp430fr5994/chip.mk

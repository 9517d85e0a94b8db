# MSP430FR5994 with a CY15B104Q on SPI.
MEMORY_C := ports/msp430fr5994-spi/image.c ports/msp430fr5994-spi/spi.c ports/common/nvm_cy15b104q.c
SCRIPT := $(RUNTIME)/ports/msp430fr5994-spi/msp430fr5994-spi.ld
ARENA_BYTES := 0
include $(RUNTIME)/ports/msp430fr5994/chip.mk

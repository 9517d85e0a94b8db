# MSP430FR5994 with its internal FRAM, 16-bit addresses: clang and lld.
CC := clang-16
LD := ld.lld-16
OBJCOPY := llvm-objcopy-16
SIZE := llvm-size-16
MULTIPLIER := -mhwmult=f5series -DBO_MPY_BASE=0x04c0
CFLAGS = --target=msp430 -Oz -ffreestanding -fno-builtin -ffunction-sections -fdata-sections \
         -DBO_DOT_TWIN $(MULTIPLIER)
ASFLAGS := --target=msp430
# The kernels are where the time goes.
$(OUT)/kernels/%.c.o $(OUT)/simulator/kernels/%.c.o: CFLAGS += -O2
$(OUT)/core/compute.c.o $(OUT)/simulator/core/compute.c.o: CFLAGS += -O2
# mspdebug has the older 16-bit multiplier, with the same registers elsewhere.
SIMULATOR_FLAGS := -mhwmult=16bit -UBO_MPY_BASE -DBO_MPY_BASE=0x0130
DOT_C := kernels/dot_msp430.c
WINDOW_C := kernels/window_msp430.c
WINDOW_FLAGS := -DBO_WINDOW_TWIN
include $(RUNTIME)/ports/common/lea.mk
BOARD_C := $(CORE) $(DOT_C) $(WINDOW_C) ports/common/image_programmed.c ports/common/memory.c \
           ports/common/nvm_memory.c ports/common/vm.c ports/msp430fr5994/board.c \
           ports/msp430fr5994/builtins.c
BOARD_S := ports/common/image.S ports/common/vectors.S ports/msp430fr5994/shifts.S \
           ports/msp430fr5994/startup.S
LINK = $(LD) -n -T $(RUNTIME)/ports/msp430fr5994/msp430fr5994.ld --gc-sections \
       --defsym=bo_arena_bytes=$$(( $(NVM_BYTES) - $(IMAGE_BYTES) ))

FIRMWARE := $(BOARD_C:%=$(OUT)/%.o) $(BOARD_S:%=$(OUT)/%.o) $(OUT)/apps/main.c.o \
            $(OUT)/application.c.o $(OUT)/model.c.o $(DSPLIB_O)
SIMULATOR := $(BOARD_C:%=$(OUT)/simulator/%.o) $(BOARD_S:%=$(OUT)/%.o) \
             $(OUT)/simulator/ports/msp430fr5994/simulation.c.o \
             $(OUT)/simulator/apps/verify_main.c.o $(OUT)/simulator/model.c.o $(STAND_IN_O)

firmware: $(OUT)/firmware.hex
$(OUT)/firmware.elf: $(FIRMWARE)
	$(LINK) $(LEA_LINK) $^ -o $@
$(OUT)/firmware.hex: $(OUT)/firmware.elf
	$(OBJCOPY) -O ihex $< $@
simulator: $(OUT)/simulator.elf
$(OUT)/simulator.elf: $(SIMULATOR)
	$(LINK) $(LEA_LINK) $^ -o $@
BOARD_KERNEL := mpy32
MICROBENCH_C := $(filter kernels/% ports/% core/compute.c core/crc.c core/protocol.c,$(BOARD_C)) \
                apps/microbench/microbench.c ports/msp430fr5994/microbench.c
MICROBENCH := $(MICROBENCH_C:%=$(OUT)/%.o) $(OUT)/ports/msp430fr5994/shifts.S.o \
              $(OUT)/ports/msp430fr5994/startup.S.o $(DSPLIB_O)
microbench: $(OUT)/microbench.hex
$(OUT)/microbench.elf: $(MICROBENCH)
	$(LINK) $(LEA_LINK) $^ -o $@
$(OUT)/microbench.hex: $(OUT)/microbench.elf
	$(OBJCOPY) -O ihex $< $@
size: $(OUT)/firmware.elf
	$(SIZE) -A $<

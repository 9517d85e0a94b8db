# The FR5994 with any memory: compilers and what all its images share. A port.mk that includes it
# says MEMORY_C (the NVM's driver), SCRIPT (linker script) and ARENA_BYTES.
#
# COMPILER=gcc: msp430-elf-gcc, large model (20-bit addresses); COMPILER=clang: clang and lld, 16-bit
# addresses. By CC where that is given.
CHIP := $(RUNTIME)/ports/msp430fr5994
include $(RUNTIME)/ports/common/llvm.mk
CC ?= $(call llvm,clang)
ifeq ($(origin CC),default)
CC := $(call llvm,clang)
endif
COMPILER ?= $(if $(findstring gcc,$(notdir $(firstword $(CC)))),gcc,clang)
INCLUDES += -I$(CHIP)
CFLAGS_COMMON = -Oz -ffreestanding -fno-builtin -ffunction-sections -fdata-sections -DBO_DOT_TWIN \
                -DBO_CRC16_TWIN $(MULTIPLIER)
ifeq ($(COMPILER),gcc)
OBJCOPY := msp430-elf-objcopy
SIZE := msp430-elf-size
MULTIPLIER := -mhwmult=f5series -DBO_MPY_BASE=0x04c0
# Registers lie in the lowest page, where GCC 12 expects nothing. One level for all files, as large as
# clang's -Oz: a Code Composer Studio project has one, too.
CFLAGS = -mmcu=msp430fr5994 -mlarge -O2 --param=min-pagesize=0 $(filter-out -Oz,$(CFLAGS_COMMON))
ASFLAGS := -mmcu=msp430fr5994 -mlarge -c
HELPERS_C :=
HELPERS_S :=
LINK_WITH = $(CC)
LINK_MACHINE := -mmcu=msp430fr5994 -mlarge -nostdlib -nostartfiles -Wl,-n -Wl,--no-warn-rwx-segments
LIBRARIES := -lmul_f5 -lgcc
define_symbol = -Wl,--defsym=$(1)
collect := -Wl,--gc-sections
else
LD := $(call llvm,ld.lld)
OBJCOPY := $(call llvm,llvm-objcopy)
SIZE := $(call llvm,llvm-size)
MULTIPLIER := -mhwmult=f5series -DBO_MPY_BASE=0x04c0
CFLAGS = --target=msp430 $(CFLAGS_COMMON)
ASFLAGS := --target=msp430
HELPERS_C := ports/msp430fr5994/builtins.c
HELPERS_S := ports/msp430fr5994/shifts.S ports/msp430fr5994/cpux.S
LINK_WITH = $(LD)
LINK_MACHINE := -n
LIBRARIES :=
define_symbol = --defsym=$(1)
collect := --gc-sections
endif
# The kernels are where the time goes.
$(OUT)/kernels/%.c.o $(OUT)/simulator/kernels/%.c.o: CFLAGS += -O2
$(OUT)/core/compute.c.o $(OUT)/simulator/core/compute.c.o: CFLAGS += -O2
DOT_C := kernels/dot_msp430.c
WINDOW_C := kernels/windows_msp430.c
WINDOW_FLAGS := -DBO_WINDOWS_TWIN
include $(RUNTIME)/ports/common/lea.mk
ALL_C := $(CORE) $(DOT_C) $(WINDOW_C) ports/common/memory.c ports/common/vm.c \
         ports/msp430fr5994/board.c $(HELPERS_C)
BOARD_C := $(ALL_C) $(MEMORY_C) ports/common/supply_comp_e.c ports/msp430fr5994/dma.c \
           ports/msp430fr5994/crc16.c
BOARD_S := ports/common/image.S ports/common/vectors.S ports/msp430fr5994/startup.S $(HELPERS_S)
LINK_OPTIONS = $(LINK_MACHINE) -L$(CHIP) $(collect) \
               $(call define_symbol,bo_arena_bytes=$(shell echo $$(( $(ARENA_BYTES) ))))
LINK = $(LINK_WITH) -T $(SCRIPT) $(LINK_OPTIONS)

FIRMWARE := $(BOARD_C:%=$(OUT)/%.o) $(BOARD_S:%=$(OUT)/%.o) $(OUT)/apps/main.c.o \
            $(OUT)/application.c.o $(OUT)/model.c.o $(DSPLIB_O)

firmware: $(OUT)/firmware.hex
$(OUT)/firmware.elf: $(FIRMWARE)
	$(LINK) $(LEA_LINK) $^ $(LIBRARIES) -o $@
$(OUT)/firmware.hex: $(OUT)/firmware.elf
	$(OBJCOPY) -O ihex $< $@

BOARD_KERNEL := mpy32
MICROBENCH_C := $(filter kernels/% ports/% core/compute.c core/crc.c core/protocol.c,$(BOARD_C)) \
                apps/microbench/microbench.c ports/msp430fr5994/microbench.c
MICROBENCH := $(MICROBENCH_C:%=$(OUT)/%.o) $(HELPERS_S:%=$(OUT)/%.o) \
              $(OUT)/ports/msp430fr5994/startup.S.o $(DSPLIB_O)
microbench: $(OUT)/microbench.hex
$(OUT)/microbench.elf: $(MICROBENCH)
	$(LINK) $(LEA_LINK) $^ $(LIBRARIES) -o $@
$(OUT)/microbench.hex: $(OUT)/microbench.elf
	$(OBJCOPY) -O ihex $< $@
size: $(OUT)/firmware.elf
	$(SIZE) -A $<

# mspdebug runs clang's code alone: no CPUX, no DMA, no CRC module, and the older 16-bit multiplier, with the same
# registers elsewhere. There NVM is in the lower FRAM, reached by pointers.
SIMULATOR_FLAGS := -UBO_CRC16_TWIN -mhwmult=16bit -UBO_MPY_BASE -DBO_MPY_BASE=0x0130
SIMULATOR_C := $(ALL_C) ports/common/image_programmed.c ports/common/nvm_memory.c \
               ports/msp430fr5994/simulation.c apps/verify_main.c
SIMULATOR := $(SIMULATOR_C:%=$(OUT)/simulator/%.o) $(BOARD_S:%=$(OUT)/%.o) \
             $(OUT)/simulator/model.c.o $(STAND_IN_O)
simulator: $(OUT)/simulator.elf
$(OUT)/simulator.elf: SCRIPT := $(CHIP)/mspdebug.ld
$(OUT)/simulator.elf: ARENA_BYTES = $(NVM_BYTES) - $(IMAGE_BYTES)
$(OUT)/simulator.elf: $(SIMULATOR)
	$(LINK) $(LEA_LINK) $^ -o $@

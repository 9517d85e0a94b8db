# MSP432P401R with a CY15B104Q on SPI: arm-none-eabi-gcc.
CC := arm-none-eabi-gcc
OBJCOPY := arm-none-eabi-objcopy
SIZE := arm-none-eabi-size
MACHINE := -mcpu=cortex-m4 -mthumb -mfloat-abi=soft
CFLAGS := $(MACHINE) -O2 -ffreestanding -ffunction-sections \
          -fdata-sections -fno-tree-loop-distribute-patterns -DBO_DOT_TWIN -DBO_WINDOWS_TWIN
ASFLAGS := -mcpu=cortex-m4 -mthumb
SIMULATOR_FLAGS :=
BOARD_C := $(CORE) kernels/dot_cortex_m4.c ports/common/image_linked.c ports/common/memory.c \
           ports/common/vm.c ports/common/supply_comp_e.c ports/msp432p401r/startup.c
KERNEL_S := kernels/windows_cortex_m4.S
BOARD_S := $(KERNEL_S) ports/common/image.S ports/common/vectors.S
# What QEMU's machine has not: clocks, pins and SPI. There NVM is the PSRAM of mps2-an386.
HARDWARE_C := ports/common/nvm_cy15b104q.c ports/msp432p401r/board.c ports/msp432p401r/spi.c
SIMULATED_C := ports/common/nvm_memory.c ports/msp432p401r/board_simulated.c \
               ports/msp432p401r/simulation.c apps/verify_main.c
SCRIPT := $(RUNTIME)/ports/msp432p401r/msp432p401r.ld
LINK_OPTIONS := $(MACHINE) -nostdlib -nostartfiles -Wl,-n -Wl,--gc-sections -Wl,--build-id=none
LIBRARIES := -lgcc
LINK := $(CC) $(LINK_OPTIONS) -T $(SCRIPT)

FIRMWARE := $(BOARD_C:%=$(OUT)/%.o) $(BOARD_S:%=$(OUT)/%.o) $(HARDWARE_C:%=$(OUT)/%.o) \
            $(OUT)/apps/main.c.o $(OUT)/application.c.o $(OUT)/model.c.o
SIMULATOR := $(BOARD_C:%=$(OUT)/simulator/%.o) $(BOARD_S:%=$(OUT)/%.o) \
             $(SIMULATED_C:%=$(OUT)/simulator/%.o) $(OUT)/simulator/model.c.o

firmware: $(OUT)/firmware.hex
$(OUT)/firmware.elf: $(FIRMWARE)
	$(LINK) $^ $(LIBRARIES) -o $@
$(OUT)/firmware.hex: $(OUT)/firmware.elf
	$(OBJCOPY) -O ihex $< $@
simulator: $(OUT)/simulator.elf
$(OUT)/simulator.elf: $(SIMULATOR)
	$(LINK) -Wl,--defsym=bo_nvm_memory=0x21000000 $^ $(LIBRARIES) -o $@
BOARD_KERNEL := dsp
MICROBENCH_C := $(filter kernels/% ports/% core/compute.c core/crc.c core/protocol.c,$(BOARD_C)) $(HARDWARE_C) \
                apps/microbench/microbench.c ports/msp432p401r/microbench.c
MICROBENCH := $(patsubst %,$(OUT)/%.o,$(filter-out ports/common/image_linked.c,$(MICROBENCH_C)) $(KERNEL_S))
microbench: $(OUT)/microbench.hex
$(OUT)/microbench.elf: $(MICROBENCH)
	$(LINK) $^ $(LIBRARIES) -o $@
$(OUT)/microbench.hex: $(OUT)/microbench.elf
	$(OBJCOPY) -O ihex $< $@
size: $(OUT)/firmware.elf
	$(SIZE) -A $<

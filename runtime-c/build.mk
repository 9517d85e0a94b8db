# Builds the runtime with one dumped model for one board:
#
#   make -f runtime-c/build.mk BOARD=msp430fr5994 DUMP=<folder that dump wrote> OUT=<folder> [target]
#
# firmware  (default) $(OUT)/firmware.elf and .hex: apps/main.c with APPLICATION= (default: apps/demo.c)
# simulator $(OUT)/simulator.elf: apps/verify_main.c as the board's simulator runs it
# size      prints the sections of firmware.elf
# describe  prints what firmware.elf is made of, a word a line, for other build systems: source, compile,
#           include, script, link
# microbench  $(OUT)/microbench.elf and .hex: measures the board (docs/profiling.md); needs no DUMP
# BOARD=host: $(OUT)/runner, which takes cuts (README.md, "The host runner")
#
# DSPLIB= TI's DSPLib, where the kernel is `lea` (ports/common/lea.mk)
# COUNTERS=1 keeps counters across resets (core/kept.h), in NVM behind the model's
# PLANTED=BO_BUG_...: a defect of core/planted.h, to see verification fail (use an OUT of its own)
#
# Needs $(DUMP)/model.c, model.h, platform.h, nvm.bin; boards also $(VECTORS) (default
# $(DUMP)/vectors.bin). A board is a folder ports/<board> with a port.mk; nothing else names it.

RUNTIME := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
VECTORS ?= $(DUMP)/vectors.bin
# What programs hold beside code.
HELD = $(DUMP)/nvm.bin $(VECTORS)
ifneq ($(filter microbench,$(MAKECMDGOALS)),)
DUMP := $(RUNTIME)/apps/microbench
HELD :=
endif
APPLICATION ?= $(RUNTIME)/apps/demo.c
# For a linker script that must know how much NVM lies behind the image: the model's, and the kept
# counters of core/kept.h, bo_nvm_end().
COUNTERS ?= 0
MODEL_NVM_BYTES = $(shell sed -n 's/^\#define BO_NVM_BYTES \([0-9]*\).*/\1/p' $(DUMP)/platform.h)
LAYERS = $(shell sed -n 's/^\#define BO_LAYERS \([0-9]*\).*/\1/p' $(DUMP)/platform.h)
NVM_BYTES = $(if $(filter 1,$(COUNTERS)),(($(MODEL_NVM_BYTES) + 3) / 4 * 4 + 4 + 144 * ($(LAYERS) + 1)),$(MODEL_NVM_BYTES))
# 0 where the network has no depthwise, max or average pool, add or concat.
CHANNELWISE = $(shell sed -n 's/^\#define BO_HAS_CHANNELWISE \([01]\).*/\1/p' $(DUMP)/platform.h)
# The multiply-accumulate kernel that was costed; `lea` is another file than the board's own.
KERNEL := $(shell sed -n 's/^\#define BO_KERNEL_NAME "\(.*\)"/\1/p' $(DUMP)/platform.h)
# How progress is kept (core/format.h, BO_SCHEME_..); the code of the other schemes is left out.
SCHEME = $(shell sed -n 's/^\#define BO_USES_SCHEME \([0-9]*\).*/\1/p' $(DUMP)/platform.h)
# Bytes of one code, and 0 where no layer has scales per output channel.
ELEMENT_BYTES = $(shell sed -n 's/^\#define BO_HAS_ELEMENT_BYTES \([12]\).*/\1/p' $(DUMP)/platform.h)
PER_CHANNEL = $(shell sed -n 's/^\#define BO_HAS_PER_CHANNEL \([01]\).*/\1/p' $(DUMP)/platform.h)
IMAGE_BYTES = $(shell sed -n 's/^\#define BO_IMAGE_BYTES \([0-9]*\).*/\1/p' $(DUMP)/platform.h)

CORE := core/brownout.c core/compute.c core/counters.c core/crc.c core/engine.c core/image.c core/kept.c \
        core/marks.c core/protocol.c core/runtime.c core/scheme.c core/states.c kernels/dot.c kernels/requantise.c \
        kernels/windows.c
WARNINGS := -Wall -Wextra -Werror -pedantic
# VM is one array that holds codes, sums and records in turn: no strict aliasing.
LANGUAGE := -std=c11 -fno-strict-aliasing
INCLUDES := -I$(DUMP) -I$(RUNTIME)/core -I$(RUNTIME)/kernels -I$(RUNTIME)/ports/common \
            -I$(RUNTIME)/ports/$(BOARD) -I$(RUNTIME)/apps -I$(RUNTIME)/apps/microbench
# The same bytes wherever the project lies.
PREFIXES := -ffile-prefix-map=$(abspath $(RUNTIME))=runtime-c \
            -ffile-prefix-map=$(abspath $(DUMP))=model -ffile-prefix-map=$(RUNTIME)=runtime-c \
            -ffile-prefix-map=$(DUMP)=model

firmware:

include $(RUNTIME)/ports/$(BOARD)/port.mk

HEADERS := $(wildcard $(RUNTIME)/core/*.h $(RUNTIME)/kernels/*.h $(RUNTIME)/apps/*.h \
           $(RUNTIME)/ports/common/*.h $(RUNTIME)/ports/*/*.h $(DUMP)/*.h)
OPTIONS = $(LANGUAGE) $(CFLAGS) $(LEA_FLAGS) $(WINDOW_FLAGS) $(SCHEME:%=-DBO_SCHEME=%) $(CHANNELWISE:%=-DBO_CHANNELWISE=%) \
          $(ELEMENT_BYTES:%=-DBO_ELEMENT_BYTES=%) $(PER_CHANNEL:%=-DBO_PER_CHANNEL=%) \
          -DBO_KEEP_COUNTERS=$(COUNTERS) $(PLANTED:%=-D%=1) $(WARNINGS)
COMPILE = $(CC) $(OPTIONS) $(PREFIXES) $(INCLUDES)
ASSEMBLE = $(CC) $(ASFLAGS) -DBO_IMAGE_FILE='"$(abspath $(DUMP)/nvm.bin)"' \
           -DBO_VECTORS_FILE='"$(abspath $(VECTORS))"'

# One folder of objects per program, since their defines differ.
$(OUT)/%.c.o: $(RUNTIME)/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@
$(OUT)/%.S.o: $(RUNTIME)/%.S $(HELD)
	@mkdir -p $(@D)
	$(ASSEMBLE) -c $< -o $@
$(OUT)/model.c.o: $(DUMP)/model.c $(HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@
$(OUT)/application.c.o: $(APPLICATION) $(HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

$(OUT)/simulator/%.c.o: $(RUNTIME)/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -DBO_SIMULATION $(SIMULATOR_FLAGS) -c $< -o $@
$(OUT)/simulator/model.c.o: $(DUMP)/model.c $(HEADERS)
	@mkdir -p $(@D)
	$(COMPILE) -DBO_SIMULATION $(SIMULATOR_FLAGS) -c $< -o $@

# Its name in the log.
$(OUT)/apps/microbench/microbench.c.o: CFLAGS += -DBO_KERNEL='"$(or $(KERNEL),$(BOARD_KERNEL))"'

NAMED = $(OUT)/application.c.o $(OUT)/model.c.o
SOURCES = $(patsubst $(OUT)/%.o,$(RUNTIME)/%,$(filter-out $(NAMED) $(DSPLIB_O),$(FIRMWARE))) \
          $(APPLICATION) $(DUMP)/model.c
describe:
	@$(foreach word,$(SOURCES),echo source '$(word)';) $(foreach word,$(OPTIONS),echo compile '$(word)';) \
	$(foreach word,$(INCLUDES:-I%=%),echo include '$(word)';) echo script '$(SCRIPT)'; \
	$(foreach word,$(LINK_OPTIONS) $(LIBRARIES),echo link '$(word)';)

.PHONY: firmware simulator size microbench describe
.DELETE_ON_ERROR:

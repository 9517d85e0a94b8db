# The power simulation linked with one dumped model: $(OUT)/bo_power. Included by Makefile.
POWER := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
RUNTIME ?= $(POWER)/../..
CC := cc
CFLAGS ?= -O2
POWER_FLAGS := -std=c11 -fno-strict-aliasing -DBO_COUNTERS -Wall -Wextra -Werror -pedantic
POWER_INCLUDES := -I$(RUNTIME)/core -I$(RUNTIME)/kernels -I$(RUNTIME)/ports/host -I$(RUNTIME)/apps \
                  -I$(POWER)
# The kernels are the meter's: bo_dot_s16 by name, bo_requantise wrapped.
WRAPPED := bo_requantise
POWER_LINK := $(WRAPPED:%=-Wl,--wrap=%) -lm
RUNTIME_C := compute counters crc engine image marks protocol runtime scheme states
RUNTIME_O := $(RUNTIME_C:%=$(OUT)/core/%.o) $(OUT)/kernels/dot.o $(OUT)/kernels/requantise.o $(OUT)/kernels/windows.o \
             $(OUT)/ports/host/host.o
PARTS := capacitor source trace table curve meter published
PARTS_O := $(PARTS:%=$(OUT)/%.o)
POWER_H := $(wildcard $(POWER)/*.h $(RUNTIME)/core/*.h $(RUNTIME)/kernels/*.h \
           $(RUNTIME)/ports/host/*.h $(RUNTIME)/apps/*.h)

$(OUT)/%.o: $(RUNTIME)/%.c $(POWER_H)
	@mkdir -p $(@D)
	$(CC) $(POWER_FLAGS) $(CFLAGS) -DBO_DOT_TWIN $(POWER_INCLUDES) -c $< -o $@
$(OUT)/%.o: $(POWER)/%.c $(POWER_H)
	@mkdir -p $(@D)
	$(CC) $(POWER_FLAGS) $(CFLAGS) $(POWER_INCLUDES) -c $< -o $@

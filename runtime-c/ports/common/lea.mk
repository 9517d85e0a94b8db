# Kernel `lea` (BO_KERNEL_NAME of platform.h): LEA through TI's DSPLib, which is not ours to copy.
# DSPLIB= its folder, with include/DSPLib.h and source/; DSPLIB_FLAGS= what its sources need (-I of
# TI's device headers); DSPLIB_ISR= the function that it has for LEA's interrupt. Programs for
# simulators have the stand-in, sim/lea, and DSPLIB= may point there, too.
STAND_IN := $(RUNTIME)/sim/lea
DSPLIB_ISR ?= msp_lea_isr
ifeq ($(KERNEL),lea)
DOT_C := kernels/dot_lea.c
WINDOW_C :=
WINDOW_FLAGS :=
LEA_FLAGS := -DBO_DOT_TWIN -DBO_DOT_SATURATES=1
DSPLIB_C := $(wildcard $(DSPLIB)/source/vector/msp_mac_q15.c $(DSPLIB)/source/lea/*.c)
DSPLIB_O := $(DSPLIB_C:$(DSPLIB)/source/%.c=$(OUT)/dsplib/%.o)
STAND_IN_O := $(OUT)/simulator/dsplib/msp_mac_q15.o
ifneq ($(filter-out simulator microbench-simulator,$(or $(MAKECMDGOALS),firmware)),)
ifeq ($(wildcard $(DSPLIB)/include/DSPLib.h),)
$(error kernel lea computes through TI's DSPLib: give DSPLIB=<folder with include/DSPLib.h and source/>)
endif
endif
$(OUT)/kernels/dot_lea.c.o: INCLUDES += -I$(DSPLIB)/include
$(OUT)/dsplib/%.o: $(DSPLIB)/source/%.c
	@mkdir -p $(@D)
	$(CC) $(LANGUAGE) $(CFLAGS) $(DSPLIB_FLAGS) -I$(DSPLIB)/include -c $< -o $@
$(OUT)/simulator/kernels/dot_lea.c.o: INCLUDES += -I$(STAND_IN)/include
$(STAND_IN_O): $(STAND_IN)/source/vector/msp_mac_q15.c
	@mkdir -p $(@D)
	$(CC) $(LANGUAGE) $(CFLAGS) $(SIMULATOR_FLAGS) -I$(STAND_IN)/include -c $< -o $@
# TI's copy has an interrupt, the stand-in has none.
LEA_LINK := --defsym=bo_vm_lea=1 $(if $(filter %/msp_lea_isr.c,$(DSPLIB_C)),--defsym=bo_lea_isr=$(DSPLIB_ISR))
endif

# This machine: NVM in memory, cuts by design. Any C11 compiler.
CC := cc
CFLAGS := -O2 -DBO_COUNTERS
DOT_C :=
DSPLIB := $(RUNTIME)/sim/lea
include $(RUNTIME)/ports/common/lea.mk
HOST_C := $(filter-out core/brownout.c,$(CORE)) $(DOT_C) ports/host/host.c \
          ports/host/application.c ports/host/campaign.c ports/host/vectors_file.c \
          apps/host_main.c
RUNNER := $(HOST_C:%=$(OUT)/%.o) $(OUT)/model.c.o $(DSPLIB_O)

firmware: $(OUT)/runner
$(OUT)/runner: $(RUNNER)
	$(CC) $(CFLAGS) $^ -o $@

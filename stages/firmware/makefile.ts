/** The Makefile beside the images: builds them again by hand, with the flags of the pipeline. */
import type { Board } from "./board.ts";

export interface MakefileFacts {
  network: string;
  profile: string;
  board: Board;
  /** Version line of the compiler that the pipeline used. */
  compiler: string;
  /** File in src/ that holds the user's application. */
  application: string | undefined;
  /** Whether counters survive resets. */
  counters: boolean;
}

/** Text of the Makefile; see runtime-c/build.mk for the recipe itself. */
export function makefile(facts: MakefileFacts): string {
  const { network, profile, board, compiler, application, counters } = facts;
  const line = (text: string) => text.replace(/[\p{Cc}\\]+/gu, " ");
  const variables = Object.keys(board.tools).join(", ");
  return `# Network ${line(network)} for platform ${profile}.
#
#   make              build/firmware.elf and .hex: what is flashed
#   make simulation   build/simulation.elf: golden vectors in turn, for ${board.simulator.program}
#   make host         build/brownout_host: the same model on this machine, with power cuts
#   make size         sections of build/firmware.elf
#
# Compiled by: ${line(compiler)}
# Other versions of the tools: make ${
    board.tools["CC"] === undefined ? "" : "CC=... "
  }(${variables}).
# Where the model's kernel is lea: make DSPLIB=<TI's DSPLib, or src/runtime-c/sim/lea, its stand-in>.
# An own application: make APPLICATION=my.c, with the functions of src/runtime-c/apps/app.h.
APPLICATION ?= ${
    application === undefined ? "src/runtime-c/apps/demo.c" : `src/application/${application}`
  }
# 1: counters per layer survive resets (src/runtime-c/core/kept.h).
COUNTERS ?= ${counters ? 1 : 0}
RECIPE = $(MAKE) -f src/runtime-c/build.mk DUMP=src/model COUNTERS=$(COUNTERS)

firmware:
\t$(RECIPE) BOARD=${board.name} OUT=build/firmware VECTORS=src/model/vectors.firmware.bin \\
\t  APPLICATION=$(APPLICATION) firmware
\tcp build/firmware/firmware.elf build/firmware/firmware.hex build
simulation:
\t$(RECIPE) BOARD=${board.name} OUT=build/simulation VECTORS=src/model/vectors.simulation.bin \\
\t  simulator
\tcp build/simulation/simulator.elf build/simulation.elf
host:
\t$(RECIPE) BOARD=host OUT=build/host
\tcp build/host/runner build/brownout_host
size: firmware
\t$(RECIPE) BOARD=${board.name} OUT=build/firmware VECTORS=src/model/vectors.firmware.bin \\
\t  APPLICATION=$(APPLICATION) size
describe:
\t@$(RECIPE) BOARD=${board.name} OUT=build/firmware VECTORS=src/model/vectors.firmware.bin \\
\t  APPLICATION=$(APPLICATION) describe
clean:
\trm -rf build
.PHONY: firmware simulation host size describe clean
`;
}

# LLVM's programs as toolchain/tools.ts looks for them: one Debian release carries several versions,
# and a machine that has one of them is asked for no other. $(call llvm,clang); for scripts:
# make -s -f llvm.mk which-clang
llvm = $(or $(firstword $(foreach version,-16 -19 -14,$(shell command -v $(1)$(version)))),$(1))
which-%:
	@echo $(call llvm,$*)

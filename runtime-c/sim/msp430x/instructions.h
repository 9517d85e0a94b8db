/** The instruction formats; each file executes one. */
#ifndef BROWNOUT_SIM_INSTRUCTIONS_H
#define BROWNOUT_SIM_INSTRUCTIONS_H

#include "machine.h"

/** `extension`: the extension word before `word`, or 0. */
void execute_format1(msp430x *m, uint16_t word, uint16_t extension);
void execute_format2(msp430x *m, uint16_t word, uint16_t extension);
/** 0x13xx: RETI, CALLA. */
void execute_call_address(msp430x *m, uint16_t word);
/** 0x14xx to 0x17xx: PUSHM, POPM. */
void execute_multiple(msp430x *m, uint16_t word);
/** 0x0xxx: MOVA, CMPA, ADDA, SUBA, RRCM, RRAM, RLAM, RRUM. */
void execute_address(msp430x *m, uint16_t word);
void execute_jump(msp430x *m, uint16_t word);

enum { EXT_ZERO_CARRY = 0x0100, EXT_COUNT_IN_REGISTER = 0x0080, EXT_WORD_OR_BYTE = 0x0040 };

/** Times that an instruction between registers runs. */
unsigned extension_repeats(const msp430x *m, uint16_t extension);

#endif

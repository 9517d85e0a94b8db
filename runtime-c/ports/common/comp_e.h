/** Registers of COMP_E (SLAU367, SLAU356), which both families have; COMP_E_BASE is the board's. */
#ifndef BROWNOUT_COMP_E_H
#define BROWNOUT_COMP_E_H

#define CECTL0 REG16(COMP_E_BASE + 0x0u)
#define CECTL1 REG16(COMP_E_BASE + 0x2u)
#define CECTL2 REG16(COMP_E_BASE + 0x4u)
#define CECTL3 REG16(COMP_E_BASE + 0x6u)
#define CEIPEN 0x0080u
#define CEON 0x0400u
#define CEOUT 0x0001u
#define CEREFL_2_0 0x4000u
#define CEREFL_2_5 0x6000u
#define CERS_LADDER 0x0080u
#define CERSEL 0x0020u

#endif

/**
 * MSP430FR5994: 16 MHz from the DCO, one FRAM wait state (needed above 8 MHz, set before the
 * clock), pins unlocked. Shut-off pin P3.7 and completion flag P5.1 as on the published boards. The
 * MPU stays off as after reset, so the whole FRAM can be written.
 */
#include "board.h"
#include "app.h"
#include "platform.h"
#include "port.h"
#include "registers.h"
#include "supply.h"

#define SHUT_OFF 0x80u
#define COMPLETION 0x02u

/** Turns of an empty loop, about 10 ms: a supply that obeys the pin is gone long before. */
#define OFF_WAIT 20000u

static void clock_init(void) {
  FRCTL0 = FRCTLPW | NWAITS_1;
  CSCTL0 = CSKEY;
  /* Divided by 4 while the DCO changes, so that an overshoot stays below 16 MHz (SLAZ681, CS12). */
  CSCTL3 = DIV_4;
  CSCTL2 = SELA_VLO_SELS_DCO_SELM_DCO;
  CSCTL1 = DCORSEL_DCOFSEL_16MHZ;
  for (volatile uint16_t settle = 10; settle != 0u; settle--) {
  }
  CSCTL3 = DIV_1;
  /* The byte alone: a word without the password resets the chip (SLAU367 "CS registers"). */
  CSCTL0_H = 0;
}

void bo_port_init(void) {
  WDTCTL = WDTPW_WDTHOLD;
  P3OUT &= (uint8_t)~SHUT_OFF;
  P3DIR |= SHUT_OFF;
  P5OUT &= (uint8_t)~COMPLETION;
  P5DIR |= COMPLETION;
#ifndef BO_SIMULATION
  /* In mspdebug this address is the multiplier's. */
  PM5CTL0 &= (uint16_t)~LOCKLPM5;
#endif
  clock_init();
#ifndef BO_SIMULATION
  bo_board_nvm_init();
  if (!BO_AFTER_COMMIT_SLEEP)
    bo_supply_init();
#endif
}

#ifndef BO_SIMULATION
static void switch_off(void) {
  P3OUT |= SHUT_OFF;
  for (volatile uint16_t wait = OFF_WAIT; wait != 0u; wait--) {
  }
  /* Still here: the supply does not listen to the pin, so the board simply goes on. */
  P3OUT &= (uint8_t)~SHUT_OFF;
}
#endif

void bo_port_after_commit(void) {
#ifndef BO_SIMULATION
  if (BO_AFTER_COMMIT_SLEEP || !bo_supply_holds())
    switch_off();
#endif
}

void bo_board_completion(int on) {
  if (on) {
    P5OUT |= COMPLETION;
  } else {
    P5OUT &= (uint8_t)~COMPLETION;
  }
}

/**
 * MSP432P401R: MCLK 24 MHz from the DCO at VCORE0 with one flash wait state (SLAS826 "flash wait
 * states"), SMCLK 12 MHz (its limit at VCORE0). Shut-off pin P3.7, completion flag P5.5.
 */
#include "app.h"
#include "platform.h"
#include "port.h"
#include "registers.h"
#include "spi.h"
#include "supply.h"

#define SHUT_OFF 0x80u
#define COMPLETION 0x20u

/** Turns of an empty loop, about 10 ms: a supply that obeys the pin is gone long before. */
#define OFF_WAIT 60000u

/**
 * About 5 ms, as on the published boards: the FRAM answers 1 ms after its supply is up, and what a
 * boot reads too early would look like an NVM that was never written.
 */
#define FRAM_WAIT 20000u

static void turns(uint32_t count) {
  for (volatile uint32_t left = count; left != 0u; left--) {
  }
}

static void clock_init(void) {
  FLCTL_BANK0_RDCTL = (FLCTL_BANK0_RDCTL & ~FLCTL_WAIT_MASK) | FLCTL_WAIT_1;
  FLCTL_BANK1_RDCTL = (FLCTL_BANK1_RDCTL & ~FLCTL_WAIT_MASK) | FLCTL_WAIT_1;
  CSKEY = CSKEY_VALUE;
  CSCTL1 = SELM_DCO | SELS_DCO | DIVS_2;
  CSCTL0 = DCORSEL_24MHZ;
  CSKEY = 0;
}

void bo_port_init(void) {
  WDTCTL = WDTPW_WDTHOLD;
  clock_init();
  P3OUT &= (uint8_t)~SHUT_OFF;
  P3DIR |= SHUT_OFF;
  P5OUT &= (uint8_t)~COMPLETION;
  P5DIR |= COMPLETION;
  bo_spi_init();
  turns(FRAM_WAIT);
  if (!BO_AFTER_COMMIT_SLEEP)
    bo_supply_init();
}

#ifndef BO_SIMULATION
static void switch_off(void) {
  P3OUT |= SHUT_OFF;
  turns(OFF_WAIT);
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

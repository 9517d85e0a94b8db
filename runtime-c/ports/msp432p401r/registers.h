/** The registers of the MSP432P401R that the port uses (SLAU356; addresses from SLAS826). */
#ifndef BROWNOUT_MSP432P401R_REGISTERS_H
#define BROWNOUT_MSP432P401R_REGISTERS_H

#include <stdint.h>

#define REG8(address) (*(volatile uint8_t *)(address))
#define REG16(address) (*(volatile uint16_t *)(address))
#define REG32(address) (*(volatile uint32_t *)(address))

/* Watchdog */
#define WDTCTL REG16(0x4000480cu)
#define WDTPW_WDTHOLD 0x5a80u

/* Flash controller: wait states of the two banks */
#define FLCTL_BANK0_RDCTL REG32(0x40011010u)
#define FLCTL_BANK1_RDCTL REG32(0x40011014u)
#define FLCTL_WAIT_MASK 0xf000u
#define FLCTL_WAIT_1 0x1000u

/* Clock system */
#define CSKEY REG32(0x40010400u)
#define CSKEY_VALUE 0x695au
#define CSCTL0 REG32(0x40010404u)
#define CSCTL1 REG32(0x40010408u)
#define DCORSEL_24MHZ (4ul << 16)
#define SELM_DCO 0x00000003ul
#define SELS_DCO 0x00000030ul
#define DIVS_2 0x10000000ul

/* Timer32 1: of the micro-benchmark only */
#define T32LOAD1 REG32(0x4000c000u)
#define T32VALUE1 REG32(0x4000c004u)
#define T32CONTROL1 REG32(0x4000c008u)
#define T32_ENABLE_32_BITS 0x82u

/* Digital I/O */
#define P1OUT REG8(0x40004c02u)
#define P1DIR REG8(0x40004c04u)
#define P2SEL0 REG8(0x40004c0bu)
#define P2SEL1 REG8(0x40004c0du)
#define P3OUT REG8(0x40004c22u)
#define P3DIR REG8(0x40004c24u)
#define P5OUT REG8(0x40004c42u)
#define P5DIR REG8(0x40004c44u)

/* eUSCI_A1 in SPI mode */
#define UCA1CTLW0 REG16(0x40001400u)
#define UCA1BRW REG16(0x40001406u)
#define UCA1STATW REG16(0x4000140au)
#define UCA1RXBUF REG16(0x4000140cu)
#define UCA1TXBUF REG16(0x4000140eu)
#define UCA1IFG REG16(0x4000141cu)
#define UCCKPH 0x8000u
#define UCMSB 0x2000u
#define UCMST 0x0800u
#define UCSYNC 0x0100u
#define UCSSEL_SMCLK 0x0080u
#define UCSWRST 0x0001u
#define UCBUSY 0x0001u
#define UCRXIFG 0x0001u
#define UCTXIFG 0x0002u

/* COMP_E1, and its input C1.0 on P6.7 for the supply monitor */
#define COMP_E_BASE 0x40003800u
#define SUPPLY_CHANNEL 0u
#define P6SEL0 REG8(0x40004c4bu)
#define P6SEL1 REG8(0x40004c4du)
#define SUPPLY_PIN_INIT() (P6SEL0 |= 0x80u, P6SEL1 |= 0x80u)
#include "comp_e.h"

#endif

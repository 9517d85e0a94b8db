/** The registers of the MSP430FR5994 that the port uses (SLAU367; addresses from SLASE54). */
#ifndef BROWNOUT_MSP430FR5994_REGISTERS_H
#define BROWNOUT_MSP430FR5994_REGISTERS_H

#include <stdint.h>

#define REG8(address) (*(volatile uint8_t *)(address))
#define REG16(address) (*(volatile uint16_t *)(address))

/* Watchdog */
#define WDTCTL REG16(0x015cu)
#define WDTPW_WDTHOLD 0x5a80u

/* FRAM controller */
#define FRCTL0 REG16(0x0140u)
#define FRCTLPW 0xa500u
#define NWAITS_1 0x0010u

/* Power management */
#define PM5CTL0 REG16(0x0130u)
#define LOCKLPM5 0x0001u

/* CRC module */
#define CRCINIRES REG16(0x0154u)

/* Clock system */
#define CSCTL0 REG16(0x0160u)
#define CSCTL0_H REG8(0x0161u)
#define CSCTL1 REG16(0x0162u)
#define CSCTL2 REG16(0x0164u)
#define CSCTL3 REG16(0x0166u)
#define CSKEY 0xa500u
#define DCORSEL_DCOFSEL_16MHZ 0x0048u
#define SELA_VLO_SELS_DCO_SELM_DCO 0x0133u
#define DIV_4 0x0222u
#define DIV_1 0x0000u

/* Timer_A 0 and 1: of the micro-benchmark only */
#define TA0CTL REG16(0x0340u)
#define TA0R REG16(0x0350u)
#define TA1CTL REG16(0x0380u)
#define TA1R REG16(0x0390u)
#define TA1EX0 REG16(0x03a0u)
#define TASSEL_SMCLK 0x0200u
#define ID_8 0x00c0u
#define MC_CONTINUOUS 0x0020u
#define TACLR 0x0004u
#define TAIDEX_8 0x0007u

/* Digital I/O */
#define P3OUT REG8(0x0222u)
#define P3DIR REG8(0x0224u)
#define P5OUT REG8(0x0242u)
#define P5DIR REG8(0x0244u)

#define P1SEL0 REG8(0x020au)
#define P1SEL1 REG8(0x020cu)
#define P6OUT REG8(0x0243u)
#define P6DIR REG8(0x0245u)
#define P6SEL0 REG8(0x024bu)
#define P6SEL1 REG8(0x024du)

/* eUSCI_A3 in SPI mode */
#define UCA3CTLW0 REG16(0x0620u)
#define UCA3BRW REG16(0x0626u)
#define UCA3STATW REG16(0x062au)
#define UCA3RXBUF_ADDRESS 0x062cu
#define UCA3TXBUF_ADDRESS 0x062eu
#define UCA3RXBUF REG16(UCA3RXBUF_ADDRESS)
#define UCA3TXBUF REG16(UCA3TXBUF_ADDRESS)
#define UCA3IFG REG16(0x063cu)
#define UCCKPH 0x8000u
#define UCMSB 0x2000u
#define UCMST 0x0800u
#define UCSYNC 0x0100u
#define UCSSEL_SMCLK 0x0080u
#define UCSWRST 0x0001u
#define UCBUSY 0x0001u
#define UCRXIFG 0x0001u
#define UCTXIFG 0x0002u

/* COMP_E, and its input C2 on P1.2 for the supply monitor */
#define COMP_E_BASE 0x08c0u
#define SUPPLY_CHANNEL 2u
#define SUPPLY_PIN_INIT() (P1SEL0 |= 0x04u, P1SEL1 |= 0x04u)
#include "comp_e.h"

#endif

/**
 * CY15B104Q, 512 KB of FRAM on SPI (data sheet "4-Mbit (512 K x 8) Serial (SPI) F-RAM"). No write
 * delay: a byte is stored with its eighth clock, so whatever stops the master leaves a prefix of
 * the bytes. The write enable latch falls when chip select rises after WRITE or WRSR, and with
 * power. Sleep mode is not modelled: its command counts as unknown.
 */
#ifndef BROWNOUT_SIM_CY15B104Q_H
#define BROWNOUT_SIM_CY15B104Q_H

#include <stdint.h>

#define CY15B104Q_BYTES 0x80000u

typedef struct {
  uint8_t *memory; /**< CY15B104Q_BYTES bytes; the caller's */
  /** Called after a byte has been stored; null where nobody watches. */
  void (*stored)(void *context, uint32_t address);
  /** Asked before a byte is stored; 0: power has failed and it is not. Null: always. */
  int (*may_store)(void *context);
  void *context;
  uint32_t address;
  uint32_t position; /**< bytes since chip select fell */
  uint8_t command;
  uint8_t status; /**< WEL, BP0, BP1, WPEN */
  uint8_t selected;
  uint8_t writes; /**< this selection stores: the latch was set when it began */
  uint64_t reads, stores, selections;
  uint64_t refused; /**< WRITE or WRSR without the latch, stores to protected blocks */
  uint64_t unknown; /**< commands that the chip has not, or this model has not */
} cy15b104q;

/** Power comes up: not selected, latch clear; the memory and the protection bits stay. */
void cy15b104q_power_on(cy15b104q *chip);
void cy15b104q_select(cy15b104q *chip);
void cy15b104q_deselect(cy15b104q *chip);
/** One byte in, one byte out; 0xff while not selected or where the chip's output floats. */
uint8_t cy15b104q_exchange(cy15b104q *chip, uint8_t in);

#endif

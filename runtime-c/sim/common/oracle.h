/**
 * Judges a run by what lies in NVM, without trusting the firmware: every released result equals the
 * vector's expected outputs, releases count up by one, progress records never go back, and no boot
 * loses a commit. Formats: core/format.h, core/protocol.h.
 */
#ifndef BROWNOUT_SIM_ORACLE_H
#define BROWNOUT_SIM_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "board.h"

typedef struct {
  const uint8_t *bytes; /**< a vectors.bin */
  uint32_t count, inputs, outputs, element_bytes;
} oracle_vectors;

/** `room` bytes of a vectors.bin; 0 where it is none. */
int oracle_vectors_read(oracle_vectors *vectors, const uint8_t *bytes, size_t room);
/** Bytes of its header, and of the whole of it; `head` holds the header. */
#define ORACLE_VECTORS_HEADER 12u
uint32_t oracle_vectors_bytes(const uint8_t *head);

/** NVM writes so far at each write to the records and releases, of runs that are not cut. */
typedef struct {
  uint64_t *at;
  size_t count, room;
} protocol_writes;

typedef struct {
  board *board;
  oracle_vectors vectors;
  uint32_t wanted; /**< the board is stopped when so many results are released */
  uint32_t delivered, mismatches;
  uint32_t wrong_order; /**< releases that are not the next one */
  uint32_t regressions; /**< records or boots that fall behind an earlier record */
  uint32_t outputs_crc; /**< zlib's CRC-32 over all released outputs in order */
  uint64_t commits;
  int known_release, known_record;
  uint16_t release, inference;
  uint32_t sequence;
  /* Instructions at the last commit or boot, to know what a cut loses. */
  uint64_t safe_at, lost_instructions, most_lost;
  uint64_t first_write; /**< NVM writes before the run */
  protocol_writes *log; /**< null: not kept */
  char failure[160];    /**< the first one; empty: none */
} oracle;

/** Takes over the board's NVM hook; what NVM holds now is the state it starts from. */
void oracle_start(oracle *o, board *b, const oracle_vectors *vectors, uint32_t wanted,
                  protocol_writes *log);
void oracle_booted(oracle *o);
/** After the run of a boot has ended by a cut. */
void oracle_cut(oracle *o);
int oracle_ok(const oracle *o);

#endif

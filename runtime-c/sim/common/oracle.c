#include "oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc.h"
#include "format.h"

enum { VECTORS_MAGIC = 0x43455642 };

static uint16_t u16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }
static uint32_t u32(const uint8_t *at) { return u16(at) | (uint32_t)u16(at + 2) << 16; }

uint32_t oracle_vectors_bytes(const uint8_t *head) {
  return ORACLE_VECTORS_HEADER +
         u16(head + 4) * (uint32_t)u16(head + 10) * ((uint32_t)u16(head + 6) + u16(head + 8));
}

int oracle_vectors_read(oracle_vectors *vectors, const uint8_t *bytes, size_t room) {
  if (room < ORACLE_VECTORS_HEADER || u32(bytes) != VECTORS_MAGIC ||
      room < oracle_vectors_bytes(bytes))
    return 0;
  *vectors =
      (oracle_vectors){bytes, u16(bytes + 4), u16(bytes + 6), u16(bytes + 8), u16(bytes + 10)};
  return vectors->count != 0u && (vectors->element_bytes == 1u || vectors->element_bytes == 2u);
}

static void fail(oracle *o, const char *format, ...) {
  va_list arguments;
  if (o->failure[0] != 0)
    return;
  va_start(arguments, format);
  vsnprintf(o->failure, sizeof o->failure, format, arguments);
  va_end(arguments);
}

/*
 * The newest of two slots whose CRC and image id are right, or null. The id is that of the header
 * in NVM; while an image is being provisioned there is none, and no slot means anything: the CRC
 * alone would take ff ff 00 .. 00, which erasing can leave.
 */
static const uint8_t *newest(const oracle *o, uint32_t at, uint16_t bytes, int wide) {
  const uint8_t *header =
      o->board->nvm + bo_header_address(o->vectors.outputs, o->vectors.element_bytes);
  const uint8_t *found = NULL;
  if (u32(header) != BO_MAGIC || bo_crc32(BO_CRC32_START, header, 28) != u32(header + 28))
    return NULL;
  for (uint32_t slot = 0; slot < 2u; slot++) {
    const uint8_t *s = o->board->nvm + at + slot * bytes;
    if (bo_crc16(BO_CRC16_START, s, (uint16_t)(bytes - 2u)) != u16(s + bytes - 2u) ||
        u16(s + bytes - 4u) != u16(header + 6))
      continue;
    if (found == NULL || (wide ? (int32_t)(u32(s) - u32(found)) > 0
                               : (int16_t)(uint16_t)(u16(s + 2) - u16(found + 2)) > 0))
      found = s;
  }
  return found;
}

static void judge_result(oracle *o) {
  const uint32_t outputs = o->vectors.outputs;
  const uint32_t code = o->vectors.element_bytes;
  const uint16_t bytes = (uint16_t)(code * outputs);
  const uint8_t *slot =
      o->board->nvm + BO_NVM_RESULTS + (o->inference & 1u) * bo_result_stride(outputs, code);
  const uint32_t vector = o->inference % o->vectors.count;
  const uint8_t *expected = o->vectors.bytes + ORACLE_VECTORS_HEADER +
                            (size_t)vector * code * (o->vectors.inputs + outputs) +
                            code * o->vectors.inputs;
  const uint16_t crc = bo_crc16(bo_crc16(BO_CRC16_START, slot, 6), slot + 8, bytes);
  o->outputs_crc = bo_crc32(o->outputs_crc, slot + 8, bytes);
  if (u16(slot) != o->inference || u16(slot + 4) != outputs || u16(slot + 6) != crc) {
    o->mismatches++;
    fail(o, "inference %u was released, but its slot holds no such result", o->inference);
  } else if (memcmp(slot + 8, expected, bytes) != 0) {
    o->mismatches++;
    fail(o, "inference %u (vector %u) has other outputs than the reference", o->inference, vector);
  }
}

static void look_at_releases(oracle *o) {
  const uint8_t *slot = newest(o, BO_NVM_RELEASES, BO_RELEASE_BYTES, 0);
  if (slot == NULL || (o->known_release && u16(slot + 2) == o->release))
    return;
  const uint16_t inference = u16(slot), release = u16(slot + 2);
  const uint16_t next_inference = (uint16_t)(o->known_release ? o->inference + 1u : 1u);
  const uint16_t next_release = (uint16_t)(o->known_release ? o->release + 1u : 1u);
  if (inference != next_inference || release != next_release) {
    o->wrong_order++;
    fail(o, "release %u of inference %u where release %u of inference %u was due", release,
         inference, next_release, next_inference);
  }
  o->known_release = 1;
  o->release = release;
  o->inference = inference;
  o->delivered++;
  judge_result(o);
  if (o->delivered == o->wanted)
    o->board->stop(o->board);
}

static uint64_t instructions(oracle *o) {
  board_counts now;
  o->board->count(o->board, &now);
  return now.instructions;
}

static void look_at_records(oracle *o, int booting) {
  const uint8_t *slot = newest(o, BO_NVM_RECORDS, BO_RECORD_BYTES, 1);
  if (slot == NULL) {
    if (o->known_record) {
      o->regressions++;
      fail(o, "no progress record is valid any more after sequence %u", o->sequence);
    }
    return;
  }
  const uint32_t sequence = u32(slot);
  if (o->known_record && sequence == o->sequence)
    return;
  if (o->known_record && (int32_t)(sequence - o->sequence) < 0) {
    o->regressions++;
    fail(o, "progress fell back from sequence %u to %u", o->sequence, sequence);
  } else if (!booting) {
    o->commits++;
    o->safe_at = instructions(o);
  }
  o->known_record = 1;
  o->sequence = sequence;
}

static void keep(protocol_writes *log, uint64_t at) {
  if (log->count == log->room) {
    const size_t room = log->room == 0u ? 1024u : 2u * log->room;
    uint64_t *grown = realloc(log->at, room * sizeof *grown);
    if (grown == NULL)
      return;
    log->at = grown;
    log->room = room;
  }
  log->at[log->count++] = at;
}

static void written(void *context, uint32_t address, uint32_t bytes) {
  oracle *o = context;
  (void)bytes;
  if (o->log != NULL && address < BO_NVM_RESULTS) {
    board_counts now;
    o->board->count(o->board, &now);
    keep(o->log, now.nvm_writes - o->first_write);
  }
  /* The CRC is the last word of a slot, so only that can complete it. */
  if (address < BO_NVM_RELEASES) {
    if (address % BO_RECORD_BYTES >= BO_RECORD_BYTES - 2u)
      look_at_records(o, 0);
  } else if (address < BO_NVM_RESULTS && address % BO_RELEASE_BYTES >= BO_RELEASE_BYTES - 2u) {
    look_at_releases(o);
  }
}

void oracle_start(oracle *o, board *b, const oracle_vectors *vectors, uint32_t wanted,
                  protocol_writes *log) {
  board_counts now;
  b->count(b, &now);
  *o = (oracle){.board = b,
                .vectors = *vectors,
                .wanted = wanted,
                .outputs_crc = BO_CRC32_START,
                .first_write = now.nvm_writes,
                .log = log};
  const uint8_t *release = newest(o, BO_NVM_RELEASES, BO_RELEASE_BYTES, 0);
  if (release != NULL) {
    o->known_release = 1;
    o->inference = u16(release);
    o->release = u16(release + 2);
  }
  b->written = written;
  b->context = o;
  look_at_records(o, 1);
}

void oracle_booted(oracle *o) {
  look_at_records(o, 1);
  o->safe_at = instructions(o);
}

void oracle_cut(oracle *o) {
  const uint64_t lost = instructions(o) - o->safe_at;
  o->lost_instructions += lost;
  if (lost > o->most_lost)
    o->most_lost = lost;
}

int oracle_ok(const oracle *o) {
  return o->failure[0] == 0 && o->mismatches == 0u && o->wrong_order == 0u && o->regressions == 0u;
}

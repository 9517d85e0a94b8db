#include "image.h"

#include <stddef.h>

#include "crc.h"
#include "nvm.h"
#include "planted.h"
#include "protocol.h"

/** Bytes of one transfer; a multiple of 4 that any board's buffers take. */
#define CHUNK_BYTES 512u

_Static_assert(sizeof(bo_image_record) == BO_RECORD_BYTES, "it lies where progress records do");

static int header_is_of(const bo_header *header, const bo_model *model) {
  return header->magic == BO_MAGIC && header->version == BO_FORMAT_VERSION &&
         header->image_id == model->image_id && header->constants_bytes == model->constants_bytes &&
         header->header_crc == bo_crc32(BO_CRC32_START, header, offsetof(bo_header, header_crc));
}

int bo_image_header_ok(const bo_model *model) {
  bo_header header;
  bo_nvm_read(model->header, &header, BO_HEADER_BYTES);
  return header_is_of(&header, model);
}

static uint32_t chunk_bytes(void) {
  return bo_port_vm_bytes() < CHUNK_BYTES ? bo_port_vm_bytes() & ~(uint32_t)1u : CHUNK_BYTES;
}

/** Continues `crc` over NVM's bytes [from, to). */
static uint32_t crc_of(uint32_t crc, uint32_t from, uint32_t to) {
  const uint32_t chunk = chunk_bytes();
  for (uint32_t at = from; at < to;) {
    const uint16_t bytes = (uint16_t)(to - at < chunk ? to - at : chunk);
    bo_nvm_read(at, bo_vm, bytes);
    crc = bo_crc32(crc, bo_vm, bytes);
    at += bytes;
  }
  return crc;
}

/** Writes the image's bytes [from, to); the caller confirms. */
static void copy(uint32_t from, uint32_t to) {
  const uint32_t chunk = chunk_bytes();
  for (uint32_t at = from; at < to;) {
    const uint16_t bytes = (uint16_t)(to - at < chunk ? to - at : chunk);
    bo_port_image_read(at, bo_vm, bytes);
    bo_nvm_write(at, bo_vm, bytes);
    at += bytes;
  }
}

static uint16_t check_of(const bo_image_record *record) {
  return bo_crc16(BO_IMAGE_RECORD_START, record, offsetof(bo_image_record, check));
}

static int is_own(const bo_image_record *record, const bo_header *header) {
  if (record->check != check_of(record) && !BO_BUG_IMAGE_RECORD_TORN_ACCEPTED)
    return 0;
  if (record->image != header->header_crc && !BO_BUG_IMAGE_RECORD_OF_ANOTHER)
    return 0;
  return record->done == header->constants_bytes ||
         (record->done < header->constants_bytes && record->done % BO_IMAGE_STEP_BYTES == 0u);
}

/**
 * Where the last power cycle came to with this image; `done` is 0 where none did. Then records of
 * other images are erased, for what comes next may overwrite what they tell of; so there are none
 * beside an own one.
 */
static bo_image_record resumed(const bo_header *header, int copies) {
  static const bo_image_record nothing;
  bo_image_record records[2], found = nothing;
  int others = 0;
  for (uint32_t i = 0; i < 2u; i++) {
    bo_nvm_read(BO_NVM_RECORDS + i * BO_RECORD_BYTES, &records[i], BO_RECORD_BYTES);
    if (is_own(&records[i], header)) {
      if (records[i].done > found.done && !BO_BUG_IMAGE_RECORD_IGNORED)
        found = records[i];
    } else if (bo_record_is_whole(&records[i]) || records[i].check == check_of(&records[i])) {
      others |= !BO_BUG_IMAGE_OTHERS_KEPT;
    }
  }
  if (found.done == 0u && (copies || others) && !BO_BUG_KEEP_OLD_RECORDS)
    bo_records_erase();
  found.image = header->header_crc;
  found.image_id = header->image_id;
  return found;
}

/** A step is done: from here the next power cycle goes on. */
static void keep(const bo_model *model, bo_image_record *record) {
  const uint32_t left = model->constants_bytes - record->done;
  const uint32_t steps = (left + BO_IMAGE_STEP_BYTES - 1u) / BO_IMAGE_STEP_BYTES;
  const uint32_t slot = BO_BUG_IMAGE_RECORD_IN_ONE_SLOT ? 0u : steps & 1u;
  record->check = check_of(record);
  bo_nvm_write(BO_NVM_RECORDS + slot * BO_RECORD_BYTES, record, BO_RECORD_BYTES);
  /* The next record overwrites the one before this. */
  if (!BO_BUG_IMAGE_RECORD_UNCONFIRMED)
    bo_port_confirm();
  if (bo_is_scheme(model, BO_SCHEME_TILE))
    bo_port_after_commit();
}

/** Goes through the constants; whether they are the header's. `copies`: they come from the image.
 */
static int bring(const bo_model *model, const bo_header *header, int copies) {
  static const bo_header no_header;
  const uint32_t constants = model->header + BO_HEADER_BYTES;
  if (copies && BO_BUG_SPOILT_BEFORE_ERASED) {
    bo_nvm_write(model->header, &no_header, BO_HEADER_BYTES);
    bo_port_confirm();
  }
  bo_image_record record = resumed(header, copies);
  if (copies && record.done == 0u) {
    /* Not before the records are erased: it may lie within another image's data. */
    bo_nvm_write(model->header, BO_BUG_HEADER_FIRST ? header : &no_header, BO_HEADER_BYTES);
    bo_port_confirm();
    if (!BO_BUG_KEEP_OLD_RECORDS)
      copy(0, model->header);
    bo_port_confirm();
  }
  while (record.done < model->constants_bytes) {
    const uint32_t left = model->constants_bytes - record.done;
    const uint32_t bytes = left < BO_IMAGE_STEP_BYTES ? left : BO_IMAGE_STEP_BYTES;
    const uint32_t from = constants + record.done;
    if (copies) {
      copy(from, from + bytes);
      if (!BO_BUG_IMAGE_RECORD_EARLY)
        bo_port_confirm();
    }
    record.crc = crc_of(record.crc, from, from + bytes);
    record.done += bytes;
    keep(model, &record);
  }
  if (record.crc == header->constants_crc)
    return 1;
  bo_records_erase();
  return 0;
}

int bo_image_constants_ok(const bo_model *model) {
  bo_header header;
  bo_nvm_read(model->header, &header, BO_HEADER_BYTES);
  return header_is_of(&header, model) && bring(model, &header, 0);
}

int bo_image_provision(const bo_model *model) {
  const uint32_t constants = model->header + BO_HEADER_BYTES;
  bo_header header;
  if (bo_port_image_bytes() != constants + model->constants_bytes)
    return 0;
  bo_port_image_read(model->header, &header, BO_HEADER_BYTES);
  if (!header_is_of(&header, model))
    return 0;
  if (!bring(model, &header, 1))
    return 0;
  bo_nvm_write(model->header, &header, BO_HEADER_BYTES);
  bo_port_confirm();
  return 1;
}

#include "image.h"

#include <stddef.h>

#include "crc.h"
#include "nvm.h"
#include "planted.h"
#include "protocol.h"

/** Bytes of one provisioning write; a multiple of 4 that any board's buffers take. */
#define CHUNK_BYTES 512u

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

/** CRC-32 of the constants as NVM holds them. */
static uint32_t constants_crc(const bo_model *model) {
  uint32_t crc = BO_CRC32_START;
  const uint32_t chunk = chunk_bytes();
  for (uint32_t done = 0; done < model->constants_bytes;) {
    const uint32_t left = model->constants_bytes - done;
    const uint16_t bytes = (uint16_t)(left < chunk ? left : chunk);
    bo_nvm_read(model->header + BO_HEADER_BYTES + done, bo_vm, bytes);
    crc = bo_crc32(crc, bo_vm, bytes);
    done += bytes;
  }
  return crc;
}

int bo_image_constants_ok(const bo_model *model) {
  bo_header header;
  bo_nvm_read(model->header, &header, BO_HEADER_BYTES);
  return header_is_of(&header, model) && header.constants_crc == constants_crc(model);
}

static void copy(uint32_t from, uint32_t to) {
  const uint32_t chunk = chunk_bytes();
  for (uint32_t at = from; at < to;) {
    const uint16_t bytes = (uint16_t)(to - at < chunk ? to - at : chunk);
    bo_port_image_read(at, bo_vm, bytes);
    bo_nvm_write(at, bo_vm, bytes);
    at += bytes;
  }
  bo_port_confirm();
}

int bo_image_provision(const bo_model *model) {
  static const bo_header no_header;
  const uint32_t constants = model->header + BO_HEADER_BYTES;
  const uint32_t bytes = bo_port_image_bytes();
  bo_header header;
  if (bytes != constants + model->constants_bytes)
    return 0;
  bo_port_image_read(model->header, &header, BO_HEADER_BYTES);
  if (!header_is_of(&header, model))
    return 0;
  if (BO_BUG_HEADER_FIRST) {
    copy(model->header, constants);
    copy(constants, bytes);
    return 1;
  }
  bo_nvm_write(model->header, &no_header, BO_HEADER_BYTES);
  bo_port_confirm();
  if (!BO_BUG_KEEP_OLD_RECORDS) {
    bo_records_erase();
    copy(0, model->header);
  }
  copy(constants, bytes);
  if (header.constants_crc != constants_crc(model))
    return 0;
  copy(model->header, constants);
  return 1;
}

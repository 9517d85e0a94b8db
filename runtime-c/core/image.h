/** The constants in NVM: are they whole, are they ours, and how they get there. */
#ifndef BROWNOUT_IMAGE_H
#define BROWNOUT_IMAGE_H

#include "format.h"

/**
 * Constants are copied, or only checked, in pieces of so many bytes, each a step that a power cycle
 * may end with: the next one goes on behind it.
 */
#define BO_IMAGE_STEP_BYTES 2048u

/**
 * How far a first start has come. Until a first commit it lies where progress records do, at
 * BO_NVM_RECORDS, in two slots by turns, the last one in slot 0: the first progress record goes
 * into slot 1.
 *
 * While one is valid, the first `done` bytes of that image's constants are in NVM: whoever writes
 * there, or starts, first erases records that are not his own.
 */
typedef struct {
  uint32_t done;     /**< a multiple of BO_IMAGE_STEP_BYTES, or all */
  uint32_t crc;      /**< CRC-32 of these bytes, as NVM gave them back */
  uint32_t image;    /**< header_crc of the image */
  uint16_t image_id; /**< as in a progress record, for who reads a board's memory */
  uint16_t check;    /**< CRC-16 over the 14 bytes before, from BO_IMAGE_RECORD_START */
} bo_image_record;

/** Of the CRC-16: another start than that of progress records, so that none is ever the other. */
#define BO_IMAGE_RECORD_START 0x1d0fu

/** Whether the header is whole and that of `model`: magic, version, image id, sizes, CRC-32. */
int bo_image_header_ok(const bo_model *model);

/**
 * Whether the constants have the CRC-32 that the header tells. Reads through VM what no record says
 * was read already. Of scheme tile a step may end in bo_port_after_commit().
 */
int bo_image_constants_ok(const bo_model *model);

/**
 * Copies the port's image (nvm.bin from address 0) through VM into NVM: erases records, spoils the
 * header, erases releases and results of any earlier life, writes and reads back the constants step
 * by step, and the header last, each confirmed before the next. A cut leaves an NVM without a
 * header; the next start goes on from the last step. Returns 0 where the image is not that of
 * `model`, is none, or does not read back. Steps end as those of bo_image_constants_ok().
 */
int bo_image_provision(const bo_model *model);

#endif

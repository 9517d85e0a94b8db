/** The constants in NVM: are they whole, are they ours, and how they get there. */
#ifndef BROWNOUT_IMAGE_H
#define BROWNOUT_IMAGE_H

#include "format.h"

/** Whether the header is whole and that of `model`: magic, version, image id, sizes, CRC-32. */
int bo_image_header_ok(const bo_model *model);

/** Whether the constants have the CRC-32 that the header tells. Reads all of them through VM. */
int bo_image_constants_ok(const bo_model *model);

/**
 * Copies the port's image (nvm.bin from address 0) through VM into NVM: spoils the header, erases
 * records, releases and results of any earlier life, writes the constants, and the header last,
 * each confirmed before the next. A cut leaves an NVM without a header, so the next start begins
 * again. Returns 0 where the image is not that of `model`, is none, or does not read back.
 */
int bo_image_provision(const bo_model *model);

#endif

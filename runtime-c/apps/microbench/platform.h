/* What a port is sized by where it measures and no network is there: see microbench.c. */
#ifndef BROWNOUT_PLATFORM_H
#define BROWNOUT_PLATFORM_H

#define BO_PLATFORM_NAME "microbench"
#define BO_VM_BYTES 3688u
#define BO_NVM_BYTES 4096ul
#define BO_IMAGE_BYTES 0ul
#define BO_INPUTS 1u
#define BO_OUTPUTS 1u
#define BO_LAYERS 1u
#define BO_HAS_CHANNELWISE 0
#define BO_USES_SCHEME 0
#define BO_HAS_ELEMENT_BYTES 2
#define BO_HAS_PER_CHANNEL 0
#define BO_AFTER_COMMIT_SLEEP 0

#endif

/** The LEA kernel beside the reference, over the stand-in for DSPLib. */
#define bo_dot_s16 bo_dot_s16_lea
#define bo_dot_s8 bo_dot_s8_lea
#define bo_dot_s16_buffer_bytes bo_dot_s16_lea_buffer_bytes
#define bo_dot_s8_buffer_bytes bo_dot_s8_lea_buffer_bytes
#include "../../kernels/dot_lea.c"

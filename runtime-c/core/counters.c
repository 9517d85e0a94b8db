#include "counters.h"

#ifdef BO_COUNTERS
bo_counters bo_counted[BO_COUNTERS_LAYERS];
uint16_t bo_counted_layer;
#else
/* ISO C wants a declaration in every translation unit. */
typedef int bo_counters_left_out;
#endif

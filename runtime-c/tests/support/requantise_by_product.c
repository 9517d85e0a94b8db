/** Requantisation as boards without a barrel shifter do it, beside the host's. */
#define BO_SHIFT_BY_PRODUCT
#define bo_requantise bo_requantise_by_product
#include "../../kernels/requantise.c"

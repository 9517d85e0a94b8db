/** Defects of ports, planted one at a time to see verification of the shipped image fail. */
#ifndef BROWNOUT_PLANTED_PORT_H
#define BROWNOUT_PLANTED_PORT_H

#ifndef BO_BUG_WRONG_CHIP_SELECT
#define BO_BUG_WRONG_CHIP_SELECT 0 /**< the pin beside the FRAM chip's */
#endif
#ifndef BO_BUG_WRONG_MONITOR_INPUT
#define BO_BUG_WRONG_MONITOR_INPUT 0 /**< the comparator's input beside the divider's */
#endif

#endif

/** The supply monitor, for boards that run on after a commit while the capacitor holds enough. */
#ifndef BROWNOUT_SUPPLY_H
#define BROWNOUT_SUPPLY_H

void bo_supply_init(void);
/** Whether the capacitor is above BO_RUN_ON_MILLIVOLTS of platform.h. */
int bo_supply_holds(void);

#endif

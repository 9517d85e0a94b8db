/** VM as platform.h sizes it; the linker script places section `.bss.bo_vm`. */
#include "platform.h"
#include "port.h"

uint32_t bo_vm[BO_VM_BYTES / 4] __attribute__((section(".bss.bo_vm"), aligned(4)));

uint32_t bo_port_vm_bytes(void) { return BO_VM_BYTES; }

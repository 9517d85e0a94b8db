/** Vector table and reset of the MSP432P401R (16 core vectors, 41 interrupts; none is used). */
#include <stdint.h>

extern uint32_t bo_stack_top, bo_data_load, bo_data_start, bo_data_end, bo_bss_start, bo_bss_end;

int main(void);
void bo_reset(void);
void bo_unexpected(void);

typedef void (*vector)(void);

/* An interrupt that nobody enabled: stop where a debugger sees it. */
void bo_unexpected(void) {
  for (;;) {
  }
}

void bo_reset(void) {
  const uint32_t *from = &bo_data_load;
  for (volatile uint32_t *to = &bo_data_start; to != &bo_data_end;)
    *to++ = *from++;
  for (volatile uint32_t *to = &bo_bss_start; to != &bo_bss_end;)
    *to++ = 0;
  main();
  bo_unexpected();
}

#define FOUR bo_unexpected, bo_unexpected, bo_unexpected, bo_unexpected

typedef struct {
  const void *stack;
  vector entries[15 + 41];
} vector_table;

const vector_table bo_vector_table __attribute__((section(".vectors"), used)) = {
    &bo_stack_top,
    {bo_reset, bo_unexpected, bo_unexpected, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR, FOUR,
     FOUR, FOUR, FOUR, FOUR, bo_unexpected},
};

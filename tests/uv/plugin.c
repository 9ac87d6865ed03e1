/* A shared library to load. */

int plugin_answer = 42;
int plugin_add(int left, int right);
void plugin_watch(int* unloaded);

/* A symbol that is there, and whose address is 0. */
__asm__(".globl plugin_nothing\n.set plugin_nothing, 0");

static int* told = 0;

int plugin_add(int left, int right) { return left + right; }

void plugin_watch(int* unloaded) { told = unloaded; }

__attribute__((destructor)) static void tell(void) {
  if (told != 0) ++*told;
}

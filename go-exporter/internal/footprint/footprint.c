#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>

// Before Go starts its first threads, each of which would have an arena by the time that main begins.
__attribute__((constructor)) static void keep_small(void)
{
	const char *tunables = getenv("GLIBC_TUNABLES");
	if (tunables && strstr(tunables, "glibc.malloc."))
		return;
	if (getenv("MALLOC_ARENA_MAX") || getenv("MALLOC_MMAP_THRESHOLD_") || getenv("MALLOC_TRIM_THRESHOLD_"))
		return;
	// Threads that load models are other ones each time: with an arena each, each would keep what a model once took.
	mallopt(M_ARENA_MAX, 1);
	// Or the bounds would rise to the size of a model's parts, which would never be given back then.
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}
#endif

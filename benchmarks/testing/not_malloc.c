// A library that can be preloaded and serves no malloc.

int loam_not_malloc(void);

int loam_not_malloc(void) { return 1; }

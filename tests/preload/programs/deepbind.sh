# needs: gcc
# Modules that would find libc's malloc first: blocks cross in both directions. One of them opens
# another that only its own search path leads to.
mkdir -p modules/inner
cat > inner.c <<'END'
#include <stdio.h>
#include <stdlib.h>

char *inner(int n) {
  char *text = calloc(1, 32);
  snprintf(text, 32, "inner %d", n);
  return text;
}
END
cat > outer.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *outer(char *theirs) {
  void *module = dlopen("libinner.so", RTLD_NOW | RTLD_DEEPBIND);
  if (module == NULL) return strdup(dlerror());
  char *(*inner)(int);
  *(void **)&inner = dlsym(module, "inner");
  char *more = inner(7);
  char *all;
  if (asprintf(&all, "%s, outer, %s", theirs, more) < 0) return NULL;
  free(theirs);
  free(more);
  return realloc(all, 1000);
}
END
cat > opener.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  void *module = dlopen("./modules/libouter.so", RTLD_NOW | RTLD_GLOBAL | RTLD_DEEPBIND);
  if (module == NULL) return puts(dlerror());
  char *(*outer)(char *);
  *(void **)&outer = dlsym(module, "outer");
  for (int i = 0; i < 100; i++) {
    char *answer = outer(strdup("opener"));
    if (i == 0) puts(answer);
    free(answer);
  }
  return dlopen("./modules/none.so", RTLD_NOW) == NULL ? 0 : 1;
}
END
gcc -shared -fPIC -o modules/inner/libinner.so inner.c
gcc -shared -fPIC -Wl,--enable-new-dtags,-rpath,"\$ORIGIN/inner" -o modules/libouter.so outer.c
gcc -o opener opener.c
./opener

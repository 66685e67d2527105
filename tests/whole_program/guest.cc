// A shared library that a test opens at run time: it allocates in its
// constructor, for its caller, and takes blocks that its caller allocated.

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::string *made_by_constructor;
thread_local std::string guests_own;

__attribute__((constructor)) void Constructor() {
  made_by_constructor = new std::string(5000, 'g');
}
__attribute__((destructor)) void Destructor() { delete made_by_constructor; }

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void *guest_malloc(size_t size) { return malloc(size); }
__attribute__((visibility("default"))) void guest_free(void *block) { free(block); }
__attribute__((visibility("default"))) std::string *guest_new() {
  return new std::string(900, 'n');
}
__attribute__((visibility("default"))) void guest_delete(std::string *text) { delete text; }

// The address that the library's own calls of malloc go to.
__attribute__((visibility("default"))) void *guest_malloc_address() {
  return reinterpret_cast<void *>(&malloc);
}

__attribute__((visibility("default"))) size_t guest_constructed() {
  guests_own.assign(3000, 't');
  return made_by_constructor->size() + guests_own.size();
}

}  // extern "C"

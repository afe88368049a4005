// Preloaded into the program: lets one call of the system fail. FAULT="KIND:N:HOW" names it: the N-th write, fsync, rename,
// pread or allocation ends with the error HOW (a number of errno), or is short where HOW is "short". Without a fault, the
// file FAULT_COUNTS gets how many calls of each kind there were. Standard streams and small allocations do not count.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum Kind { kWrite, kFsync, kRename, kPread, kAllocation, kKinds };
static const char* const kNames[kKinds] = {"write", "fsync", "rename", "pread", "allocation"};
static const size_t kLargeAllocation = 1 << 16;

static atomic_long counts[kKinds];
static int fault_kind = -1, fault_error, fault_is_short;
static long fault_at;

__attribute__((constructor)) static void read_fault(void) {
  const char* fault = getenv("FAULT");
  if (!fault) return;
  for (int kind = 0; kind < kKinds; ++kind) {
    const size_t length = strlen(kNames[kind]);
    if (strncmp(fault, kNames[kind], length) != 0 || fault[length] != ':') continue;
    char* how = NULL;
    fault_at = strtol(fault + length + 1, &how, 10);
    fault_is_short = strcmp(how, ":short") == 0;
    fault_error = fault_is_short ? 0 : atoi(how + 1);
    fault_kind = kind;
  }
}

__attribute__((destructor)) static void write_counts(void) {
  const char* path = getenv("FAULT_COUNTS");
  if (!path) return;
  FILE* file = fopen(path, "w");
  if (!file) return;
  for (int kind = 0; kind < kKinds; ++kind) fprintf(file, "%s %ld\n", kNames[kind], atomic_load(&counts[kind]));
  fclose(file);
}

static int fails(enum Kind kind) {
  const long number = atomic_fetch_add(&counts[kind], 1) + 1;
  return (int)kind == fault_kind && number == fault_at;
}

static int is_regular(int descriptor) { return descriptor > STDERR_FILENO; }

// A short call does half of what was asked for, and at least one byte.
static size_t asked(size_t size) { return fault_is_short && size > 1 ? size / 2 : size; }

#define ORIGINAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int descriptor, const void* data, size_t size) {
  static ssize_t (*original)(int, const void*, size_t);
  if (!original) original = ORIGINAL(write);
  if (is_regular(descriptor) && fails(kWrite)) {
    if (!fault_is_short) return errno = fault_error, -1;
    size = asked(size);
  }
  return original(descriptor, data, size);
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
  static ssize_t (*original)(int, const void*, size_t, off_t);
  if (!original) original = ORIGINAL(pwrite);
  if (fails(kWrite)) {
    if (!fault_is_short) return errno = fault_error, -1;
    size = asked(size);
  }
  return original(descriptor, data, size, offset);
}

ssize_t pread(int descriptor, void* data, size_t size, off_t offset) {
  static ssize_t (*original)(int, void*, size_t, off_t);
  if (!original) original = ORIGINAL(pread);
  if (fails(kPread)) {
    if (!fault_is_short) return errno = fault_error, -1;
    size = asked(size);
  }
  return original(descriptor, data, size, offset);
}

ssize_t pread64(int descriptor, void* data, size_t size, off64_t offset) { return pread(descriptor, data, size, offset); }
ssize_t pwrite64(int descriptor, const void* data, size_t size, off64_t offset) {
  return pwrite(descriptor, data, size, offset);
}

int fsync(int descriptor) {
  static int (*original)(int);
  if (!original) original = ORIGINAL(fsync);
  return fails(kFsync) ? (errno = fault_error, -1) : original(descriptor);
}

int fdatasync(int descriptor) {
  static int (*original)(int);
  if (!original) original = ORIGINAL(fdatasync);
  return fails(kFsync) ? (errno = fault_error, -1) : original(descriptor);
}

int rename(const char* from, const char* to) {
  static int (*original)(const char*, const char*);
  if (!original) original = ORIGINAL(rename);
  return fails(kRename) ? (errno = fault_error, -1) : original(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  static int (*original)(int, const char*, int, const char*, unsigned);
  if (!original) original = ORIGINAL(renameat2);
  return fails(kRename) ? (errno = fault_error, -1) : original(from_folder, from, to_folder, to, flags);
}

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_memalign(size_t, size_t);

static int refuses(size_t size) {
  if (size < kLargeAllocation || !fails(kAllocation)) return 0;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) { return refuses(size) ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return refuses(count * size) ? NULL : __libc_calloc(count, size); }
void* aligned_alloc(size_t alignment, size_t size) { return refuses(size) ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void** place, size_t alignment, size_t size) {
  if (refuses(size)) return ENOMEM;
  *place = __libc_memalign(alignment, size);
  return *place ? 0 : ENOMEM;
}

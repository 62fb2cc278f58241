/*
 * Stands between a process and its data files (LD_PRELOAD; Linux, 64 bit): records what is written to them and when it
 * is synced, or fails a chosen call. Everything else passes through. See io-shim.ts for the variables that steer it.
 *
 * Calls go to the kernel directly: looking up the functions we replace could call functions we replace.
 *
 * A recording is a sequence of entries, each a header (struct header, native byte order) and `length` bytes:
 *   P  a data file is seen for the first time; bytes: its path
 *   W  bytes were written at `offset`; `dsync` where the write was its own sync
 *   S  all that was written to the file is on disk
 *   T  the file was cut to, or grew to, `offset` bytes
 *   A  the process acknowledged something; bytes: what it wrote to the file of acknowledgements
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 4096
#define PATHS_MAX 32
#define PARTS_MAX 1024

enum kind { UNWATCHED, DATA, ACKS };

struct header {
  char type;
  uint8_t path;
  uint8_t dsync;
  uint8_t padding;
  uint32_t length;
  uint64_t offset;
};

struct file {
  uint8_t kind;
  uint8_t path;
  uint8_t dsync;
};

static struct file files[FDS_MAX];
static char *paths[PATHS_MAX];
static int path_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int log_fd = -1;
static int count_fd = -1;
static const char *watched_paths, *arm_path, *fail_calls;
static long fail_at, call_count, failed_count;
static int fail_once, fail_errno, fail_after, is_armed;
static const char *first_failed = "none";

static long number_of(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : atol(text);
}

static int opened(const char *name, int flags) {
  const char *path = getenv(name);
  if (path == NULL) return -1;
  return (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
}

static void begin(void) {
  const char *error = getenv("IO_FAIL_ERRNO");
  watched_paths = getenv("IO_PATHS");
  arm_path = getenv("IO_ARM");
  fail_calls = getenv("IO_FAIL_CALLS");
  fail_at = number_of("IO_FAIL_AT");
  fail_once = number_of("IO_FAIL_ONCE") != 0;
  fail_after = number_of("IO_FAIL_AFTER") != 0;
  fail_errno = error != NULL && strcmp(error, "ENOSPC") == 0 ? ENOSPC : EIO;
  is_armed = arm_path == NULL;
  log_fd = opened("IO_LOG", O_APPEND);
  count_fd = opened("IO_COUNT_FILE", 0);
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Whether one of the words of a list, parted by commas, is within (or is) the text. */
static int in_list(const char *list, const char *text, int whole) {
  char word[256];
  if (list == NULL) return 1;
  for (const char *at = list; *at != 0;) {
    size_t length = strcspn(at, ",");
    snprintf(word, sizeof word, "%.*s", (int)length, at);
    if (length > 0 && (whole ? strcmp(text, word) == 0 : strstr(text, word) != NULL)) return 1;
    at += length + (at[length] == ',');
  }
  return 0;
}

static enum kind kind_of(const char *path) {
  if (ends_with(path, ".acks")) return ACKS;
  return ends_with(path, "data.mdb") && in_list(watched_paths, path, 0) ? DATA : UNWATCHED;
}

static struct file *watched(int fd) {
  return fd >= 0 && fd < FDS_MAX && files[fd].kind != UNWATCHED ? &files[fd] : NULL;
}

/* A recording with a hole proves nothing, so whoever can't record ends the process. */
static void record(char type, const struct file *file, uint64_t offset, const struct iovec *parts,
                   int part_count, size_t length) {
  struct header header = {type, file->path, file->dsync, 0, (uint32_t)length, offset};
  struct iovec out[PARTS_MAX + 1] = {{&header, sizeof header}};
  int out_count = 1;
  size_t left = length;
  for (int i = 0; i < part_count && left > 0 && out_count <= PARTS_MAX; i++) {
    size_t taken = parts[i].iov_len < left ? parts[i].iov_len : left;
    out[out_count++] = (struct iovec){parts[i].iov_base, taken};
    left -= taken;
  }
  if (left > 0 || syscall(SYS_writev, log_fd, out, out_count) != (long)(sizeof header + length)) abort();
}

/* Counts a call that could fail, and says whether this one does. The count is kept up, for a process that crashes. */
static int is_denied(const char *call) {
  char text[80];
  int denied;
  if (count_fd < 0 && fail_at == 0) return 0;
  if (!in_list(fail_calls, call, 1)) return 0;
  pthread_mutex_lock(&turn);
  if (!is_armed) is_armed = syscall(SYS_faccessat, AT_FDCWD, arm_path, F_OK) == 0;
  if (is_armed) call_count += 1;
  denied = is_armed && fail_at > 0 && (fail_once ? call_count == fail_at : call_count >= fail_at);
  if (denied && failed_count++ == 0) first_failed = call;
  if (count_fd >= 0) {
    int length = snprintf(text, sizeof text, "%ld %ld %s\n", call_count, failed_count, first_failed);
    syscall(SYS_pwrite64, count_fd, text, length, 0L);
  }
  pthread_mutex_unlock(&turn);
  return denied;
}

/* The outcome of a call that could fail. With IO_FAIL_AFTER it was carried out, as by a kernel whose disk then failed. */
static long outcome(int denied, long result) {
  if (!denied) return result;
  errno = fail_errno;
  return -1;
}

static void remember(int fd, const char *path, int flags) {
  struct file *file = &files[fd];
  enum kind kind = kind_of(path);
  int id = 0;
  if (fd >= FDS_MAX || kind == UNWATCHED) return;
  pthread_mutex_lock(&turn);
  while (id < path_count && strcmp(paths[id], path) != 0) id++;
  if (id == PATHS_MAX) abort();
  *file = (struct file){kind, (uint8_t)id, (flags & O_DSYNC) != 0};
  if (id == path_count) {
    struct iovec name = {(void *)path, strlen(path)};
    paths[path_count++] = strdup(path);
    if (log_fd >= 0) record('P', file, 0, &name, 1, name.iov_len);
  }
  pthread_mutex_unlock(&turn);
}

static int open_through(int at, const char *path, int flags, mode_t mode) {
  int denied, fd;
  pthread_once(&once, begin);
  denied = kind_of(path) == DATA && is_denied("open");
  if (denied) return (int)outcome(1, 0);
  fd = (int)syscall(SYS_openat, at, path, flags, mode);
  if (fd >= 0) remember(fd, path, flags);
  return fd;
}

static ssize_t raw_write(int fd, const struct iovec *parts, int count, off_t at) {
  return at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0L);
}

/* `at` is negative for a write at the file's own offset. */
static ssize_t write_through(int fd, const char *call, const struct iovec *parts, int count, off_t at) {
  struct file *file = watched(fd);
  int denied;
  ssize_t written;
  off_t offset;
  if (file == NULL) return raw_write(fd, parts, count, at);
  denied = file->kind == DATA && is_denied(call);
  if (denied && !fail_after) return outcome(1, 0);
  if (log_fd < 0) return outcome(denied, raw_write(fd, parts, count, at));
  /* The order of the recording must be the order of the calls, so they go one after the other. */
  pthread_mutex_lock(&turn);
  offset = at < 0 ? lseek(fd, 0, SEEK_CUR) : at;
  written = raw_write(fd, parts, count, at);
  if (written > 0)
    record(file->kind == ACKS ? 'A' : 'W', file, (uint64_t)offset, parts, count, (size_t)written);
  pthread_mutex_unlock(&turn);
  return outcome(denied, written);
}

static int sync_through(int fd, const char *call, long number) {
  struct file *file = watched(fd);
  int denied, result;
  if (file == NULL || file->kind != DATA) return (int)syscall(number, fd);
  denied = is_denied(call);
  if (denied && !fail_after) return (int)outcome(1, 0);
  if (log_fd < 0) return (int)outcome(denied, syscall(number, fd));
  pthread_mutex_lock(&turn);
  result = (int)syscall(number, fd);
  if (result == 0) record('S', file, 0, NULL, 0, 0);
  pthread_mutex_unlock(&turn);
  return (int)outcome(denied, result);
}

static int truncate_through(int fd, off_t length) {
  struct file *file = watched(fd);
  int denied, result;
  if (file == NULL || file->kind != DATA) return (int)syscall(SYS_ftruncate, fd, length);
  denied = is_denied("ftruncate");
  if (denied && !fail_after) return (int)outcome(1, 0);
  if (log_fd < 0) return (int)outcome(denied, syscall(SYS_ftruncate, fd, length));
  pthread_mutex_lock(&turn);
  result = (int)syscall(SYS_ftruncate, fd, length);
  if (result == 0) record('T', file, (uint64_t)length, NULL, 0, 0);
  pthread_mutex_unlock(&turn);
  return (int)outcome(denied, result);
}

#define MODE_OF(flags, mode)                                     \
  mode_t mode = 0;                                               \
  if (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE) { \
    va_list rest;                                                \
    va_start(rest, flags);                                       \
    mode = va_arg(rest, mode_t);                                 \
    va_end(rest);                                                \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_through(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_through(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_through(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
  MODE_OF(flags, mode)
  return open_through(at, path, flags, mode);
}

int close(int fd) {
  if (fd >= 0 && fd < FDS_MAX) files[fd].kind = UNWATCHED;
  return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec whole = {(void *)bytes, length};
  return write_through(fd, "write", &whole, 1, -1);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  return write_through(fd, "writev", parts, count, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  struct iovec whole = {(void *)bytes, length};
  return write_through(fd, "pwrite", &whole, 1, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  struct iovec whole = {(void *)bytes, length};
  return write_through(fd, "pwrite", &whole, 1, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  return write_through(fd, "pwritev", parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  return write_through(fd, "pwritev", parts, count, at);
}

int fdatasync(int fd) { return sync_through(fd, "fdatasync", SYS_fdatasync); }

int fsync(int fd) { return sync_through(fd, "fsync", SYS_fsync); }

int ftruncate(int fd, off_t length) { return truncate_through(fd, length); }

int ftruncate64(int fd, off64_t length) { return truncate_through(fd, length); }

/* Pages written through the map can't be followed. We never write so; should that change, the tests must not pass. */
int msync(void *address, size_t length, int flags) {
  pthread_once(&once, begin);
  if (log_fd >= 0 || fail_at > 0) {
    static const char note[] = "io-shim: msync isn't followed\n";
    syscall(SYS_write, 2, note, sizeof note - 1);
    abort();
  }
  return (int)syscall(SYS_msync, address, length, flags);
}

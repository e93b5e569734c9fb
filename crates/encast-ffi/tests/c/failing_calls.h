/* Calls of the C library that fail on demand: this program's own take the place of those that libencast would get. The
 * n-th armed call fails with an error, or does only a part of its work. Needs dlfcn.h's RTLD_NEXT: _GNU_SOURCE. */
#ifndef FAILING_CALLS_H
#define FAILING_CALLS_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is done to the call: an errno, or one of these. */
enum { FAIL_NOTHING = 0, FAIL_SHORT = -1 };

static int failing_fault = FAIL_NOTHING;
/* The number of the call that fails, from 1, and how many were made since it was armed. */
static long failing_at = 0, failing_calls = 0;
/* The function that the armed fault happened to, 0 = none yet. */
static unsigned failing_hit = 0;
/* Which functions count. */
static unsigned failing_which = ~0u;

enum {
    CALL_OPEN = 1,
    CALL_READ = 2,
    CALL_WRITE = 4,
    CALL_SYNC = 8,
    CALL_CLOSE = 16,
    CALL_STAT = 32,
    CALL_SEEK = 64,
};

static void failing_arm(int fault, long at) {
    failing_fault = fault;
    failing_at = at;
    failing_calls = 0;
    failing_hit = 0;
}

static void failing_disarm(void) {
    failing_fault = FAIL_NOTHING;
    failing_at = 0;
}

/* Whether this call is the one. A call that cannot be short is not counted where short ones are asked for. */
static int failing_now(unsigned which) {
    if (failing_at == 0 || (failing_which & which) == 0) {
        return 0;
    }
    if (failing_fault == FAIL_SHORT && (which & (CALL_READ | CALL_WRITE)) == 0) {
        return 0;
    }
    if (++failing_calls != failing_at) {
        return 0;
    }
    failing_hit = which;
    return 1;
}

/* A function pointer out of dlsym's object pointer, as POSIX has it. */
#define REAL(type, name)                                                                                             \
    static type real;                                                                                                \
    if (real == NULL) {                                                                                              \
        *(void **)&real = dlsym(RTLD_NEXT, name);                                                                    \
    }

#define FAIL(which, result)                                                                                          \
    if (failing_now(which)) {                                                                                        \
        errno = failing_fault;                                                                                       \
        return result;                                                                                               \
    }

typedef int (*Open)(const char *, int, ...);
typedef ssize_t (*Read)(int, void *, size_t);
typedef ssize_t (*Write)(int, const void *, size_t);
typedef int (*OfFile)(int);
typedef int (*Statx)(int, const char *, int, unsigned, struct statx *);
typedef off64_t (*Seek)(int, off64_t, int);

#define OPEN(name)                                                                                                   \
    int name(const char *path, int flags, ...) {                                                                     \
        REAL(Open, #name)                                                                                            \
        va_list rest;                                                                                                \
        va_start(rest, flags);                                                                                       \
        unsigned mode = (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;                                         \
        va_end(rest);                                                                                                \
        FAIL(CALL_OPEN, -1)                                                                                          \
        return real(path, flags, mode);                                                                              \
    }
OPEN(open)
OPEN(open64)

ssize_t read(int file, void *buffer, size_t count) {
    REAL(Read, "read")
    if (failing_now(CALL_READ)) {
        if (failing_fault != FAIL_SHORT) {
            errno = failing_fault;
            return -1;
        }
        count = count > 1 ? count / 2 : count;
    }
    return real(file, buffer, count);
}

ssize_t write(int file, const void *buffer, size_t count) {
    REAL(Write, "write")
    if (failing_now(CALL_WRITE)) {
        if (failing_fault != FAIL_SHORT) {
            /* A part stands in the file, and then the disk is full. */
            if (failing_fault != EINTR && count > 1) {
                (void)!real(file, buffer, count / 2);
            }
            errno = failing_fault;
            return -1;
        }
        count = count > 1 ? count / 2 : count;
    }
    return real(file, buffer, count);
}

#define OF_FILE(name, which)                                                                                         \
    int name(int file) {                                                                                             \
        REAL(OfFile, #name)                                                                                          \
        FAIL(which, -1)                                                                                              \
        return real(file);                                                                                           \
    }
OF_FILE(fsync, CALL_SYNC)
OF_FILE(fdatasync, CALL_SYNC)

/* The file is closed even so, as Linux does it. */
int close(int file) {
    REAL(OfFile, "close")
    int result = real(file);
    FAIL(CALL_CLOSE, -1)
    return result;
}

int statx(int file, const char *path, int flags, unsigned mask, struct statx *out) {
    REAL(Statx, "statx")
    FAIL(CALL_STAT, -1)
    return real(file, path, flags, mask, out);
}

off64_t lseek64(int file, off64_t offset, int whence) {
    REAL(Seek, "lseek64")
    FAIL(CALL_SEEK, -1)
    return real(file, offset, whence);
}

#endif

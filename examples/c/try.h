/* What the examples do when a call fails: they end with the library's text. */
#ifndef TRY_H
#define TRY_H

#include <encast.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        int32_t status_ = (call);                                                                                      \
        if (status_ != ENCAST_STATUS_OK) {                                                                             \
            fprintf(stderr, "%s: status %" PRId32 " (%s): %s\n", #call, status_, encast_status_name(status_),          \
                    encast_last_error());                                                                              \
            exit(EXIT_FAILURE);                                                                                        \
        }                                                                                                              \
    } while (0)

static inline void give_up(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(EXIT_FAILURE);
}

#endif

/* Y4M streams, frame by frame: progressive 4:2:0, 4:2:2, 4:4:4 and mono are enough for the examples. Needs try.h. */
#ifndef Y4M_H
#define Y4M_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    FILE *file;
    long first_frame; /* where frames start */
    unsigned width, height, bit_depth;
    unsigned rate_numerator, rate_denominator; /* 0 = not known */
    char chroma[16];                           /* as the stream has it, such as "420jpeg" */
    size_t luma_bytes, chroma_bytes;           /* of a frame; chroma is both planes */
} Y4m;

/* The first line of a stream. */
static inline Y4m y4m_open(FILE *file) {
    Y4m y4m = {file, 0, 0, 0, 8, 0, 0, "420", 0, 0};
    char line[1024], *word;
    size_t chroma_width, chroma_height, sample, planes = 2;
    const char *depth;
    if (fgets(line, sizeof line, file) == NULL || strncmp(line, "YUV4MPEG2 ", 10) != 0) {
        give_up("not a Y4M stream");
    }
    for (word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n")) {
        switch (word[0]) {
        case 'W':
            y4m.width = (unsigned)strtoul(word + 1, NULL, 10);
            break;
        case 'H':
            y4m.height = (unsigned)strtoul(word + 1, NULL, 10);
            break;
        case 'F':
            if (sscanf(word, "F%u:%u", &y4m.rate_numerator, &y4m.rate_denominator) != 2 || y4m.rate_numerator == 0 ||
                y4m.rate_denominator == 0) {
                y4m.rate_numerator = y4m.rate_denominator = 0;
            }
            break;
        case 'I':
            if (word[1] != 'p' && word[1] != '?') {
                give_up("interlaced: deinterlace it first");
            }
            break;
        case 'C':
            snprintf(y4m.chroma, sizeof y4m.chroma, "%s", word + 1);
            break;
        default:
            break;
        }
    }
    if (y4m.width == 0 || y4m.height == 0 || y4m.width > 16384 || y4m.height > 16384) {
        give_up("no usable size");
    }
    chroma_width = (y4m.width + 1) / 2;
    chroma_height = (y4m.height + 1) / 2;
    if (strncmp(y4m.chroma, "422", 3) == 0) {
        chroma_height = y4m.height;
    } else if (strncmp(y4m.chroma, "444", 3) == 0 && strcmp(y4m.chroma, "444alpha") != 0) {
        chroma_width = y4m.width;
        chroma_height = y4m.height;
    } else if (strncmp(y4m.chroma, "mono", 4) == 0) {
        planes = 0;
    } else if (strncmp(y4m.chroma, "420", 3) != 0) {
        give_up("colour is none of 420, 422, 444 and mono");
    }
    /* "420p10", "mono10": the depth; "420jpeg", "420paldv", "420mpeg2": where chroma sits. */
    depth = planes == 0 ? y4m.chroma + 4 : y4m.chroma + 3 + (y4m.chroma[3] == 'p');
    y4m.bit_depth = depth[0] >= '1' && depth[0] <= '9' ? (unsigned)strtoul(depth, NULL, 10) : 8;
    sample = y4m.bit_depth > 8 ? 2 : 1;
    y4m.luma_bytes = sample * y4m.width * y4m.height;
    y4m.chroma_bytes = sample * planes * chroma_width * chroma_height;
    y4m.first_frame = ftell(file);
    return y4m;
}

/* Frames per second; NaN = not known. */
static inline double y4m_frame_rate(const Y4m *y4m) {
    return y4m->rate_numerator == 0 ? (double)NAN : (double)y4m->rate_numerator / y4m->rate_denominator;
}

/* Reads the next frame: its luma, and its chroma unless that is null. 0 behind the last. */
static inline int y4m_next(const Y4m *y4m, unsigned char *luma, unsigned char *chroma) {
    char line[1024];
    size_t i;
    if (fgets(line, sizeof line, y4m->file) == NULL) {
        return 0;
    }
    if (strncmp(line, "FRAME", 5) != 0 || fread(luma, 1, y4m->luma_bytes, y4m->file) != y4m->luma_bytes) {
        give_up("the clip is damaged");
    }
    if (chroma != NULL && fread(chroma, 1, y4m->chroma_bytes, y4m->file) != y4m->chroma_bytes) {
        give_up("the clip is truncated");
    }
    for (i = 0; chroma == NULL && i < y4m->chroma_bytes; i++) {
        if (getc(y4m->file) == EOF) {
            give_up("the clip is truncated");
        }
    }
    return 1;
}

#endif

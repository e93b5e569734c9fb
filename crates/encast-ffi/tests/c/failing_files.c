/* Files whose calls fail: a status each time, the old file or the new one whole, nothing left behind, and no fault of
   the kind that a program has to bear (a signal in between, a part of the bytes) is ever told. Arguments: an empty
   folder, a small model, and another empty folder. */
#define _GNU_SOURCE
#include "check.h"
#include "failing_calls.h"
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { MOST_BYTES = 1 << 22 };

/* A file's bytes; the length, or 0 when there is none. Before anything is armed. */
static size_t content(const char *path, unsigned char *bytes) {
    FILE *file = fopen(path, "rb");
    size_t length;
    if (file == NULL) {
        return 0;
    }
    length = fread(bytes, 1, MOST_BYTES, file);
    fclose(file);
    return length;
}

static int entries(const char *folder) {
    DIR *directory = opendir(folder);
    int count = 0;
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count - 2;
}

typedef struct {
    const char *folder, *path;
    const EncastModel *old_model, *new_model;
    unsigned char *old_bytes, *new_bytes, *found;
    size_t old_length, new_length;
} Files;

static int same(const Files *files, const unsigned char *due, size_t length) {
    return content(files->path, files->found) == length && memcmp(files->found, due, length) == 0;
}

static int bearable(int fault) {
    return fault == EINTR || fault == FAIL_SHORT;
}

/* The new model is saved over the old one while the n-th call fails; whether there was such a call. */
static int save_with(Files *files, int fault, long at) {
    int32_t status;
    int replaced;
    CHECK_OK(encast_save_model(files->old_model, files->path));
    CHECK(same(files, files->old_bytes, files->old_length));
    failing_arm(fault, at);
    status = encast_save_model(files->new_model, files->path);
    failing_disarm();
    replaced = same(files, files->new_bytes, files->new_length);
    CHECK(replaced || same(files, files->old_bytes, files->old_length));
    CHECK(status != ENCAST_STATUS_OK || replaced);
    /* The new file with an error: its folder could not be opened or synced. */
    CHECK(status == ENCAST_STATUS_OK || !replaced || (failing_hit & (CALL_OPEN | CALL_SYNC)) != 0);
    CHECK(status == ENCAST_STATUS_OK || status == ENCAST_STATUS_IO);
    CHECK(!failing_hit || !bearable(fault) || status == ENCAST_STATUS_OK);
    CHECK(failing_hit || status == ENCAST_STATUS_OK);
    CHECK(entries(files->folder) == 1);
    EncastModel *again = NULL;
    CHECK_OK(encast_load_model(files->path, &again));
    CHECK_OK(encast_free_model(again));
    return failing_hit != 0;
}

static int load_with(Files *files, int fault, long at) {
    EncastModel *model = NULL;
    failing_arm(fault, at);
    int32_t status = encast_load_model(files->path, &model);
    failing_disarm();
    CHECK((status == ENCAST_STATUS_OK) == (model != NULL));
    CHECK(status == ENCAST_STATUS_OK || status == ENCAST_STATUS_IO || status == ENCAST_STATUS_MODEL_MISSING);
    CHECK(!failing_hit || !bearable(fault) || status == ENCAST_STATUS_OK);
    CHECK(encast_free_model(model) == ENCAST_STATUS_OK);
    return failing_hit != 0;
}

static int load_profiles_with(const char *path, int fault, long at) {
    EncastProfiles *profiles = NULL;
    failing_arm(fault, at);
    int32_t status = encast_load_profiles(path, &profiles);
    failing_disarm();
    CHECK((status == ENCAST_STATUS_OK) == (profiles != NULL));
    CHECK(status == ENCAST_STATUS_OK || status == ENCAST_STATUS_IO);
    CHECK(!failing_hit || !bearable(fault) || status == ENCAST_STATUS_OK);
    CHECK(encast_free_profiles(profiles) == ENCAST_STATUS_OK);
    return failing_hit != 0;
}

/* A call that goes straight to the kernel, past the C library: there it is refused. In a process of its own, as that
   lasts. */
static void rename_fails(Files *files) {
    int state = 0;
    CHECK_OK(encast_save_model(files->old_model, files->path));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        static struct sock_filter code[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_rename
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rename, 3, 0),
#else
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat, 3, 0),
#endif
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat, 2, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 1, 0),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
        };
        struct sock_fprog filter = {.len = sizeof code / sizeof *code, .filter = code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
            perror("seccomp");
            _exit(2);
        }
        int32_t status = encast_save_model(files->new_model, files->path);
        _exit(status == ENCAST_STATUS_IO ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &state, 0) == child);
    CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    CHECK(same(files, files->old_bytes, files->old_length));
    CHECK(entries(files->folder) == 1);
}

int main(int argc, char **argv) {
    static const int FAULTS[] = {EIO, ENOSPC, EMFILE, EINTR, FAIL_SHORT};
    static const char TOML[] = "[regions.here]\ngrid_g_per_kwh = 40\npue = 1.2\nsource = \"made up\"\n";
    char path[4096], toml[4096];
    EncastModel *old_model = NULL;
    if (argc != 4 || encast_load_model(argv[2], &old_model) != ENCAST_STATUS_OK) {
        fprintf(stderr, "usage: failing_files FOLDER MODEL PROFILES_FOLDER: %s\n", encast_last_error());
        return 2;
    }
    EncastModel *new_model = check_default_model();
    snprintf(path, sizeof path, "%s/model.encast", argv[1]);
    snprintf(toml, sizeof toml, "%s/own.toml", argv[3]);
    Files files = {
        .folder = argv[1],
        .path = path,
        .old_model = old_model,
        .new_model = new_model,
        .old_bytes = malloc(MOST_BYTES),
        .new_bytes = malloc(MOST_BYTES),
        .found = malloc(MOST_BYTES),
    };
    CHECK_OK(encast_save_model(new_model, path));
    files.new_length = content(path, files.new_bytes);
    CHECK_OK(encast_save_model(old_model, path));
    files.old_length = content(path, files.old_bytes);
    CHECK(files.old_length > 0 && files.new_length > 0 && files.new_length < MOST_BYTES);
    FILE *file = fopen(toml, "wb");
    CHECK(file != NULL && fwrite(TOML, 1, sizeof TOML - 1, file) == sizeof TOML - 1 && fclose(file) == 0);

    long faults = 0;
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        long saves = 1, loads = 1, profiles = 1;
        /* No signal comes between in asking for a size or a place. */
        failing_which = FAULTS[i] == EINTR ? ~(unsigned)(CALL_STAT | CALL_SEEK) : ~0u;
        while (saves < 1000 && save_with(&files, FAULTS[i], saves)) {
            saves++;
        }
        while (loads < 1000 && load_with(&files, FAULTS[i], loads)) {
            loads++;
        }
        while (profiles < 1000 && load_profiles_with(toml, FAULTS[i], profiles)) {
            profiles++;
        }
        /* Opened, written, synced, closed; opened, read. Short are reads and writes alone. */
        CHECK(saves > (FAULTS[i] == FAIL_SHORT ? 1 : 5) && saves < 1000);
        CHECK(loads > (FAULTS[i] == FAIL_SHORT ? 1 : 3) && loads < 1000);
        CHECK(profiles > (FAULTS[i] == FAIL_SHORT ? 1 : 3) && profiles < 1000);
        faults += saves + loads + profiles - 3;
    }
    rename_fails(&files);
    CHECK_OK(encast_free_model(old_model));
    CHECK_OK(encast_free_model(new_model));
    free(files.old_bytes);
    free(files.new_bytes);
    free(files.found);
    printf("%ld faults\n", faults);
    return check_end(200);
}

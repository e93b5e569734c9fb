/* Prints the bits of every number of the answers to the requests of a file, for comparison with the Rust API.
   Arguments: model file, file of requests. One line an answer; single and batch calls have to agree before anything is
   printed. */
#include "check.h"
#include "lines.h"

enum { MOST = 1000 };

static EncastFeatures features[MOST];
static EncastResult results[MOST];

int main(int argument_count, char **arguments) {
    EncastModel *model = NULL;
    FILE *file;
    char line[1024];
    size_t count = 0;
    if (argument_count != 3 || encast_load_model(arguments[1], &model) != ENCAST_STATUS_OK) {
        fprintf(stderr, "no model: %s\n", encast_last_error());
        return 1;
    }
    file = fopen(arguments[2], "r");
    while (file != NULL && count < MOST && fgets(line, sizeof line, file) != NULL) {
        features[count] = read_request(line);
        encast_result_init(&results[count], sizeof results[count]);
        count++;
    }
    fclose(file);
    CHECK_OK(encast_predict_batch(model, features, count, NULL, results, NULL));
    for (size_t i = 0; i < count; i++) {
        EncastResult single = check_result();
        const EncastResult *r = &results[i];
        CHECK_OK(encast_predict(model, &features[i], NULL, &single));
        CHECK(memcmp(&single, r, sizeof single) == 0);
        print_result(r);
        printf("\n");
    }
    encast_free_model(model);
    return check_failures == 0 ? 0 : 1;
}

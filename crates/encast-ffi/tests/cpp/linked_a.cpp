// One part of a program of two: with exceptions. Its other part may be of another standard.
#include "linked.hpp"

#include "check.hpp"

double part_a_vmaf(double bitrate_kbps) {
    try {
        return encast::Model::load_default().predict(check::request(bitrate_kbps)).predicted_vmaf;
    } catch (const encast::Error &error) {
        return -static_cast<double>(error.status());
    }
}

int main() {
    CHECK(part_a_vmaf(4000) > 50 && part_a_vmaf(4000) == part_b_vmaf(4000));
    CHECK(part_a_vmaf(-1) == -ENCAST_STATUS_INVALID_FIELD && part_b_vmaf(-1) == -ENCAST_STATUS_INVALID_FIELD);
    CHECK(encast::live_handles() == 0);
    return check::end(3);
}

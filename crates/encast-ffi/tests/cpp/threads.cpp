// One model, many threads: the answers are those of one thread, and each thread's errors are its own.
#include "check.hpp"

#include <atomic>
#include <memory>
#include <thread>

int main() {
    constexpr int threads = 4, rounds = 500;
    auto shared = std::make_shared<const encast::Model>(encast::Model::load_default());
    std::vector<encast::Result> due;
    for (int i = 0; i < threads; i++) {
        due.push_back(shared->predict(check::request(1000.0 * (i + 1))));
    }
    CHECK(std::memcmp(&due[0], &due[1], sizeof due[0]) != 0);
    std::atomic<int> wrong{0};
    std::vector<std::thread> running;
    for (int i = 0; i < threads; i++) {
        running.emplace_back([&wrong, &due, i, model = shared] {
            const std::string text = "bitrate_kbps = -" + std::to_string(i + 1);
            for (int round = 0; round < rounds; round++) {
                const encast::Result result = model->predict(check::request(1000.0 * (i + 1)));
                wrong += std::memcmp(&result, &due[static_cast<std::size_t>(i)], sizeof result) != 0;
                const auto failed = model->try_predict(check::request(-(i + 1)));
                wrong += failed.has_value() || failed.error().text().find(text) == std::string_view::npos;
            }
        });
    }
    shared.reset();  // the last thread that ends frees it
    for (std::thread &thread : running) {
        thread.join();
    }
    running.clear();
    CHECK(wrong == 0);
    CHECK(encast::live_handles() == 0);
    return check::end(3);
}

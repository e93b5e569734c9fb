/*
 * encast from C++, with the wrapper encast.hpp: forecasts of many encodes, the analysis of own frames, a recommended
 * bitrate, a ladder, and what a mistake looks like, with exceptions and without.
 *
 *     cargo build --release -p encast-ffi
 *     c++ -std=c++17 -I include examples/cpp/encast_example.cpp -L target/release -lencast \
 *         -Wl,-rpath,$PWD/target/release -o encast_example
 */
#include <encast.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace {

encast::Features full_hd(double bitrate_kbps = encast::unknown) {
    encast::Features features;  // what is not set stays unknown
    features.bitrate_kbps = bitrate_kbps;
    features.resolution_width = 1920;
    features.resolution_height = 1080;
    features.source_width = 1920;
    features.source_height = 1080;
    features.frame_rate = 30;
    features.frame_drop = 0.01;
    features.motion_intensity = 0.5;
    return features;
}

// One call for all: they are read and answered in place, and an error would name the row.
void forecast(const encast::Model &model) {
    std::vector<encast::Features> encodes;
    for (double bitrate : {1000, 2000, 4000, 8000, 16000}) {
        encodes.push_back(full_hd(bitrate));
    }
    std::vector<encast::Result> results(encodes.size());
    model.predict_batch(encodes, results);
    for (std::size_t i = 0; i < encodes.size(); i++) {
        std::printf("%6.0f kbit/s: VMAF %5.1f [%5.1f, %5.1f], confidence %.2f\n", encodes[i].bitrate_kbps,
                    results[i].vmaf.value, results[i].vmaf.lower, results[i].vmaf.upper, results[i].confidence);
    }
}

// Complexity of a second of made-up frames: stripes that move by so many samples a frame.
encast::Complexity moving_stripes(unsigned speed) {
    encast::AnalyzerOptions options;
    options.width = 640;
    options.height = 360;
    options.bit_depth = 8;
    options.frame_rate = 30;
    encast::Analyzer analyzer(options);
    std::vector<std::uint8_t> luma(640 * 360);
    for (unsigned frame = 0; frame < 30; frame++) {
        for (std::size_t i = 0; i < luma.size(); i++) {
            luma[i] = (i % 640 + frame * speed) / 16 % 2 == 0 ? 70 : 150;
        }
        analyzer.push_frame(luma);
    }
    return analyzer.finish();
}

void analyze(const encast::Model &model) {
    for (unsigned speed : {0U, 3U}) {
        const encast::Complexity clip = moving_stripes(speed);
        encast::Features features = full_hd(4000);
        features.set_content(clip);
        std::printf("stripes at speed %u: SI %.1f, TI %.1f, motion %.2f; VMAF %.1f\n", speed, clip.si.mean,
                    clip.ti.mean, clip.motion_intensity, model.predict(features).predicted_vmaf);
    }
}

void recommend(const encast::Model &model) {
    encast::Features features = full_hd();
    features.set_encoder(encast::Encoder::libx264);
    features.set_preset("medium");
    encast::PredictOptions options;
    options.target_vmaf = 80;
    options.assurance = 0.75;  // three of four such encodes reach it
    const encast::Recommendation found = model.recommend_bitrate(features, options);
    std::printf("VMAF 80 by libx264: %.0f kbit/s, %s\n", found.bitrate_kbps,
                std::string(encast::name(found.get_outcome())).c_str());
    const auto rungs = model.ladder(features);
    std::printf("%zu rungs:", rungs.size());
    for (const encast::Rung &rung : rungs) {
        std::printf(" %u lines at %.0f", rung.height, rung.bitrate_kbps);
    }
    std::printf("\n");
}

void mistakes(const encast::Model &model) {
    try {
        static_cast<void>(model.predict(full_hd(-1)));
    } catch (const encast::Error &error) {
        std::printf("a mistake: %s (field %s)\n", error.what(), std::string(error.field()).c_str());
    }
    // The same without exceptions, also where they are switched off.
    const auto result = model.try_predict(full_hd(-1));
    if (!result && result.error().status() == encast::Status::invalid_field) {
        std::printf("again: %s\n", result.error().what());
    }
}

}  // namespace

int main() try {
    const encast::Model model = encast::Model::load_default();
    forecast(model);
    analyze(model);
    recommend(model);
    mistakes(model);
    return EXIT_SUCCESS;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
}

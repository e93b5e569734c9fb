// The forms that throw: each gives what its other form gives, or throws the Error with status, field, row and text.
// Argument: a folder for the files it writes.
#include "check.hpp"

#include <stdexcept>

namespace {

using encast::Model;

template <class Call>
void throws(Call call, encast::Status status, std::string_view field, std::string_view part, int line) {
    try {
        call();
        check::that(false, "nothing was thrown", __FILE__, line);
    } catch (const std::runtime_error &caught) {
        const auto *error = dynamic_cast<const encast::Error *>(&caught);
        check::that(error != nullptr, "an encast::Error", __FILE__, line);
        if (error != nullptr) {
            check::error(*error, status, field, part, __FILE__, line);
        }
    }
}
#define THROWS(call, status, field, part) throws([&] { static_cast<void>(call); }, encast::Status::status, field, part, __LINE__)

template <class Wrapper>
void same(const Wrapper &thrown, const Wrapper &due, int line) {
    check::that(std::memcmp(&thrown, &due, sizeof due) == 0, "the same bits", __FILE__, line);
}
#define SAME(call, other) same(call, MUST(other), __LINE__)

void forecasts(const Model &model, const std::string &folder) {
    const encast::Features good = check::request(), bad = check::request(-4);
    SAME(model.predict(good), model.try_predict(good));
    THROWS(model.predict(bad), invalid_field, "bitrate_kbps", "bitrate_kbps = -4");
    SAME(model.recommend_bitrate(good), model.try_recommend_bitrate(good));
    SAME(model.recommend_crf(good), model.try_recommend_crf(good));
    THROWS(model.recommend_crf(encast::Features()), invalid_field, "resolution_width", "");
    SAME(model.compare(good, check::request(800)), model.try_compare(good, check::request(800)));
    THROWS(model.compare(good, bad), invalid_field, "bitrate_kbps", "-4");
    const auto rungs = model.ladder(good), due = model.try_ladder(good).value();
    CHECK(rungs.size() == due.size() && check::same_bits(rungs[1], static_cast<const EncastRung &>(due[1])));
    CHECK(model.advise(good).setups == model.try_advise(good).value().setups);

    std::vector<encast::Features> rows(3, good);
    std::vector<encast::Result> results(3);
    model.predict_batch(rows, results);
    CHECK(check::same_bits(results[2], static_cast<const EncastResult &>(model.predict(good))));
    rows[1] = bad;
    THROWS(model.predict_batch(rows, results), invalid_field, "bitrate_kbps", "row 1: bitrate_kbps = -4");
    try {
        model.predict_batch(rows, results);
    } catch (const encast::Error &error) {
        CHECK(error.row() == std::optional<std::size_t>(1));
    }

    const double bitrates[] = {800, 4000, -4};
    double vmaf[3], lower[3], upper[3];
    const encast::Column column(encast::Field::bitrate_kbps, bitrates);
    const encast::Scores scores(encast::Target::vmaf, vmaf, lower, upper);
    model.score(good, {&column, 1}, 2, {&scores, 1});
    for (std::size_t row = 0; row < 2; row++) {
        const auto one = model.predict(check::request(bitrates[row])).vmaf;
        CHECK(vmaf[row] == one.value && lower[row] == one.lower && upper[row] == one.upper);
    }
    THROWS(model.score(good, {&column, 1}, 3, {&scores, 1}), invalid_field, "bitrate_kbps", "row 2: bitrate_kbps = -4");
    const std::uint32_t codes[] = {0, encast::unknown_name};
    const char *const names[] = {"x265"};
    const encast::Column encoders(encast::Field::encoder, codes, names);
    const encast::Scores alone(encast::Target::vmaf, vmaf);
    model.score(good, {&encoders, 1}, 2, {&alone, 1});
    auto by_x265 = good, by_any = good;
    by_x265.set_encoder(encast::Encoder::libx265);
    by_any.set_encoder(encast::Encoder::none);
    CHECK(vmaf[0] == model.predict(by_x265).vmaf.value && vmaf[1] == model.predict(by_any).vmaf.value);

    model.save(folder + "/thrown.json");
    CHECK(Model::load(folder + "/thrown.json").info().rows == model.info().rows);
    CHECK(model.metadata_json() == model.try_metadata_json().value());
    THROWS(model.save(folder + "/no/folder.json"), io, "", "");
    THROWS(Model::load(folder + "/none"), model_missing, "", "none");
    const std::uint8_t bytes[] = {'n', 'o', ' ', 'm', 'o', 'd', 'e', 'l', '!', '!', '!', '!'};
    THROWS(Model::load_memory(bytes), wrong_magic, "", "");
    THROWS(Model().predict(good), null_pointer, "", "model is null");
}

void others() {
    encast::Features features;
    features.set_preset("slow");
    features.set_machine("box");
    CHECK(encast::text(features.preset) == "slow" && encast::text(features.machine) == "box");
    THROWS(features.set_preset(std::string(99, 'x')), bad_text, "preset", "99 bytes: must be at most 23");
    THROWS(encast::Anchor().set_preset(std::string(99, 'x')), bad_text, "preset", "");
    THROWS(encast::Targets().set_title(std::string(999, 'x')), bad_text, "title", "");
    THROWS(encast::RetrainOptions().set_version(std::string(99, 'x')), bad_text, "version", "");
    CHECK(encast::codec_from_name("vp9") == encast::Codec::vp9);
    CHECK(encast::encoder_from_name("aom") == encast::Encoder::libaom_av1);
    THROWS(encast::codec_from_name("mpeg2"), unknown_name, "codec", "hevc");

    const check::Table table = check::table();
    encast::RetrainOptions options;
    options.set_model_kind(encast::ModelKind::boosting);
    options.set_version("thrown");
    options.set_vmaf_model("none");
    options.set_licence("none");
    options.set_probe_recipe("none");
    CHECK(encast::text(Model::retrain(table.features, table.targets, options).info().version) == "thrown");
    THROWS(Model::retrain({}, {}), too_few, "", "");

    const encast::Profiles profiles = encast::Profiles::built_in();
    CHECK(profiles.site("c5.2xlarge", "eu-central-1"));
    THROWS(profiles.site("abacus", "eu-central-1"), unknown_name, "machine", "c5.2xlarge");
    THROWS(encast::Profiles::parse("="), profile_syntax, "", "");
    THROWS(encast::Profiles::load("/no/such.toml"), io, "", "");

    encast::AnalyzerOptions clip;
    THROWS(encast::Analyzer(clip), invalid_field, "bit_depth", "8 to 12");
    clip.width = clip.height = 64;
    clip.bit_depth = 8;
    clip.frame_rate = 25;
    clip.set_segmentation(encast::Segmentation::scenes);
    encast::Analyzer analyzer(clip);
    THROWS(analyzer.finish(), no_frame, "", "");
    const std::vector<std::uint8_t> luma(64 * 64, 90);
    CHECK(analyzer.push_frame(luma).frame == 0 && analyzer.push_frame(luma).ti == 0);
    THROWS(analyzer.push_frame(encast::Span<const std::uint8_t>(luma.data(), 64)), invalid_field, "luma", "64 samples");
    THROWS(analyzer.push_frame(std::vector<std::uint16_t>(64 * 64)), invalid_field, "luma", "uint8_t");
    const encast::Complexity complexity = analyzer.finish();
    CHECK(complexity.frames == 2 && analyzer.segment(0).frames == 2);
    THROWS(analyzer.cut(0), bad_index, "index", "");
    THROWS(analyzer.push_frame(luma), bad_state, "", "");
    features.set_content(complexity);
    CHECK(features.source_width == 64);
}

}  // namespace

int main(int argument_count, char **arguments) {
    if (argument_count < 2) {
        return 2;
    }
    forecasts(Model::load_default(), arguments[1]);
    others();
    CHECK(encast::live_handles() == 0);
    return check::end(60);
}

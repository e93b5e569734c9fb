// Every operation once, in the form that does not throw: the bits of its answer are those of the C call, and its errors
// have status, field and text. Built with and without exceptions. bundles.cpp has loading, saving and training.
#include "check.hpp"

namespace {

using encast::Model;

EncastModel *c_model() {
    EncastModel *model = nullptr;
    CHECK(encast_load_default_model(&model) == ENCAST_STATUS_OK);
    return model;
}

template <class Struct>
Struct c_struct(std::int32_t (*init)(Struct *, std::size_t)) {
    Struct made = {};
    CHECK(init(&made, sizeof made) == ENCAST_STATUS_OK);
    return made;
}

// What a new value holds is what the _init function sets.
template <class Wrapper, class Struct>
void starts_as(std::int32_t (*init)(Struct *, std::size_t)) {
    CHECK(check::same_bits(Wrapper(), c_struct<Struct>(init)));
}

void values() {
    starts_as<encast::Features>(encast_features_init);
    starts_as<encast::Anchor>(encast_anchor_init);
    starts_as<encast::Targets>(encast_targets_init);
    starts_as<encast::PredictOptions>(encast_predict_options_init);
    starts_as<encast::LoadOptions>(encast_load_options_init);
    starts_as<encast::LadderOptions>(encast_ladder_options_init);
    starts_as<encast::AdviseOptions>(encast_advise_options_init);
    starts_as<encast::RetrainOptions>(encast_retrain_options_init);
    starts_as<encast::AnalyzerOptions>(encast_analyzer_options_init);
    starts_as<encast::Result>(encast_result_init);
    starts_as<encast::Recommendation>(encast_recommendation_init);
    starts_as<encast::Rung>(encast_rung_init);
    starts_as<encast::Comparison>(encast_comparison_init);
    starts_as<encast::Proposal>(encast_proposal_init);
    starts_as<encast::ModelInfo>(encast_model_info_init);
    starts_as<encast::Complexity>(encast_complexity_init);
    starts_as<encast::FrameComplexity>(encast_frame_complexity_init);
    CHECK(check::same_bits(encast::Profile(), encast::PredictOptions().profile));

    // Every field and target by its number, as the library names them.
    encast::Features features;
    encast::Targets targets;
    int numeric = 0;
    for (std::uint32_t bit = 0; encast_field_name(bit) != nullptr; bit++) {
        const auto field = static_cast<encast::Field>(bit);
        CHECK(encast::name(field) == encast_field_name(bit));
        const bool number = features.set(field, 0.25 + bit);
        CHECK(!number || features.get(field) == 0.25 + bit);
        numeric += number;
    }
    CHECK(numeric == 25 && features.bitrate_kbps == 0.25 && features.passes == 27.25);
    CHECK(!features.set(encast::Field::preset, 1) && std::isnan(features.get(encast::Field::preset)));
    for (std::uint32_t bit = 0; encast_target_name(bit) != nullptr; bit++) {
        const auto target = static_cast<encast::Target>(bit);
        CHECK(targets.set(target, 0.5 + bit) && targets.get(target) == 0.5 + bit);
        CHECK(encast::name(target) == encast_target_name(bit));
    }
    CHECK(targets.vmaf == 0.5 && targets.co2_kg == 11.5);
    CHECK(!encast::is_known(encast::unknown) && encast::is_known(0));

    // Texts that fit, and those that do not: then the array stays as it was.
    MUST(features.try_set_preset("medium"));
    CHECK(encast::text(features.preset) == "medium");
    MUST(features.try_set_preset(std::string(ENCAST_PRESET_CAPACITY - 1, 'x')));
    CHECK(encast::text(features.preset).size() == ENCAST_PRESET_CAPACITY - 1);
    CHECK_ERROR(features.try_set_preset(std::string(ENCAST_PRESET_CAPACITY, 'y')), bad_text, "preset", "at most 23");
    CHECK_ERROR(features.try_set_preset(std::string_view("a\0b", 3)), bad_text, "preset", "NUL");
    CHECK(features.preset[0] == 'x');
    MUST(features.try_set_preset(""));
    CHECK(encast::text(features.preset).empty() && features.preset[ENCAST_PRESET_CAPACITY - 2] == '\0');
    CHECK_ERROR(targets.try_set_title(std::string(200, 't')), bad_text, "title", "at most 127");
    encast::Anchor anchor;
    CHECK_ERROR(anchor.try_set_preset(std::string(24, 't')), bad_text, "preset", "at most 23");
    encast::Profile profile;
    MUST(profile.try_set_name("made up"));
    CHECK_ERROR(profile.try_set_source(std::string(256, 's')), bad_text, "source", "at most 255");

    encast::FieldSet set;
    CHECK(set.empty() && set.insert(encast::Field::machine).contains(encast::Field::machine));
    CHECK(set.bits() == std::uint64_t{1} << 28 && !set.contains(encast::Field::crf) && set != encast::FieldSet());
    CHECK(!set.contains(static_cast<encast::Field>(400)));
}

void names() {
    CHECK(MUST(encast::try_codec_from_name("h265")) == encast::Codec::hevc);
    CHECK(MUST(encast::try_encoder_from_name("libsvtav1")) == encast::Encoder::libsvtav1);
    CHECK_ERROR(encast::try_codec_from_name("h263"), unknown_name, "codec", "h264");
    CHECK_ERROR(encast::try_encoder_from_name(std::string_view("x264\0", 5)), bad_text, "name", "NUL");
    CHECK(encast::name(encast::Codec::av1) == "av1" && encast::name(encast::Codec::none).empty());
    CHECK(encast::name(encast::Encoder::libx265) == "libx265" && encast::name(static_cast<encast::Encoder>(99)).empty());
    CHECK(encast::name(encast::Status::invalid_field) == "invalid field");
    CHECK(encast::name(static_cast<encast::Status>(12345)) == "unknown status");
    CHECK(encast::name(encast::Outcome::over_limit) == "over limit" && encast::name(encast::Limit::none).empty());
    CHECK(encast::name(encast::Limit::size_mb) == "size_mb");
    CHECK(encast::version() == encast_version() && encast::abi_version() == ENCAST_ABI_VERSION);
}

void forecasts(const Model &model, const EncastModel *plain) {
    const encast::Features features = check::request();
    encast::PredictOptions options;
    auto due = c_struct<EncastResult>(encast_result_init);
    CHECK(encast_predict(plain, &features, nullptr, &due) == ENCAST_STATUS_OK);
    const encast::Result result = MUST(model.try_predict(features));
    CHECK(check::same_bits(result, due) && encast::is_known(result.vmaf.value));
    CHECK(result.estimate(encast::Target::vmaf).lower == due.vmaf.lower);
    CHECK(result.estimate(encast::Target::cpu_seconds).value == due.cpu_seconds.value);
    CHECK(result.fields_out_of_range().bits() == due.out_of_range && result.fields_ignored().bits() == due.ignored);
    options.level = 0.5;
    CHECK(encast_predict(plain, &features, &options, &due) == ENCAST_STATUS_OK);
    CHECK(check::same_bits(MUST(model.try_predict(features, options)), due) && due.vmaf.lower > result.vmaf.lower);

    const encast::Anchor earlier[] = {[] {
        encast::Anchor anchor;
        anchor.bitrate_kbps = 3000;
        anchor.vmaf = 80;
        return anchor;
    }()};
    encast::Features anchored = features;
    anchored.set_anchors(earlier);
    CHECK(encast_predict(plain, &anchored, nullptr, &due) == ENCAST_STATUS_OK);
    CHECK(check::same_bits(MUST(model.try_predict(anchored)), due) && due.vmaf.value != result.vmaf.value);

    encast::Features bad = check::request(-4);
    CHECK_ERROR(model.try_predict(bad), invalid_field, "bitrate_kbps", "bitrate_kbps = -4");
    CHECK(!model.try_predict(bad).error().row());
    bad = check::request();
    MUST(bad.try_set_preset("warp"));
    CHECK_ERROR(model.try_predict(bad), unknown_name, "preset", "medium");
    CHECK_ERROR(model.try_predict(encast::Features()), invalid_field, "resolution_width", "NaN");
    options.level = 2;
    CHECK_ERROR(model.try_predict(features, options), invalid_field, "level", "0.1 to 0.98");
}

void batches(const Model &model) {
    std::vector<encast::Features> features;
    for (int i = 0; i < 50; i++) {
        features.push_back(check::request(500.0 * (i + 1)));
    }
    std::vector<encast::Result> results(features.size());
    MUST(model.try_predict_batch(features, results));
    for (std::size_t i = 0; i < features.size(); i++) {
        CHECK(check::same_bits(MUST(model.try_predict(features[i])), static_cast<EncastResult &>(results[i])));
    }
    MUST(model.try_predict_batch({}, {}));
    // A part of both, in place: what is behind stays.
    const encast::Result behind = results[10];
    MUST(model.try_predict_batch(encast::Span<const encast::Features>(features.data() + 40, 10),
                                 encast::Span<encast::Result>(results.data(), 10)));
    CHECK(check::same_bits(results[0], static_cast<const EncastResult &>(results[40])));
    CHECK(check::same_bits(results[10], static_cast<const EncastResult &>(behind)));

    const encast::Result first = results[0];
    features[37].frame_rate = -30;
    const auto failed = model.try_predict_batch(features, results);
    CHECK_ERROR(failed, invalid_field, "frame_rate", "row 37: frame_rate = -30");
    CHECK(failed.error().row() == std::optional<std::size_t>(37));
    CHECK(check::same_bits(results[0], static_cast<const EncastResult &>(first)));
    results.pop_back();
    CHECK_ERROR(model.try_predict_batch(features, results), length_mismatch, "", "50 rows, results 49");
}

void searches(const Model &model, const EncastModel *plain) {
    encast::Features features = check::request();
    encast::PredictOptions options;
    auto due = c_struct<EncastRecommendation>(encast_recommendation_init);
    options.target_vmaf = 80;
    CHECK(encast_recommend_bitrate(plain, &features, &options, &due) == ENCAST_STATUS_OK);
    encast::Recommendation found = MUST(model.try_recommend_bitrate(features, options));
    CHECK(check::same_bits(found, due) && found.reached() && found.get_limit() == encast::Limit::none);
    CHECK(encast_recommend_crf(plain, &features, &options, &due) == ENCAST_STATUS_OK);
    CHECK(check::same_bits(MUST(model.try_recommend_crf(features, options)), due) && due.crf > 0);
    options.max_encode_seconds = 1e-3;
    found = MUST(model.try_recommend_bitrate(features, options));
    CHECK(found.get_outcome() == encast::Outcome::over_limit && found.get_limit() == encast::Limit::encode_seconds);
    features.set_encoder(encast::Encoder::none);
    CHECK_ERROR(model.try_recommend_crf(features), missing_field, "codec", "");

    features = check::request();
    std::size_t count = 0;
    std::vector<EncastRung> plain_rungs(32, c_struct<EncastRung>(encast_rung_init));
    CHECK(encast_ladder(plain, &features, nullptr, nullptr, plain_rungs.data(), 32, &count) == ENCAST_STATUS_OK);
    const auto rungs = MUST(model.try_ladder(features));
    CHECK(rungs.size() == count && count > 3);
    for (std::size_t i = 0; i < rungs.size() && i < count; i++) {
        CHECK(check::same_bits(rungs[i], plain_rungs[i]));
        CHECK(rungs[i].fields_out_of_range().bits() == plain_rungs[i].out_of_range);
    }
    encast::LadderOptions ladder;
    const std::vector<double> bitrates = {500, 1500, 4500};
    const encast::Size sizes[] = {{1280, 720}, {640, 360}};
    ladder.set_bitrates_kbps(bitrates);
    ladder.set_sizes(sizes);
    const auto few = MUST(model.try_ladder(features, ladder, encast::PredictOptions()));
    CHECK(few.size() == 3 && few[2].bitrate_kbps == 4500 && (few[2].width == 1280 || few[2].width == 640));
    ladder.set_bitrates_kbps({});
    ladder.step_vmaf = 1e-3;  // more rungs than the wrapper guesses at first, but for the least ratio
    ladder.min_bitrate_ratio = 1;
    CHECK(MUST(model.try_ladder(features, ladder)).size() > 16);
    ladder.bottom_vmaf = -1;
    CHECK_ERROR(model.try_ladder(features, ladder), invalid_field, "bottom_vmaf", "-1");
}

void comparisons(const Model &model, const EncastModel *plain) {
    const encast::Features a = check::request(), b = check::request(2000);
    auto result_a = c_struct<EncastResult>(encast_result_init), result_b = result_a;
    auto change = c_struct<EncastComparison>(encast_comparison_init);
    CHECK(encast_compare(plain, &a, &b, nullptr, &result_a, &result_b, &change) == ENCAST_STATUS_OK);
    const encast::Compared both = MUST(model.try_compare(a, b));
    CHECK(check::same_bits(both.a, result_a) && check::same_bits(both.b, result_b));
    CHECK(check::same_bits(both.change, change));
    CHECK(both.change.difference(encast::Target::bitrate_kbps).ratio.value == 0.5);
    CHECK_ERROR(model.try_compare(a, check::request(-1)), invalid_field, "bitrate_kbps", "-1");

    encast::Features features = check::request();
    features.set_encoder(encast::Encoder::none);
    encast::AdviseOptions advise;
    const encast::Encoder encoders[] = {encast::Encoder::libx264, encast::Encoder::libx265};
    const char *const presets[] = {"medium", "veryfast"};
    const encast::Size sizes[] = {{1280, 720}};
    advise.target_vmaf = 80;
    advise.set_encoders(encoders);
    advise.set_presets(presets);
    advise.set_sizes(sizes);
    advise.set_rank_by(encast::RankBy::time);
    std::size_t setups = 0;
    std::vector<EncastProposal> due(8, c_struct<EncastProposal>(encast_proposal_init));
    CHECK(encast_advise(plain, &features, &advise, nullptr, due.data(), 8, &setups) == ENCAST_STATUS_OK);
    const encast::Advice advice = MUST(model.try_advise(features, advise));
    CHECK(advice.setups == setups && advice.proposals.size() == setups && setups >= 3);
    for (std::size_t i = 0; i < advice.proposals.size() && i < setups; i++) {
        CHECK(check::same_bits(advice.proposals[i], due[i]));
    }
    CHECK(advice.proposals[0].get_outcome() == encast::Outcome::reached);
    CHECK(advice.proposals[0].get_encoder() == encoders[0] && advice.proposals[0].get_codec() == encast::Codec::h264);
    CHECK(advice.proposals[0].preset_name() == "veryfast");
    const encast::Advice best = MUST(model.try_advise(features, advise, {}, 1));
    CHECK(best.proposals.size() == 1 && best.setups == setups);
    advise.target_vmaf = encast::unknown;
    CHECK_ERROR(model.try_advise(features, advise), missing_field, "target_vmaf", "");
}

void sites(const Model &model) {
    const std::string toml = "[machines.box]\nvcpus = 4\nspeed = 0.5\nidle_watts_per_vcpu = 2\n"
                             "busy_watts_per_vcpu = 12\nmemory_gb = 8\ncpu_model = \"made up\"\nsource = \"made up\"\n"
                             "[regions.here]\ngrid_g_per_kwh = 400\npue = 1.5\nsource = \"made up\"\n";
    const encast::Features features = check::request();
    encast::PredictOptions options;
    encast::Site site = [&] {
        const encast::Profiles profiles = MUST(encast::Profiles::try_parse(toml));
        CHECK_ERROR(profiles.try_site("box", "there"), unknown_name, "region", "here");
        CHECK_ERROR(profiles.try_site(std::string("b\0x", 3), "here"), bad_text, "machine", "NUL");
        return MUST(profiles.try_site("box", "here"));
    }();
    options.set_site(site);
    auto due = c_struct<EncastResult>(encast_result_init);
    EncastModel *plain = c_model();
    CHECK(encast_predict(plain, &features, &options, &due) == ENCAST_STATUS_OK);
    encast_free_model(plain);
    const encast::Result there = MUST(model.try_predict(features, options));
    CHECK(check::same_bits(there, due) && encast::is_known(there.energy_cpu_kwh));
    CHECK(MUST(encast::Profiles::try_built_in()).try_site("c5.2xlarge", "eu-central-1").has_value());
    CHECK_ERROR(encast::Profiles::try_parse("[machines"), profile_syntax, "", "line 1");
    std::string bad = toml;
    bad.replace(bad.find("0.5"), 3, "-0.5");
    CHECK_ERROR(encast::Profiles::try_parse(bad), profile_value, "machines.box.speed", "-0.5");
    CHECK_ERROR(encast::Profiles::try_load("/no/such.toml"), io, "", "such.toml");
}

template <class Sample>
void analyses(std::uint32_t bit_depth) {
    constexpr std::uint32_t width = 96, height = 64, stride = 100;
    encast::AnalyzerOptions options;
    options.width = width;
    options.height = height;
    options.bit_depth = bit_depth;
    options.frame_rate = 25;
    options.set_segmentation(encast::Segmentation::scenes);
    encast::Analyzer analyzer = MUST(encast::Analyzer::try_new(options));
    EncastAnalyzer *plain = nullptr;
    CHECK(encast_analyzer_new(&options, &plain) == ENCAST_STATUS_OK);
    std::vector<Sample> luma(stride * (height - 1) + width);  // the last row ends at the width
    CHECK_ERROR(analyzer.try_finish(), no_frame, "", "");
    CHECK_ERROR(analyzer.try_segment(0), bad_state, "", "");
    for (unsigned n = 0; n < 20; n++) {
        for (std::size_t i = 0; i < luma.size(); i++) {
            const std::size_t x = i % stride;
            luma[i] = static_cast<Sample>(n < 10 ? (x + 3 * n) / 8 % 2 * 20 + 10 : (i / 8 + i / stride) % 2 * 100 + 130);
        }
        auto due = c_struct<EncastFrameComplexity>(encast_frame_complexity_init);
        CHECK(encast_analyzer_push_frame(plain, luma.data(), stride * sizeof(Sample), &due) == ENCAST_STATUS_OK);
        CHECK(check::same_bits(MUST(analyzer.try_push_frame(luma, stride)), due));
    }
    // Frames that are too short, of other samples, or with rows that overlap: said, not read beyond their end.
    luma.pop_back();
    CHECK_ERROR(analyzer.try_push_frame(luma, stride), invalid_field, "luma", "96, 100 apart");
    CHECK_ERROR(analyzer.try_push_frame(encast::Span<const Sample>(), stride), invalid_field, "luma", "0 samples");
    CHECK_ERROR(analyzer.try_push_frame(luma, width - 2), invalid_field, "stride_bytes", "");
    CHECK_ERROR(analyzer.try_push_frame(luma, static_cast<std::size_t>(-1) / 2), invalid_field, "luma", "apart");
    const std::vector<std::uint8_t> bytes(stride * height);
    const std::vector<std::uint16_t> words(stride * height);
    if (sizeof(Sample) == 1) {
        CHECK_ERROR(analyzer.try_push_frame(words), invalid_field, "luma", "uint8_t");
    } else {
        CHECK_ERROR(analyzer.try_push_frame(bytes), invalid_field, "luma", "uint16_t");
    }

    auto due = c_struct<EncastComplexity>(encast_complexity_init);
    CHECK(encast_analyzer_finish(plain, &due) == ENCAST_STATUS_OK);
    const encast::Complexity clip = MUST(analyzer.try_finish());
    CHECK(check::same_bits(clip, due) && clip.segments == 2 && clip.cuts == 1 && clip.frames == 20);
    CHECK(encast_analyzer_segment(plain, 1, &due) == ENCAST_STATUS_OK);
    CHECK(check::same_bits(MUST(analyzer.try_segment(1)), due) && MUST(analyzer.try_cut(0)) == 10);
    CHECK_ERROR(analyzer.try_segment(clip.segments), bad_index, "index", "below");
    CHECK_ERROR(analyzer.try_cut(clip.cuts), bad_index, "index", "below");
    encast_analyzer_free(plain);

    encast::Features features = check::request();
    EncastFeatures filled = features;
    MUST(features.try_set_content(clip));
    CHECK(encast_features_set_content(&filled, &clip) == ENCAST_STATUS_OK && check::same_bits(features, filled));
    CHECK(features.source_width == width && features.ti_mean == clip.ti.mean);
    options.bit_depth = 13;
    CHECK_ERROR(encast::Analyzer::try_new(options), invalid_field, "bit_depth", "13");
}

}  // namespace

int main() {
    values();
    names();
    {
        const Model model = MUST(Model::try_load_default());
        EncastModel *plain = c_model();
        forecasts(model, plain);
        batches(model);
        searches(model, plain);
        comparisons(model, plain);
        sites(model);
        encast_free_model(plain);
    }
    analyses<std::uint8_t>(8);
    analyses<std::uint16_t>(10);
    CHECK(encast::live_handles() == 0);
    return check::end(270);
}

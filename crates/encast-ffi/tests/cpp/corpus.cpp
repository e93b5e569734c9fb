// The corpus that Rust, C, C++ and Go share, through the wrapper: the same bits, the same errors. Argument: the folder
// testdata.
#include "check.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <map>

namespace {

using encast::Model;
using nlohmann::json;
using Numbers = std::map<std::string, double>;

std::string folder;
std::string current;  // the case, for the messages
int same_numbers = 0;

json read(const std::string &name) {
    std::ifstream file(folder + "/" + name);
    return json::parse(file);
}

std::uint64_t bits(double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

// An answer as a flat list of the numbers that are known.
class Flat {
public:
    Flat &add(const std::string &name, double value) {
        if (encast::is_known(value)) {
            numbers_[name] = value;
        }
        return *this;
    }
    Flat &add(const std::string &name, const encast::Estimate &estimate) {
        return add(name, estimate.value).add(name + "_lower", estimate.lower).add(name + "_upper", estimate.upper);
    }
    const Numbers &numbers() const { return numbers_; }

private:
    Numbers numbers_;
};

Numbers flat(const encast::Result &r) {
    Flat all;
    for (std::uint32_t bit = 0; !encast::name(static_cast<encast::Target>(bit)).empty(); bit++) {
        const auto target = static_cast<encast::Target>(bit);
        all.add(std::string(encast::name(target)), r.estimate(target));
    }
    all.add("predicted_vmaf", r.predicted_vmaf).add("predicted_psnr", r.predicted_psnr);
    all.add("predicted_cost_usd", r.predicted_cost_usd).add("predicted_co2_kg", r.predicted_co2_kg);
    all.add("confidence", r.confidence).add("recommended_bitrate_kbps", r.recommended_bitrate_kbps);
    all.add("best_reachable_vmaf", r.best_reachable_vmaf).add("target_unreachable", r.target_unreachable);
    all.add("size_mb", r.size_mb).add("bandwidth_mbps", r.bandwidth_mbps);
    all.add("out_of_range", static_cast<double>(r.fields_out_of_range().bits()));
    all.add("ignored", static_cast<double>(r.fields_ignored().bits()));
    all.add("energy_cpu_kwh", r.energy_cpu_kwh).add("energy_idle_kwh", r.energy_idle_kwh);
    all.add("energy_memory_kwh", r.energy_memory_kwh).add("cost_compute_usd", r.cost_compute_usd);
    all.add("cost_egress_usd", r.cost_egress_usd).add("cost_storage_usd", r.cost_storage_usd);
    all.add("co2_operational_kg", r.co2_operational_kg).add("co2_embodied_kg", r.co2_embodied_kg);
    all.add("sci_g_per_minute", r.sci_g_per_minute);
    return all.numbers();
}

Numbers flat(const encast::Recommendation &r) {
    Flat all;
    all.add("unreachable", r.unreachable).add("outcome", static_cast<int>(r.get_outcome()));
    all.add("limit", static_cast<int>(r.get_limit())).add("bitrate_kbps", r.bitrate_kbps).add("crf", r.crf);
    all.add("vmaf", r.vmaf).add("assured_vmaf", r.assured_vmaf).add("limit_allowed", r.limit_allowed);
    all.add("limit_forecast", r.limit_forecast).add("needed", r.needed).add("needed_vmaf", r.needed_vmaf);
    return all.numbers();
}

Numbers flat(const encast::Comparison &c) {
    Flat all;
    for (std::uint32_t bit = 0; !encast::name(static_cast<encast::Target>(bit)).empty(); bit++) {
        const auto target = static_cast<encast::Target>(bit);
        const std::string name(encast::name(target));
        all.add(name + "_difference", c.difference(target).difference).add(name + "_ratio", c.difference(target).ratio);
    }
    return all.numbers();
}

Numbers flat(const encast::Rung &r) {
    Flat all;
    all.add("width", r.width).add("height", r.height).add("bitrate_kbps", r.bitrate_kbps).add("crf", r.crf);
    all.add("vmaf", r.vmaf).add("assured_vmaf", r.assured_vmaf).add("psnr", r.psnr).add("size_mb", r.size_mb);
    all.add("encode_seconds", r.encode_seconds).add("cost_usd", r.cost_usd).add("confidence", r.confidence);
    all.add("out_of_range", static_cast<double>(r.fields_out_of_range().bits()));
    return all.numbers();
}

void compare(const Numbers &got, const Numbers &due) {
    bool same = got.size() == due.size();
    for (const auto &[name, value] : due) {
        const auto found = got.find(name);
        const bool is = found != got.end() && bits(found->second) == bits(value);
        if (!is) {
            std::fprintf(stderr, "%s: %s must be %.17g, is %.17g\n", current.c_str(), name.c_str(), value,
                         found == got.end() ? encast::unknown : found->second);
        }
        same = same && is;
        same_numbers += is;
    }
    CHECK(same);
}

void expect_error(const json &test, const encast::Error &error) {
    const std::optional<std::size_t> row =
        test.contains("row") ? std::optional<std::size_t>(test.at("row").get<std::size_t>()) : std::nullopt;
    const bool same = encast::name(error.status()) == test.at("status").get<std::string>() &&
                      error.text() == test.at("error").get<std::string>() &&
                      error.field() == test.at("field").get<std::string>() && error.row() == row;
    if (!same) {
        std::fprintf(stderr, "%s: %s\n", current.c_str(), error.what());
    }
    CHECK(same);
}

struct Request {
    encast::Features features;
    std::vector<encast::Anchor> anchors;
};

encast::Field field_of(const std::string &name) {
    for (std::uint32_t bit = 0; encast_field_name(bit) != nullptr; bit++) {
        if (name == encast_field_name(bit)) {
            return static_cast<encast::Field>(bit);
        }
    }
    throw std::runtime_error(name + " is no field");
}

// A request; what it does not know is an error, so that no case is tested without an input.
Request request_of(const json &given) {
    Request request;
    for (const auto &[name, value] : given.items()) {
        if (value.is_null()) {
            continue;
        }
        if (name == "codec") {
            request.features.set_codec(encast::codec_from_name(value.get<std::string>()));
        } else if (name == "encoder") {
            request.features.set_encoder(encast::encoder_from_name(value.get<std::string>()));
        } else if (name == "preset") {
            request.features.set_preset(value.get<std::string>());
        } else if (name == "anchors") {
            for (const json &one : value) {
                encast::Anchor anchor;
                CHECK(one.size() == 2);
                anchor.bitrate_kbps = one.at("bitrate_kbps");
                anchor.vmaf = one.at("vmaf");
                request.anchors.push_back(anchor);
            }
        } else {
            CHECK(request.features.set(field_of(name), value.get<double>()));
        }
    }
    return request;
}

encast::PredictOptions options_of(const json &test, const encast::Site &site) {
    encast::PredictOptions options;
    const std::map<std::string, double *> places = {
        {"level", &options.level},
        {"deliveries", &options.deliveries},
        {"months_stored", &options.months_stored},
        {"target_vmaf", &options.target_vmaf},
        {"min_bitrate_kbps", &options.min_bitrate_kbps},
        {"max_bitrate_kbps", &options.max_bitrate_kbps},
        {"min_crf", &options.min_crf},
        {"max_crf", &options.max_crf},
        {"assurance", &options.assurance},
        {"max_cost_usd", &options.max_cost_usd},
        {"max_encode_seconds", &options.max_encode_seconds},
    };
    const json given = test.value("options", json::object());
    for (const auto &[name, value] : given.items()) {
        if (name == "site") {
            options.set_site(site);
        } else {
            *places.at(name) = value;
        }
    }
    return options;
}

std::string encoding(std::string bundle, bool as_json) {
    return folder + "/" + (as_json ? bundle.replace(bundle.rfind('.'), std::string::npos, ".json") : bundle);
}

// The nested answer of cases*.json as a flat one; predicted_... are other names of estimates.
Numbers flat(const json &nested) {
    Flat all;
    for (const auto &[name, value] : nested.items()) {
        if (value.is_number()) {
            all.add(name, value.get<double>());
        } else if (value.is_boolean()) {
            all.add(name, value.get<bool>());
        } else if (value.is_array()) {
            encast::FieldSet set;
            for (const json &field : value) {
                set.insert(field_of(field));
            }
            all.add(name, static_cast<double>(set.bits()));
        } else if (name == "estimates") {
            for (const auto &[target, e] : value.items()) {
                all.add(target, encast::Estimate{e.at("value"), e.at("lower"), e.at("upper")});
                if (target == "vmaf" || target == "psnr" || target == "cost_usd" || target == "co2_kg") {
                    all.add("predicted_" + target, e.at("value").get<double>());
                }
            }
        }
    }
    return all.numbers();
}

void forecasts(const std::string &file) {
    const json corpus = read(file);
    for (bool as_json : {false, true}) {
        const Model model = Model::load(encoding(corpus.at("bundle"), as_json));
        encast::PredictOptions options;
        options.target_vmaf = corpus.at("target_vmaf");
        for (const json &test : corpus.at("cases")) {
            current = test.at("name");
            const auto result = model.try_predict(request_of(test.at("request")).features, options);
            if (result && test.contains("expected")) {
                compare(flat(*result), flat(test.at("expected")));
            } else {
                CHECK(!result);
                expect_error(test, result.error());
            }
        }
    }
}

std::vector<Numbers> answers_of(const json &test, const Model &model, const encast::Site &site) {
    const std::string operation = test.at("operation");
    const encast::PredictOptions options = options_of(test, site);
    std::vector<Request> requests;
    std::vector<encast::Features> features;
    for (const json &request : test.at("requests")) {
        requests.push_back(request_of(request));
    }
    for (Request &request : requests) {
        request.features.set_anchors(request.anchors);
        features.push_back(request.features);
    }
    std::vector<Numbers> answers;
    if (operation == "predict") {
        answers.push_back(flat(model.predict(features[0], options)));
    } else if (operation == "batch") {
        std::vector<encast::Result> results(features.size());
        model.predict_batch(features, results, options);
        for (const encast::Result &result : results) {
            answers.push_back(flat(result));
        }
    } else if (operation == "recommend_bitrate") {
        answers.push_back(flat(model.recommend_bitrate(features[0], options)));
    } else if (operation == "recommend_crf") {
        answers.push_back(flat(model.recommend_crf(features[0], options)));
    } else if (operation == "compare") {
        answers.push_back(flat(model.compare(features[0], features[1], options).change));
    } else if (operation == "ladder") {
        encast::LadderOptions ladder;
        const json &given = test.at("ladder");
        const json choice = given.value("sizes", json::array());
        std::vector<encast::Size> sizes;
        for (const json &size : choice) {
            sizes.push_back({size.at(0), size.at(1)});
        }
        const auto bitrates = given.value("bitrates_kbps", std::vector<double>());
        ladder.set_sizes(sizes);
        ladder.set_bitrates_kbps(bitrates);
        ladder.step_vmaf = given.value("step_vmaf", ladder.step_vmaf);
        ladder.top_vmaf = given.value("top_vmaf", ladder.top_vmaf);
        ladder.bottom_vmaf = given.value("bottom_vmaf", ladder.bottom_vmaf);
        for (const encast::Rung &rung : model.ladder(features[0], ladder, options)) {
            answers.push_back(flat(rung));
        }
    } else {
        throw std::runtime_error(operation + " is no operation");
    }
    return answers;
}

void operations() {
    const json corpus = read("operations.json");
    const encast::Profiles profiles = encast::Profiles::parse(corpus.at("profiles").get<std::string>());
    const encast::Site site = profiles.site(corpus.at("machine"), corpus.at("region"));
    for (bool as_json : {false, true}) {
        for (const json &test : corpus.at("cases")) {
            const Model model = Model::load(encoding(test.at("bundle"), as_json));
            current = test.at("name");
            try {
                const std::vector<Numbers> answers = answers_of(test, model, site);
                const auto due = test.at("answers").get<std::vector<Numbers>>();
                CHECK(answers.size() == due.size());
                for (std::size_t i = 0; i < answers.size() && i < due.size(); i++) {
                    compare(answers[i], due[i]);
                }
            } catch (const encast::Error &error) {
                expect_error(test, error);
            }
        }
    }
}

void bad_bundles() {
    const json corpus = read("bad/cases.json");
    for (const json &test : corpus.at("cases")) {
        current = test.at("file");
        const std::string path = folder + "/bad/" + current;
        expect_error(test, Model::try_load(path).error());
        std::ifstream file(path, std::ios::binary);
        const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
        expect_error(test, Model::try_load_memory(bytes).error());
    }
}

}  // namespace

int main(int argument_count, char **arguments) try {
    if (argument_count != 2) {
        return 2;
    }
    folder = arguments[1];
    for (const char *file : {"cases.json", "cases-v2.json", "cases-v3.json"}) {
        forecasts(file);
    }
    operations();
    bad_bundles();
    std::printf("%d numbers of the corpus compared\n", same_numbers);
    CHECK(same_numbers > 1500);
    CHECK(encast::live_handles() == 0);
    return check::end(200);
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s: %s\n", current.c_str(), error.what());
    return 1;
}

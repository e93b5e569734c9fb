// Loading, saving, signatures and training, in the form that does not throw, beside the C calls. Built with and without
// exceptions. Arguments: a folder for the files it writes, testdata.
#include "check.hpp"

namespace {

using encast::Model;

void files(const Model &model, const std::string &folder) {
    const std::string json = MUST(model.try_metadata_json());
    CHECK(json.front() == '{' && json.back() == '}' && json.find("\"trained_at\"") != std::string::npos);
    const encast::ModelInfo info = MUST(model.try_info());
    CHECK(info.forecasts().contains(encast::Target::vmaf) && info.rows > 1000 && !encast::text(info.version).empty());

    MUST(model.try_save(folder + "/cpp.encast"));
    const Model again = MUST(Model::try_load(folder + "/cpp.encast"));
    const encast::Result due = MUST(model.try_predict(check::request()));
    CHECK(check::same_bits(MUST(again.try_predict(check::request())), static_cast<const EncastResult &>(due)));
    std::vector<std::uint8_t> bytes;
    if (std::FILE *file = std::fopen((folder + "/cpp.encast").c_str(), "rb")) {
        for (int byte = std::getc(file); byte != EOF; byte = std::getc(file)) {
            bytes.push_back(static_cast<std::uint8_t>(byte));
        }
        std::fclose(file);
    }
    CHECK(Model::try_load_memory(bytes).has_value());
    bytes[bytes.size() / 2] ^= 1;
    CHECK_ERROR(Model::try_load_memory(bytes), checksum, "", "");
    CHECK_ERROR(Model::try_load_memory({}), truncated, "", "");
    CHECK_ERROR(Model::try_load(folder + "/none.encast"), model_missing, "", "none.encast");
    CHECK_ERROR(Model::try_load(folder + std::string("/cpp.encast\0.json", 17)), bad_text, "path", "NUL");
    CHECK_ERROR(model.try_save(folder + "/no/folder.encast"), io, "", "");
    CHECK_ERROR(model.try_save(std::string("\0", 1)), bad_text, "path", "NUL");
}

// The bytes of a file, as text.
std::string content(const std::string &path) {
    std::string all;
    if (std::FILE *file = std::fopen(path.c_str(), "rb")) {
        for (int byte = std::getc(file); byte != EOF; byte = std::getc(file)) {
            all.push_back(static_cast<char>(byte));
        }
        std::fclose(file);
    }
    return all;
}

void signatures(const std::string &testdata) {
    const std::string bundle = testdata + "/bundles/v1.encast", bytes = content(bundle);
    const std::string one = content(testdata + "/signed/one.pub"), two = content(testdata + "/signed/two.pub");
    const std::string signature = content(testdata + "/signed/v1.encast.minisig");
    const std::vector<std::uint8_t> memory(bytes.begin(), bytes.end());
    encast::LoadOptions options;
    CHECK(Model::try_load(bundle, options).has_value() && Model::try_load_memory(memory, options).has_value());
    options.set_require_signature(true);
    CHECK_ERROR(Model::try_load(bundle, options), bad_key, "public_keys", "");
    options.set_public_keys(one.c_str());
    CHECK_ERROR(Model::try_load(bundle, options), not_signed, "", "");
    CHECK_ERROR(Model::try_load_memory(memory, options), not_signed, "", "");
    options.set_signature(signature.c_str());
    CHECK(Model::try_load(bundle, options).has_value() && Model::try_load_memory(memory, options).has_value());
    options.set_public_keys(two.c_str());
    CHECK_ERROR(Model::try_load(bundle, options), bad_signature, "signature", "another key");
}

void training() {
    const check::Table table = check::table();
    encast::RetrainOptions options;
    options.set_model_kind(encast::ModelKind::boosting);
    options.set_targets(encast::TargetSet().insert(encast::Target::vmaf));
    options.trained_at = 1767225600;
    MUST(options.try_set_version("made-up-1"));
    MUST(options.try_set_vmaf_model("closed form"));
    MUST(options.try_set_licence("none"));
    MUST(options.try_set_probe_recipe("none"));
    CHECK_ERROR(options.try_set_version(std::string(64, 'v')), bad_text, "version", "at most 63");
    EncastModel *plain = nullptr;
    CHECK(encast_retrain(table.features.data(), table.targets.data(), table.features.size(), &options, &plain) ==
          ENCAST_STATUS_OK);
    const Model model = MUST(Model::try_retrain(table.features, table.targets, options));
    const encast::ModelInfo info = MUST(model.try_info());
    CHECK(encast::text(info.version) == "made-up-1" && encast::text(info.vmaf_model) == "closed form");
    CHECK(info.rows == table.features.size() && info.forecasts() == encast::TargetSet(1) && info.trained_at == 1767225600);
    encast::Result due;
    CHECK(encast_predict(plain, &table.features[3], nullptr, &due) == ENCAST_STATUS_OK);
    CHECK(check::same_bits(MUST(model.try_predict(table.features[3])), static_cast<EncastResult &>(due)));
    encast_free_model(plain);
    std::vector<encast::Targets> wrong = table.targets;
    wrong[5].vmaf = 101;
    CHECK_ERROR(Model::try_retrain(table.features, wrong), invalid_field, "vmaf", "row 5");
    wrong.pop_back();
    CHECK_ERROR(Model::try_retrain(table.features, wrong), length_mismatch, "", "72 rows, targets 71");
    CHECK_ERROR(Model::try_retrain({}, {}), too_few, "", "");
}

}  // namespace

int main(int argument_count, char **arguments) {
    if (argument_count != 3) {
        return 2;
    }
    files(MUST(Model::try_load_default()), arguments[1]);
    signatures(arguments[2]);
    training();
    CHECK(encast::live_handles() == 0);
    return check::end(25);
}

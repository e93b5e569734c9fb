// Who owns a handle: moves, moves onto oneself, what was moved from, handles given away and taken, empty owners in every
// call, and nothing freed twice or left. Built with and without exceptions.
#include "check.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace {

using encast::Model;

template <class Owner>
constexpr bool moves_only = !std::is_copy_constructible_v<Owner> && !std::is_copy_assignable_v<Owner> &&
                            std::is_nothrow_move_constructible_v<Owner> && std::is_nothrow_move_assignable_v<Owner> &&
                            std::is_nothrow_default_constructible_v<Owner>;
static_assert(moves_only<Model> && moves_only<encast::Profiles> && moves_only<encast::Site> &&
              moves_only<encast::Analyzer>);
static_assert(std::is_nothrow_copy_constructible_v<encast::Error>);
static_assert(std::is_base_of_v<std::runtime_error, encast::Error>);
static_assert(!std::is_convertible_v<EncastModel *, Model>, "ownership is taken by name");

// What no optimizer and no warning sees through.
template <class T>
T &same(T &value) {
    T *volatile pointer = &value;
    return *pointer;
}

void models() {
    Model a = MUST(Model::try_load_default());
    CHECK(a && encast::live_handles() == 1);
    EncastModel *handle = a.get();
    Model b = std::move(a);
    CHECK(!a && a.get() == nullptr && b.get() == handle);  // NOLINT: what was moved from is empty
    b = std::move(same(b));
    CHECK(b.get() == handle && b.try_predict(check::request()).has_value());
    a = std::move(b);
    CHECK(a.get() == handle && !b);
    b = MUST(Model::try_load_default());
    CHECK(encast::live_handles() == 2);
    b = std::move(a);  // what b had is freed
    CHECK(encast::live_handles() == 1 && b.get() == handle);
    std::swap(a, b);
    CHECK(a.get() == handle && !b);

    EncastModel *given = a.release();
    CHECK(!a && given == handle && encast::live_handles() == 1);
    a = Model(given);
    CHECK(a.try_info().has_value());

    std::vector<Model> models;
    models.push_back(std::move(a));
    for (int i = 0; i < 5; i++) {
        models.push_back(MUST(Model::try_load_default()));  // the vector grows by moving
    }
    CHECK(encast::live_handles() == 6);
    const auto shared = std::make_shared<const Model>(std::move(models.back()));
    models.clear();
    CHECK(encast::live_handles() == 1 && shared->try_predict(check::request()).has_value());
}

void empty_models(const Model &empty, const std::string &what) {
    const encast::Features features = check::request();
    std::vector<encast::Features> rows(2, features);
    std::vector<encast::Result> results(2);
    const char *part = what.c_str();
    CHECK_ERROR(empty.try_predict(features), null_pointer, "", part);
    CHECK_ERROR(empty.try_predict_batch(rows, results), null_pointer, "", part);
    CHECK_ERROR(empty.try_recommend_bitrate(features), null_pointer, "", part);
    CHECK_ERROR(empty.try_recommend_crf(features), null_pointer, "", part);
    CHECK_ERROR(empty.try_ladder(features), null_pointer, "", part);
    CHECK_ERROR(empty.try_compare(features, features), null_pointer, "", part);
    CHECK_ERROR(empty.try_advise(features), null_pointer, "", part);
    CHECK_ERROR(empty.try_info(), null_pointer, "", part);
    CHECK_ERROR(empty.try_metadata_json(), null_pointer, "", part);
    CHECK_ERROR(empty.try_save("unwritten.encast"), null_pointer, "", part);
}

void analyzers() {
    encast::AnalyzerOptions options;
    options.width = options.height = 32;
    options.bit_depth = 8;
    const std::vector<std::uint8_t> luma(32 * 32);
    encast::Analyzer a = MUST(encast::Analyzer::try_new(options));
    MUST(a.try_push_frame(luma));
    encast::Analyzer b = std::move(a);
    b = std::move(same(b));
    MUST(b.try_push_frame(luma));
    CHECK(MUST(b.try_finish()).frames == 2);
    encast::Analyzer never;
    for (encast::Analyzer *empty : {&a, &never}) {
        CHECK(!*empty);
        CHECK_ERROR(empty->try_push_frame(luma), null_pointer, "", "analyzer is null");
        CHECK_ERROR(empty->try_push_frame({luma.data(), 3}, 77), null_pointer, "", "analyzer is null");
        CHECK_ERROR(empty->try_finish(), null_pointer, "", "analyzer is null");
        CHECK_ERROR(empty->try_segment(0), null_pointer, "", "analyzer is null");
        CHECK_ERROR(empty->try_cut(0), null_pointer, "", "analyzer is null");
    }
    a = MUST(encast::Analyzer::try_new(options));
    MUST(a.try_push_frame(luma));
}

void sites() {
    encast::Profiles a = MUST(encast::Profiles::try_built_in());
    encast::Profiles b = std::move(a);
    CHECK_ERROR(a.try_site("c5.2xlarge", "eu-central-1"), null_pointer, "", "profiles is null");
    encast::Site site = MUST(b.try_site("c5.2xlarge", "eu-central-1"));
    b = encast::Profiles();
    encast::Site moved = std::move(site);
    CHECK(encast::live_handles() == 1 && moved && !site);
    // Options hold the handle, which moves with its owner; an empty site is none.
    const Model model = MUST(Model::try_load_default());
    encast::PredictOptions options;
    options.set_site(moved);
    const encast::Site owner = std::move(moved);
    CHECK(encast::is_known(MUST(model.try_predict(check::request(), options)).energy_cpu_kwh));
    options.set_site(moved);
    CHECK(!encast::is_known(MUST(model.try_predict(check::request(), options)).energy_cpu_kwh));
}

// What the C functions say of handles that are none, a wrapper says too: a stale borrowed handle is no crash.
void stale_handles() {
    EncastModel *borrowed = nullptr;
    {
        const Model model = MUST(Model::try_load_default());
        borrowed = model.get();
    }
    Model stale(borrowed);
    CHECK_ERROR(stale.try_predict(check::request()), bad_handle, "model", "no live handle");
    CHECK(encast::name(encast::Status::bad_handle) == "bad handle");
}

// An error's texts are its own.
void errors() {
    const Model model = MUST(Model::try_load_default());
    const auto first = model.try_predict(check::request(-1));
    const encast::Error kept = first.error();
    const auto second = model.try_predict(check::request(-22));
    encast::Error copied = second.error();
    CHECK_ERROR(first, invalid_field, "bitrate_kbps", "bitrate_kbps = -1");
    CHECK_ERROR(second, invalid_field, "bitrate_kbps", "bitrate_kbps = -22");
    copied = kept;
    CHECK(copied.text() == kept.text() && copied.field() == "bitrate_kbps" && copied.text() == copied.what());
    CHECK(std::move(encast::Expected<int>(7)).value_or(3) == 7);
    CHECK(encast::Expected<int>(encast::Unexpected(kept)).value_or(3) == 3);
}

}  // namespace

int main() {
    models();
    {
        Model moved_from = MUST(Model::try_load_default());
        const Model owner = std::move(moved_from);
        empty_models(moved_from, "model is null");
        empty_models(Model(), "model is null");
    }
    analyzers();
    sites();
    stale_handles();
    errors();
    CHECK(encast::live_handles() == 0);
    return check::end(50);
}

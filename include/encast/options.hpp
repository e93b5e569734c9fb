// How things are done: encast::LoadOptions, PredictOptions, LadderOptions, AdviseOptions, RetrainOptions.
#ifndef ENCAST_OPTIONS_HPP
#define ENCAST_OPTIONS_HPP

#include "answers.hpp"
#include "error.hpp"
#include "features.hpp"
#include "numbers.hpp"
#include "sites.hpp"
#include "span.hpp"

#include <encast.h>

#include <cstdint>
#include <string_view>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// Prices and carbon factors of one machine in one place: usd_per_cpu_hour, watts_per_cpu, pue, grid_g_per_kwh, and
/// the texts name and source (see EncastProfile). A new one is no profile: all four numbers are NaN.
struct Profile : EncastProfile {
    /// No profile.
    Profile() noexcept : EncastProfile{unknown, unknown, unknown, unknown, {}, {}} {}

    /// Sets what it describes, in at most ENCAST_TEXT_CAPACITY - 1 bytes. Status::bad_text, and no change, for a text
    /// that is longer or holds a NUL.
    [[nodiscard]] Expected<void> try_set_name(std::string_view what) { return detail::assign(name, what, "name"); }
    /// Sets where the numbers come from, in at most ENCAST_LONG_TEXT_CAPACITY - 1 bytes. Errors as try_set_name().
    [[nodiscard]] Expected<void> try_set_source(std::string_view where) {
        return detail::assign(source, where, "source");
    }
};
static_assert(detail::same_layout<Profile, EncastProfile>);

/// How a forecast is made. All fields are those of EncastPredictOptions, with its units, ranges and defaults: VMAF 93
/// as the target, intervals of 90 %, bitrates from 100 to 50000 kbit/s, no limits, no site.
struct PredictOptions : EncastPredictOptions {
    /// The defaults.
    PredictOptions() noexcept : EncastPredictOptions{} {
        static_cast<void>(encast_predict_options_init(this, sizeof(EncastPredictOptions)));
    }

    /// Says where the job runs. The site is not copied: it has to outlive the calls that these options are used in.
    void set_site(const Site &where) noexcept { site = where.get(); }
    /// Not a site that goes away with the expression.
    void set_site(const Site &&) = delete;
    /// Sets prices and carbon factors instead of those that the model carries. Only used without a site.
    void set_profile(const Profile &prices) noexcept { profile = prices; }
};
static_assert(detail::same_layout<PredictOptions, EncastPredictOptions>);

/// Which signature a model must have to be loaded. All fields are those of EncastLoadOptions; by default none is asked
/// for. The texts are not copied: they have to outlive the call that loads.
struct LoadOptions : EncastLoadOptions {
    /// The defaults.
    LoadOptions() noexcept : EncastLoadOptions{} {
        static_cast<void>(encast_load_options_init(this, sizeof(EncastLoadOptions)));
    }

    /// Refuses a model without a signature of one of the public keys.
    void set_require_signature(bool required) noexcept { require_signature = required ? 1 : 0; }
    /// Gives the public keys that count, as minisign writes them, one a line, NUL-terminated; null = none.
    void set_public_keys(const char *text) noexcept { public_keys = text; }
    /// Gives the content of a .minisig file, NUL-terminated; null = the file beside the model.
    void set_signature(const char *text) noexcept { signature = text; }
};
static_assert(detail::same_layout<LoadOptions, EncastLoadOptions>);

/// What a ladder shall be. All fields are those of EncastLadderOptions, with its ranges and defaults: the usual sizes,
/// rungs by steps of 6 VMAF, from VMAF 40 to 95.
struct LadderOptions : EncastLadderOptions {
    /// The defaults.
    LadderOptions() noexcept : EncastLadderOptions{} {
        static_cast<void>(encast_ladder_options_init(this, sizeof(EncastLadderOptions)));
    }

    /// Gives the encoded sizes to choose from, at most ENCAST_LADDER_MOST. They are not copied: they have to outlive
    /// the calls that these options are used in.
    void set_sizes(Span<const Size> choice) noexcept {
        sizes = choice.data();
        size_count = choice.size();
    }
    /// Gives the bitrates that get a rung each, kbit/s, at most ENCAST_LADDER_MOST. Not copied, as the sizes.
    void set_bitrates_kbps(Span<const double> choice) noexcept {
        bitrates_kbps = choice.data();
        bitrate_count = choice.size();
    }
};
static_assert(detail::same_layout<LadderOptions, EncastLadderOptions>);

/// The goal of an advice, and what it chooses from. All fields are those of EncastAdviseOptions, with its ranges and
/// defaults: VMAF 93 at the least cost, by all encoders, presets and usual sizes that the model was taught.
struct AdviseOptions : EncastAdviseOptions {
    /// The defaults.
    AdviseOptions() noexcept : EncastAdviseOptions{} {
        static_cast<void>(encast_advise_options_init(this, sizeof(EncastAdviseOptions)));
    }

    /// Sets what proposals are ranked by.
    void set_rank_by(RankBy what) noexcept { rank_by = static_cast<std::int32_t>(what); }
    /// Gives the encoders to choose from, at most ENCAST_LADDER_MOST. They are not copied: they have to outlive the
    /// calls that these options are used in.
    void set_encoders(Span<const Encoder> choice) noexcept {
        // An enum has the representation of its underlying type, and the library reads them as that.
        encoders = reinterpret_cast<const std::int32_t *>(choice.data());
        encoder_count = choice.size();
    }
    /// Gives the presets to choose from, each NUL-terminated, at most ENCAST_LADDER_MOST. Not copied, as the encoders.
    void set_presets(Span<const char *const> choice) noexcept {
        presets = choice.data();
        preset_count = choice.size();
    }
    /// Gives the encoded sizes to choose from, at most ENCAST_LADDER_MOST. Not copied, as the encoders.
    void set_sizes(Span<const Size> choice) noexcept {
        sizes = choice.data();
        size_count = choice.size();
    }
};
static_assert(detail::same_layout<AdviseOptions, EncastAdviseOptions>);
static_assert(sizeof(Encoder) == sizeof(std::int32_t));

/// How a model is trained, and what it says of itself. All fields are those of EncastRetrainOptions, with its defaults:
/// a blend of all targets that the rows measure, on all cores, version "0", trained at time 0.
struct RetrainOptions : EncastRetrainOptions {
    /// The defaults.
    RetrainOptions() noexcept : EncastRetrainOptions{} {
        static_cast<void>(encast_retrain_options_init(this, sizeof(EncastRetrainOptions)));
    }

    /// Sets what the model is made of.
    void set_model_kind(ModelKind kind) noexcept { model_kind = static_cast<std::int32_t>(kind); }
    /// Sets what is learnt; an empty set = all that the rows measure.
    void set_targets(TargetSet what) noexcept { targets = what.bits(); }
    /// Sets prices and carbon factors for a model that learns time but no cost.
    void set_profile(const Profile &prices) noexcept { profile = prices; }
    /// Sets the version of the model, in at most ENCAST_TEXT_CAPACITY - 1 bytes. Status::bad_text, and no change, for a
    /// text that is longer or holds a NUL; so do the three that follow.
    [[nodiscard]] Expected<void> try_set_version(std::string_view text) {
        return detail::assign(version, text, "version");
    }
    /// Sets the name of the VMAF model that the labels were made with, in at most ENCAST_TEXT_CAPACITY - 1 bytes.
    [[nodiscard]] Expected<void> try_set_vmaf_model(std::string_view text) {
        return detail::assign(vmaf_model, text, "vmaf_model");
    }
    /// Sets the licence of the model, in at most ENCAST_TEXT_CAPACITY - 1 bytes.
    [[nodiscard]] Expected<void> try_set_licence(std::string_view text) {
        return detail::assign(licence, text, "licence");
    }
    /// Sets how the trial encodes were made, in at most ENCAST_LONG_TEXT_CAPACITY - 1 bytes.
    [[nodiscard]] Expected<void> try_set_probe_recipe(std::string_view text) {
        return detail::assign(probe_recipe, text, "probe_recipe");
    }
#if ENCAST_CPP_EXCEPTIONS
    /// As try_set_version(); throws its Error.
    void set_version(std::string_view text) { detail::value(try_set_version(text)); }
    /// As try_set_vmaf_model(); throws its Error.
    void set_vmaf_model(std::string_view text) { detail::value(try_set_vmaf_model(text)); }
    /// As try_set_licence(); throws its Error.
    void set_licence(std::string_view text) { detail::value(try_set_licence(text)); }
    /// As try_set_probe_recipe(); throws its Error.
    void set_probe_recipe(std::string_view text) { detail::value(try_set_probe_recipe(text)); }
#endif
};
static_assert(detail::same_layout<RetrainOptions, EncastRetrainOptions>);

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_OPTIONS_HPP

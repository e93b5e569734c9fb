// Answers: encast::Result, Recommendation, Rung, Comparison, Proposal, ModelInfo.
#ifndef ENCAST_ANSWERS_HPP
#define ENCAST_ANSWERS_HPP

#include "error.hpp"
#include "features.hpp"
#include "numbers.hpp"

#include <encast.h>

#include <cstddef>
#include <string_view>
#include <vector>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// A forecast and its interval: value, lower, upper, in the quantity's unit. All three are NaN when the model does not
/// forecast it.
using Estimate = EncastEstimate;
/// What changes of one quantity: difference and ratio, each an Estimate.
using Difference = EncastDifference;
/// A size of pictures: width and height, pixels.
using Size = EncastSize;

namespace detail {

/// Where a struct has what it says of a target; null for a number that is none. Of a Result or a Comparison.
template <class Struct, class Part>
[[nodiscard]] constexpr Part Struct::*part(Target target) noexcept {
    switch (target) {
    case Target::vmaf:
        return &Struct::vmaf;
    case Target::psnr:
        return &Struct::psnr;
    case Target::ssim:
        return &Struct::ssim;
    case Target::bitrate_kbps:
        return &Struct::bitrate_kbps;
    case Target::encode_seconds:
        return &Struct::encode_seconds;
    case Target::cpu_seconds:
        return &Struct::cpu_seconds;
    case Target::cpu_percent:
        return &Struct::cpu_percent;
    case Target::gpu_percent:
        return &Struct::gpu_percent;
    case Target::peak_memory_mb:
        return &Struct::peak_memory_mb;
    case Target::energy_kwh:
        return &Struct::energy_kwh;
    case Target::cost_usd:
        return &Struct::cost_usd;
    case Target::co2_kg:
        return &Struct::co2_kg;
    }
    return nullptr;
}

}  // namespace detail

/// The answer to one request. All fields are those of EncastResult, with its units; what the model does not forecast is
/// NaN, never 0.
struct Result : EncastResult {
    /// Everything unknown.
    Result() noexcept : EncastResult{} { static_cast<void>(encast_result_init(this, sizeof(EncastResult))); }

    /// The forecast of a target with its interval.
    [[nodiscard]] Estimate estimate(Target target) const noexcept {
        const auto place = detail::part<EncastResult, EncastEstimate>(target);
        return place == nullptr ? Estimate{unknown, unknown, unknown} : this->*place;
    }
    /// The inputs outside of what the model saw in training.
    [[nodiscard]] FieldSet fields_out_of_range() const noexcept { return FieldSet(out_of_range); }
    /// The inputs that were given but that no forecast used.
    [[nodiscard]] FieldSet fields_ignored() const noexcept { return FieldSet(ignored); }
};
static_assert(detail::same_layout<Result, EncastResult>);

/// The answer to a search for a bitrate or a CRF. All fields are those of EncastRecommendation.
struct Recommendation : EncastRecommendation {
    /// Nothing searched for yet.
    Recommendation() noexcept : EncastRecommendation{} {
        static_cast<void>(encast_recommendation_init(this, sizeof(EncastRecommendation)));
    }

    /// Whether a setting within the limits reaches the target.
    [[nodiscard]] bool reached() const noexcept { return get_outcome() == Outcome::reached; }
    /// What became of the search.
    [[nodiscard]] Outcome get_outcome() const noexcept { return static_cast<Outcome>(outcome); }
    /// The limit that stands against the target, when the outcome is Outcome::over_limit.
    [[nodiscard]] Limit get_limit() const noexcept { return static_cast<Limit>(limit); }
};
static_assert(detail::same_layout<Recommendation, EncastRecommendation>);

/// One rung of a ladder: an encode, and what is forecast of it. All fields are those of EncastRung.
struct Rung : EncastRung {
    /// Everything unknown.
    Rung() noexcept : EncastRung{} { static_cast<void>(encast_rung_init(this, sizeof(EncastRung))); }

    /// The inputs of this rung outside of what the model saw in training.
    [[nodiscard]] FieldSet fields_out_of_range() const noexcept { return FieldSet(out_of_range); }
};
static_assert(detail::same_layout<Rung, EncastRung>);

/// What changes from one encode of a source to another. All fields are those of EncastComparison.
struct Comparison : EncastComparison {
    /// Everything unknown.
    Comparison() noexcept : EncastComparison{} {
        static_cast<void>(encast_comparison_init(this, sizeof(EncastComparison)));
    }

    /// What changes of a target.
    [[nodiscard]] Difference difference(Target target) const noexcept {
        const auto place = detail::part<EncastComparison, EncastDifference>(target);
        constexpr Estimate none = {unknown, unknown, unknown};
        return place == nullptr ? Difference{none, none} : this->*place;
    }
};
static_assert(detail::same_layout<Comparison, EncastComparison>);

/// Two encodes of one source: what is forecast of each, and what changes from the first to the second.
struct Compared {
    /// The forecast of the first.
    Result a;
    /// The forecast of the second.
    Result b;
    /// What changes.
    Comparison change;
};

/// A setup (encoder, preset, size) with what is forecast of it, or why it does not reach the goal. All fields are those
/// of EncastProposal.
struct Proposal : EncastProposal {
    /// Everything unknown.
    Proposal() noexcept : EncastProposal{} { static_cast<void>(encast_proposal_init(this, sizeof(EncastProposal))); }

    /// Whether it reaches the goal, or why not.
    [[nodiscard]] Outcome get_outcome() const noexcept { return static_cast<Outcome>(outcome); }
    /// The limit, when the outcome is Outcome::over_limit.
    [[nodiscard]] Limit get_limit() const noexcept { return static_cast<Limit>(limit); }
    /// The codec; Codec::none where the model knows of none.
    [[nodiscard]] Codec get_codec() const noexcept { return static_cast<Codec>(codec); }
    /// The encoder; Encoder::none where the model knows codecs only.
    [[nodiscard]] Encoder get_encoder() const noexcept { return static_cast<Encoder>(encoder); }
    /// The encoder's own name of its preset; empty where the model knows none. It belongs to the proposal.
    [[nodiscard]] std::string_view preset_name() const & noexcept { return text(preset); }
    /// Not of a proposal that goes away with the expression.
    std::string_view preset_name() const && = delete;
    /// The inputs of this setup outside of what the model saw in training.
    [[nodiscard]] FieldSet fields_out_of_range() const noexcept { return FieldSet(out_of_range); }
};
static_assert(detail::same_layout<Proposal, EncastProposal>);

/// The setups of an advice, and how many there are.
struct Advice {
    /// The best, at most as many as were asked for: first those that reach the goal, best first, then the others.
    std::vector<Proposal> proposals;
    /// How many setups there are in all.
    std::size_t setups = 0;
};

/// What a model says of itself, in short. All fields are those of EncastModelInfo; text() reads its texts.
struct ModelInfo : EncastModelInfo {
    /// Everything unknown.
    ModelInfo() noexcept : EncastModelInfo{} {
        static_cast<void>(encast_model_info_init(this, sizeof(EncastModelInfo)));
    }

    /// What the model forecasts.
    [[nodiscard]] TargetSet forecasts() const noexcept { return TargetSet(targets); }
};
static_assert(detail::same_layout<ModelInfo, EncastModelInfo>);

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_ANSWERS_HPP

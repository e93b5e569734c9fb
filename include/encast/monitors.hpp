// What became of encodes that were forecast: encast::Monitor and what it tells.
#ifndef ENCAST_MONITORS_HPP
#define ENCAST_MONITORS_HPP

#include "answers.hpp"
#include "error.hpp"
#include "features.hpp"
#include "model.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "sites.hpp"

#include <encast.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// What a monitor keeps, and when it warns. All fields are those of EncastMonitorOptions, with its ranges and defaults.
struct MonitorOptions : EncastMonitorOptions {
    /// The defaults.
    MonitorOptions() noexcept : EncastMonitorOptions{} {
        static_cast<void>(encast_monitor_options_init(this, sizeof(EncastMonitorOptions)));
    }
};
static_assert(detail::same_layout<MonitorOptions, EncastMonitorOptions>);

/// What one observation came to. All fields are those of EncastObserved.
struct Observed : EncastObserved {
    /// Nothing observed yet.
    Observed() noexcept : EncastObserved{} {
        static_cast<void>(encast_observed_init(this, sizeof(EncastObserved)));
    }
};
static_assert(detail::same_layout<Observed, EncastObserved>);

/// Residuals of one target, codec and encoder. All fields are those of EncastDriftStream.
struct DriftStream : EncastDriftStream {
    /// Everything unknown.
    DriftStream() noexcept : EncastDriftStream{} {
        static_cast<void>(encast_drift_stream_init(this, sizeof(EncastDriftStream)));
    }

    /// What is forecast.
    [[nodiscard]] Target get_target() const noexcept { return static_cast<Target>(target); }
    /// The codec; Codec::none where it is not known.
    [[nodiscard]] Codec get_codec() const noexcept { return static_cast<Codec>(codec); }
    /// The encoder; Encoder::none where it is not known.
    [[nodiscard]] Encoder get_encoder() const noexcept { return static_cast<Encoder>(encoder); }
    /// Whether the stream is in alarm.
    [[nodiscard]] bool alarm() const noexcept { return score >= 1; }
};
static_assert(detail::same_layout<DriftStream, EncastDriftStream>);

/// Errors of the forecasts that were told, of one target and codec. All fields are those of EncastForecastErrors.
struct ForecastErrors : EncastForecastErrors {
    /// Everything unknown.
    ForecastErrors() noexcept : EncastForecastErrors{} {
        static_cast<void>(encast_forecast_errors_init(this, sizeof(EncastForecastErrors)));
    }

    /// What was forecast.
    [[nodiscard]] Target get_target() const noexcept { return static_cast<Target>(target); }
    /// The codec; Codec::none where it is not known.
    [[nodiscard]] Codec get_codec() const noexcept { return static_cast<Codec>(codec); }
};
static_assert(detail::same_layout<ForecastErrors, EncastForecastErrors>);

/// How one input compares with the training rows. All fields are those of EncastInputDrift.
struct InputDrift : EncastInputDrift {
    /// Everything unknown.
    InputDrift() noexcept : EncastInputDrift{} {
        static_cast<void>(encast_input_drift_init(this, sizeof(EncastInputDrift)));
    }

    /// The input.
    [[nodiscard]] Field get_field() const noexcept { return static_cast<Field>(field); }
};
static_assert(detail::same_layout<InputDrift, EncastInputDrift>);

/// What a correction would add to the forecasts of a target for a codec. All fields are those of EncastOffset.
struct Offset : EncastOffset {
    /// Everything unknown.
    Offset() noexcept : EncastOffset{} { static_cast<void>(encast_offset_init(this, sizeof(EncastOffset))); }

    /// What is corrected.
    [[nodiscard]] Target get_target() const noexcept { return static_cast<Target>(target); }
    /// The codec; Codec::none where it is not known.
    [[nodiscard]] Codec get_codec() const noexcept { return static_cast<Codec>(codec); }
};
static_assert(detail::same_layout<Offset, EncastOffset>);

/// Watches the forecasts of one model: errors, coverage and drift, and what would correct them. It needs its model no
/// more once it is made. Any number of threads may use one at the same time, their calls wait for one another; none may
/// destroy or assign it meanwhile.
class Monitor : public detail::Owner<EncastMonitor> {
public:
    using Owner::Owner;

    /// A monitor of a model that has seen nothing yet. Status::invalid_field for options beyond their bounds.
    [[nodiscard]] static Expected<Monitor> try_new(const Model &model,
                                                   const MonitorOptions &options = MonitorOptions()) {
        EncastMonitor *handle = nullptr;
        if (const auto status = encast_monitor_new(model.get(), &options, &handle); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return Monitor(handle);
    }
    /// Takes one observation: a measured encode, of which the model's own forecast is held to have been told. Errors as
    /// Model::try_predict(); Status::missing_field when nothing was measured. After an error the monitor is as it was.
    [[nodiscard]] Expected<Observed> try_observe(const Features &features, const Targets &measured) {
        return observe_told(features, measured, nullptr, 0);
    }
    /// The same with what was told of the encode; level: the probability that its intervals promise.
    [[nodiscard]] Expected<Observed> try_observe(const Features &features, const Targets &measured,
                                                 const Result &forecast, double level = 0.9) {
        return observe_told(features, measured, &forecast, level);
    }
    /// Bias and drift of the model's own forecasts, by target, codec and encoder.
    [[nodiscard]] Expected<std::vector<DriftStream>> try_streams() const {
        return list<DriftStream, EncastDriftStream>(encast_monitor_streams);
    }
    /// Errors and coverage of what was told, by target and codec.
    [[nodiscard]] Expected<std::vector<ForecastErrors>> try_errors() const {
        return list<ForecastErrors, EncastForecastErrors>(encast_monitor_errors);
    }
    /// The inputs of the newest observations beside those of the training, by field.
    [[nodiscard]] Expected<std::vector<InputDrift>> try_inputs() const {
        return list<InputDrift, EncastInputDrift>(encast_monitor_inputs);
    }
    /// What a correction would add, by target and codec.
    [[nodiscard]] Expected<std::vector<Offset>> try_offsets() const {
        return list<Offset, EncastOffset>(encast_monitor_offsets);
    }
    /// Puts what a correction would add into the options of forecasts; all else in them stays.
    [[nodiscard]] Expected<void> try_correct(PredictOptions &options) const {
        if (const auto status = encast_monitor_correction(get(), &options); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return {};
    }
#if ENCAST_CPP_EXCEPTIONS
    /// As try_new(); throws its Error.
    explicit Monitor(const Model &model, const MonitorOptions &options = MonitorOptions())
        : Monitor(detail::value(try_new(model, options))) {}
    /// As try_observe(); throws its Error.
    Observed observe(const Features &features, const Targets &measured) {
        return detail::value(try_observe(features, measured));
    }
    /// As try_observe(); throws its Error.
    Observed observe(const Features &features, const Targets &measured, const Result &forecast, double level = 0.9) {
        return detail::value(try_observe(features, measured, forecast, level));
    }
    /// As try_streams(); throws its Error.
    [[nodiscard]] std::vector<DriftStream> streams() const { return detail::value(try_streams()); }
    /// As try_errors(); throws its Error.
    [[nodiscard]] std::vector<ForecastErrors> errors() const { return detail::value(try_errors()); }
    /// As try_inputs(); throws its Error.
    [[nodiscard]] std::vector<InputDrift> inputs() const { return detail::value(try_inputs()); }
    /// As try_offsets(); throws its Error.
    [[nodiscard]] std::vector<Offset> offsets() const { return detail::value(try_offsets()); }
    /// As try_correct(); throws its Error.
    void correct(PredictOptions &options) const { detail::value(try_correct(options)); }
#endif

private:
    Expected<Observed> observe_told(const Features &features, const Targets &measured, const Result *forecast,
                                    double level) {
        Observed seen;
        const auto status = encast_monitor_observe(get(), &features, &measured, forecast, level, &seen);
        if (status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return seen;
    }

    template <class Row, class Struct>
    Expected<std::vector<Row>> list(std::int32_t (*ask)(const EncastMonitor *, Struct *, std::size_t,
                                                        std::size_t *)) const {
        std::vector<Row> rows(64);
        for (;;) {
            std::size_t count = 0;
            const auto status = ask(get(), rows.data(), rows.size(), &count);
            if (status == ENCAST_STATUS_OK) {
                rows.resize(count);
                return rows;
            }
            if (status != ENCAST_STATUS_BUFFER_TOO_SMALL) {
                return detail::failed(status);
            }
            rows.resize(count);
        }
    }
};

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_MONITORS_HPP

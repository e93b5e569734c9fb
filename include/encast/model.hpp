// encast::Model: everything that is asked of a trained model.
#ifndef ENCAST_MODEL_HPP
#define ENCAST_MODEL_HPP

#include "answers.hpp"
#include "error.hpp"
#include "features.hpp"
#include "options.hpp"
#include "score.hpp"
#include "sites.hpp"
#include "span.hpp"

#include <encast.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// A trained model. It moves and does not copy; share one by reference or in a shared_ptr. It never changes: any number
/// of threads may use one at the same time, and none may destroy or assign it meanwhile. A call on an empty one, such
/// as one that was moved from, gives Status::null_pointer.
///
/// Every operation has two forms: try_x() returns an Expected, x() returns the answer and throws the Error.
class Model : public detail::Owner<EncastModel> {
    using Options = detail::Optional<EncastPredictOptions>;
    using Signature = detail::Optional<EncastLoadOptions>;

public:
    using Owner::Owner;

    /// The default model, which is part of the library: no file is read.
    [[nodiscard]] static Expected<Model> try_load_default() {
        return made([](EncastModel **model) { return encast_load_default_model(model); });
    }
    /// Loads a model from a file, JSON or binary by its content; everything in it is checked. path: on Unix any bytes,
    /// elsewhere UTF-8. Status::model_missing, io, wrong_magic, truncated, checksum, corrupt, too_large, newer_format.
    /// options: which signature it must have; without them none, else also Status::not_signed, bad_signature, bad_key.
    [[nodiscard]] static Expected<Model> try_load(const std::string &path, Signature options = {}) {
        if (auto done = detail::whole(path, "path"); !done) {
            return Unexpected(done.error());
        }
        return made([&](EncastModel **model) {
            return options.get() == nullptr ? encast_load_model(path.c_str(), model)
                                            : encast_load_model_with(path.c_str(), options.get(), model);
        });
    }
    /// Loads a model from the bytes of a bundle, to which it keeps no reference. Errors as try_load(), without those of
    /// the file system.
    [[nodiscard]] static Expected<Model> try_load_memory(Span<const std::uint8_t> bytes, Signature options = {}) {
        return made([&](EncastModel **out) {
            return options.get() == nullptr
                       ? encast_load_model_from_memory(bytes.data(), bytes.size(), out)
                       : encast_load_model_from_memory_with(bytes.data(), bytes.size(), options.get(), out);
        });
    }
    /// Trains a model on measured encodes, in this process; it takes seconds to minutes. Row i of the features belongs
    /// to row i of the targets; several titles of several rows each are needed. No row is kept.
    /// Status::length_mismatch, invalid_field, missing_field, unknown_name, contradiction, too_few, constant_target,
    /// learner; the text names the row where one is to blame.
    [[nodiscard]] static Expected<Model> try_retrain(Span<const Features> features, Span<const Targets> targets,
                                                     detail::Optional<EncastRetrainOptions> options = {}) {
        if (features.size() != targets.size()) {
            return detail::refused(Status::length_mismatch, "features have " + std::to_string(features.size()) +
                                                                " rows, targets " + std::to_string(targets.size()));
        }
        return made([&](EncastModel **model) {
            return encast_retrain(features.data(), targets.data(), features.size(), options.get(), model);
        });
    }

    /// Saves the model: as JSON when the name ends in ".json", else as compact binary. The file appears whole or not at
    /// all; on Status::io an existing file is as it was, unless the text says that only its folder could not be synced:
    /// then the new file is there, and may be lost when the machine stops.
    [[nodiscard]] Expected<void> try_save(const std::string &path) const {
        if (auto done = detail::whole(path, "path"); !done) {
            return done;
        }
        return detail::checked(encast_save_model(get(), path.c_str()));
    }
    /// What the model says of itself, in short.
    [[nodiscard]] Expected<ModelInfo> try_info() const {
        ModelInfo info;
        return answer(encast_model_info(get(), &info), info);
    }
    /// All that the model says of itself as one JSON object: accuracy by target and tier, ranges of the inputs seen,
    /// the tables trained on, the probe recipe.
    [[nodiscard]] Expected<std::string> try_metadata_json() const {
        std::string json;
        std::size_t length = 0;
        std::int32_t status = encast_model_metadata_json(get(), nullptr, 0, &length);
        if (status == ENCAST_STATUS_BUFFER_TOO_SMALL) {
            json.resize(length + 1);
            status = encast_model_metadata_json(get(), json.data(), json.size(), &length);
            json.resize(status == ENCAST_STATUS_OK ? length : 0);
        }
        if (status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return json;
    }

    /// Forecasts one encode; nothing is allocated when it succeeds. Status::invalid_field, missing_field, unknown_name,
    /// contradiction, not_predicted, bad_number, bad_text.
    [[nodiscard]] Expected<Result> try_predict(const Features &features, Options options = {}) const {
        Result result;
        return answer(encast_predict(get(), &features, options.get(), &result), result);
    }
    /// Forecasts many encodes into the results, all or none: the answers that try_predict() gives for each. Both are
    /// read and written where they are; nothing is copied or allocated when it succeeds. Errors as try_predict(), with
    /// the row to blame in Error::row(), and Status::length_mismatch.
    [[nodiscard]] Expected<void> try_predict_batch(Span<const Features> features, Span<Result> results,
                                                   Options options = {}) const {
        if (features.size() != results.size()) {
            return detail::refused(Status::length_mismatch, "features have " + std::to_string(features.size()) +
                                                                " rows, results " + std::to_string(results.size()));
        }
        return of_rows([&](std::size_t *row) {
            return encast_predict_batch(get(), features.data(), features.size(), options.get(), results.data(), row);
        });
    }
    /// Forecasts chosen targets of many encodes, all or none: bit for bit what try_predict() gives for each row,
    /// without confidence, recommendation and flags. features: what is the same in every row, without anchors; what a
    /// column has stands in place of its field. rows: how many values each column, and how many places each of the
    /// scores has. Rows that differ in bitrate_kbps or crf only share most of the work. Errors as try_predict_batch().
    [[nodiscard]] Expected<void> try_score(const Features &features, Span<const Column> columns, std::size_t rows,
                                           Span<const Scores> scores, Options options = {}) const {
        return of_rows([&](std::size_t *row) {
            return encast_score(get(), &features, columns.data(), columns.size(), rows, options.get(), scores.data(),
                                scores.size(), row);
        });
    }
    /// Finds the smallest bitrate that reaches a VMAF; bitrate_kbps and crf are not looked at. An unreachable target is
    /// an answer that says so, and so is one beyond a limit. Errors as try_predict().
    [[nodiscard]] Expected<Recommendation> try_recommend_bitrate(const Features &features, Options options = {}) const {
        Recommendation found;
        return answer(encast_recommend_bitrate(get(), &features, options.get(), &found), found);
    }
    /// Finds the highest whole CRF that reaches a VMAF, as try_recommend_bitrate(); codec or encoder have to be known.
    [[nodiscard]] Expected<Recommendation> try_recommend_crf(const Features &features, Options options = {}) const {
        Recommendation found;
        return answer(encast_recommend_crf(get(), &features, options.get(), &found), found);
    }
    /// Makes the bitrate ladder of a source, from the lowest rung; no rungs when no allowed encode reaches bottom_vmaf.
    /// The encoded size, bitrate_kbps and crf are not looked at. Errors as try_recommend_bitrate(), and missing_field
    /// when neither sizes nor the source's size are given.
    [[nodiscard]] Expected<std::vector<Rung>> try_ladder(const Features &features,
                                                         detail::Optional<EncastLadderOptions> ladder = {},
                                                         Options options = {}) const {
        const LadderOptions defaults;
        const EncastLadderOptions &chosen = ladder.get() == nullptr ? defaults : *ladder.get();
        std::size_t count = most_rungs(chosen);
        for (;;) {
            std::vector<Rung> rungs(count);
            const auto status =
                encast_ladder(get(), &features, &chosen, options.get(), rungs.data(), rungs.size(), &count);
            if (status == ENCAST_STATUS_BUFFER_TOO_SMALL && count > rungs.size()) {
                continue;
            }
            if (status != ENCAST_STATUS_OK) {
                return detail::failed(status);
            }
            rungs.resize(std::min(count, rungs.size()));
            return rungs;
        }
    }
    /// Forecasts two encodes of one source, and what changes from the first to the second. The intervals of the
    /// differences hold for two encodes of one source only. Errors as try_predict().
    [[nodiscard]] Expected<Compared> try_compare(const Features &a, const Features &b, Options options = {}) const {
        Compared both;
        return answer(encast_compare(get(), &a, &b, options.get(), &both.a, &both.b, &both.change), both);
    }
    /// Ranks setups of an encode: which encoder, preset, size and rate reach a goal; those that do come first, best
    /// first. most: how many proposals are kept at most. Errors as try_recommend_bitrate(), and missing_field when
    /// there is neither a target nor a limit, or neither sizes nor the source's size.
    [[nodiscard]] Expected<Advice> try_advise(const Features &features,
                                              detail::Optional<EncastAdviseOptions> advise = {}, Options options = {},
                                              std::size_t most = 64) const {
        Advice advice;
        advice.proposals.resize(most);
        const auto status = encast_advise(get(), &features, advise.get(), options.get(), advice.proposals.data(), most,
                                          &advice.setups);
        if (status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        advice.proposals.resize(std::min(most, advice.setups));
        return advice;
    }

#if ENCAST_CPP_EXCEPTIONS
    /// As try_load_default(); throws its Error.
    [[nodiscard]] static Model load_default() { return detail::value(try_load_default()); }
    /// As try_load(); throws its Error.
    [[nodiscard]] static Model load(const std::string &path, Signature options = {}) {
        return detail::value(try_load(path, options));
    }
    /// As try_load_memory(); throws its Error.
    [[nodiscard]] static Model load_memory(Span<const std::uint8_t> bytes, Signature options = {}) {
        return detail::value(try_load_memory(bytes, options));
    }
    /// As try_retrain(); throws its Error.
    [[nodiscard]] static Model retrain(Span<const Features> features, Span<const Targets> targets,
                                       detail::Optional<EncastRetrainOptions> options = {}) {
        return detail::value(try_retrain(features, targets, options));
    }
    /// As try_save(); throws its Error.
    void save(const std::string &path) const { detail::value(try_save(path)); }
    /// As try_info(); throws its Error.
    [[nodiscard]] ModelInfo info() const { return detail::value(try_info()); }
    /// As try_metadata_json(); throws its Error.
    [[nodiscard]] std::string metadata_json() const { return detail::value(try_metadata_json()); }
    /// As try_predict(); throws its Error.
    [[nodiscard]] Result predict(const Features &features, Options options = {}) const {
        return detail::value(try_predict(features, options));
    }
    /// As try_predict_batch(); throws its Error.
    void predict_batch(Span<const Features> features, Span<Result> results, Options options = {}) const {
        detail::value(try_predict_batch(features, results, options));
    }
    /// As try_score(); throws its Error.
    void score(const Features &features, Span<const Column> columns, std::size_t rows, Span<const Scores> scores,
               Options options = {}) const {
        detail::value(try_score(features, columns, rows, scores, options));
    }
    /// As try_recommend_bitrate(); throws its Error.
    [[nodiscard]] Recommendation recommend_bitrate(const Features &features, Options options = {}) const {
        return detail::value(try_recommend_bitrate(features, options));
    }
    /// As try_recommend_crf(); throws its Error.
    [[nodiscard]] Recommendation recommend_crf(const Features &features, Options options = {}) const {
        return detail::value(try_recommend_crf(features, options));
    }
    /// As try_ladder(); throws its Error.
    [[nodiscard]] std::vector<Rung> ladder(const Features &features, detail::Optional<EncastLadderOptions> ladder = {},
                                           Options options = {}) const {
        return detail::value(try_ladder(features, ladder, options));
    }
    /// As try_compare(); throws its Error.
    [[nodiscard]] Compared compare(const Features &a, const Features &b, Options options = {}) const {
        return detail::value(try_compare(a, b, options));
    }
    /// As try_advise(); throws its Error.
    [[nodiscard]] Advice advise(const Features &features, detail::Optional<EncastAdviseOptions> advise = {},
                                Options options = {}, std::size_t most = 64) const {
        return detail::value(try_advise(features, advise, options, most));
    }
#endif

private:
    template <class Make>
    static Expected<Model> made(Make make) {
        EncastModel *handle = nullptr;
        if (const std::int32_t status = make(&handle); status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return Model(handle);
    }

    template <class Answer>
    static Expected<Answer> answer(std::int32_t status, const Answer &answer) {
        if (status != ENCAST_STATUS_OK) {
            return detail::failed(status);
        }
        return answer;
    }

    /// What became of a call that tells the row to blame.
    template <class Call>
    static Expected<void> of_rows(Call call) {
        constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
        std::size_t row = none;
        if (const std::int32_t status = call(&row); status != ENCAST_STATUS_OK) {
            return detail::failed(status, row == none ? std::nullopt : std::optional<std::size_t>(row));
        }
        return {};
    }

    /// As many rungs as a ladder can have, or a guess where its options are none that the library takes.
    static std::size_t most_rungs(const EncastLadderOptions &ladder) noexcept {
        const double rungs = (ladder.top_vmaf - ladder.bottom_vmaf) / ladder.step_vmaf + 2;
        if (ladder.bitrate_count > 0) {
            return std::min<std::size_t>(ladder.bitrate_count, ENCAST_LADDER_MOST);
        }
        return rungs >= 1 && rungs <= 1024 ? static_cast<std::size_t>(rungs) : 16;
    }
};

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_MODEL_HPP

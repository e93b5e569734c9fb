// encast::Column, encast::Scores: columns in, columns out.
#ifndef ENCAST_SCORE_HPP
#define ENCAST_SCORE_HPP

#include "features.hpp"
#include "numbers.hpp"
#include "span.hpp"

#include <encast.h>

#include <cstdint>

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// Code of a row whose name is not known, in Column::codes.
inline constexpr std::uint32_t unknown_name = ENCAST_UNKNOWN_NAME;
/// Most names that a column of names takes.
inline constexpr std::size_t column_names_most = ENCAST_COLUMN_NAMES_MOST;

/// The values of one input, one a row. Nothing is copied: what they point to has to outlive the calls that the column
/// is used in. Each column of a table has one value for each row; Model::try_score() can't check that.
struct Column : EncastColumn {
    /// Of no input.
    Column() noexcept : EncastColumn{} { static_cast<void>(encast_column_init(this, sizeof(EncastColumn))); }
    /// Of an input of numbers, in its unit; NaN is unknown.
    Column(Field input, Span<const double> numbers) noexcept : Column() {
        field = static_cast<std::uint32_t>(input);
        values = numbers.data();
    }
    /// Of an input of names: places in the names, or unknown_name.
    Column(Field input, Span<const std::uint32_t> places, Span<const char *const> known_names) noexcept : Column() {
        field = static_cast<std::uint32_t>(input);
        codes = places.data();
        names = known_names.data();
        name_count = known_names.size();
    }
};
static_assert(detail::same_layout<Column, EncastColumn>);

/// Where the forecasts of one target go, one a row, in its unit; NaN where the inputs of a row do not give it. Nothing
/// is allocated: the places belong to the caller.
struct Scores : EncastScores {
    /// Of no target.
    Scores() noexcept : EncastScores{} { static_cast<void>(encast_scores_init(this, sizeof(EncastScores))); }
    /// The forecasts alone; one place for each row.
    Scores(Target of, Span<double> forecasts) noexcept : Scores() {
        target = static_cast<std::uint32_t>(of);
        values = forecasts.data();
    }
    /// The forecasts, and the ends of their intervals; one place for each row.
    Scores(Target of, Span<double> forecasts, Span<double> lower_ends, Span<double> upper_ends) noexcept
        : Scores(of, forecasts) {
        lower = lower_ends.data();
        upper = upper_ends.data();
    }
};
static_assert(detail::same_layout<Scores, EncastScores>);

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_SCORE_HPP

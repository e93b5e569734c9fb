// What went wrong: encast::Error, and encast::Expected for an answer or an error.
#ifndef ENCAST_ERROR_HPP
#define ENCAST_ERROR_HPP

#include "config.hpp"
#include "numbers.hpp"

#include <encast.h>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#if ENCAST_CPP_EXPECTED
#include <expected>
#else
#include <variant>
#endif

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

/// Why a call did not succeed. It owns its texts: it may be kept, copied and handed to other threads. Copying it does
/// not throw.
class Error : public std::runtime_error {
public:
    /// An error with its status, what() and field(); for tests and wrappers. Allocates.
    explicit Error(Status status, const std::string &text, const std::string &field = {},
                   std::optional<std::size_t> row = std::nullopt)
        : std::runtime_error(text), status_(status), field_(field), row_(row) {}

    /// The error of the last call on this thread, whose status is given. Allocates.
    [[nodiscard]] static Error of_last_call(std::int32_t status, std::optional<std::size_t> row = std::nullopt) {
        return Error(static_cast<Status>(status), encast_last_error(), encast_last_error_field(), row);
    }

    /// The status. A later library may return one that Status does not list.
    [[nodiscard]] Status status() const noexcept { return status_; }
    /// One line of UTF-8 that names field, value and bound where there are such; the same as what().
    [[nodiscard]] std::string_view text() const noexcept { return what(); }
    /// The input to blame, such as "bitrate_kbps" or "anchors[1].vmaf"; empty when it is none.
    [[nodiscard]] std::string_view field() const noexcept { return field_.what(); }
    /// The row of a batch to blame, from 0; none when it is no row's fault. The text names it too.
    [[nodiscard]] std::optional<std::size_t> row() const noexcept { return row_; }

private:
    Status status_;
    std::runtime_error field_;  // for its text, whose copies do not throw, as those of an exception must not
    std::optional<std::size_t> row_;
};

#if ENCAST_CPP_EXPECTED
/// A T, or the Error that stands against it: std::expected. value() of an error throws std::bad_expected_access<Error>.
template <class T>
using Expected = std::expected<T, Error>;
/// What an Expected is made of when there is an error.
using Unexpected = std::unexpected<Error>;
#else
/// What an Expected is made of when there is an error.
class Unexpected {
public:
    /// Takes the error.
    explicit Unexpected(Error error) noexcept : error_(std::move(error)) {}
    /// The error.
    [[nodiscard]] Error &error() noexcept { return error_; }

private:
    Error error_;
};

/// A T, or the Error that stands against it: the part of C++23's std::expected that programs use most.
template <class T>
class [[nodiscard]] Expected {
public:
    /// An answer.
    Expected(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    /// An error.
    Expected(Unexpected error) : held_(std::in_place_index<1>, std::move(error.error())) {}

    /// Whether there is an answer.
    [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
    /// Whether there is an answer.
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
    /// The answer; there has to be one.
    [[nodiscard]] T &operator*() & noexcept { return *std::get_if<0>(&held_); }
    /// The answer; there has to be one.
    [[nodiscard]] const T &operator*() const & noexcept { return *std::get_if<0>(&held_); }
    /// The answer, to be moved from; there has to be one.
    [[nodiscard]] T &&operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }
    /// A member of the answer; there has to be one.
    [[nodiscard]] T *operator->() noexcept { return std::get_if<0>(&held_); }
    /// A member of the answer; there has to be one.
    [[nodiscard]] const T *operator->() const noexcept { return std::get_if<0>(&held_); }
    /// The error; there has to be one.
    [[nodiscard]] const Error &error() const noexcept { return *std::get_if<1>(&held_); }
    /// The answer, or another one where there is an error.
    template <class Other>
    [[nodiscard]] T value_or(Other &&other) && {
        return has_value() ? std::move(**this) : static_cast<T>(std::forward<Other>(other));
    }
    /// The answer, or another one where there is an error.
    template <class Other>
    [[nodiscard]] T value_or(Other &&other) const & {
        return has_value() ? **this : static_cast<T>(std::forward<Other>(other));
    }
#if ENCAST_CPP_EXCEPTIONS
    /// The answer. Throws the Error where there is one.
    [[nodiscard]] T &value() & { return has_value() ? **this : throw error(); }
    /// The answer. Throws the Error where there is one.
    [[nodiscard]] const T &value() const & { return has_value() ? **this : throw error(); }
    /// The answer, to be moved from. Throws the Error where there is one.
    [[nodiscard]] T &&value() && { return has_value() ? std::move(**this) : throw error(); }
#endif

private:
    std::variant<T, Error> held_;
};

/// Nothing more than that it is done, or the Error that stands against it.
template <>
class [[nodiscard]] Expected<void> {
public:
    /// Done.
    Expected() noexcept = default;
    /// An error.
    Expected(Unexpected error) noexcept : error_(std::move(error.error())) {}

    /// Whether it is done.
    [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
    /// Whether it is done.
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
    /// The error; there has to be one.
    [[nodiscard]] const Error &error() const noexcept { return *error_; }
#if ENCAST_CPP_EXCEPTIONS
    /// Throws the Error where there is one.
    void value() const {
        if (error_.has_value()) {
            throw *error_;
        }
    }
#endif

private:
    std::optional<Error> error_;
};
#endif

/// What the wrapper's parts share; not for programs.
namespace detail {

/// The error of the last call on this thread.
[[nodiscard]] inline Unexpected failed(std::int32_t status, std::optional<std::size_t> row = std::nullopt) {
    return Unexpected(Error::of_last_call(status, row));
}

/// An error that the wrapper finds itself.
[[nodiscard]] inline Unexpected refused(Status status, const std::string &text, const std::string &field = {}) {
    return Unexpected(Error(status, text, field));
}

/// Done, or the error of the last call on this thread.
[[nodiscard]] inline Expected<void> checked(std::int32_t status) {
    if (status != ENCAST_STATUS_OK) {
        return failed(status);
    }
    return {};
}

#if ENCAST_CPP_EXCEPTIONS
/// The answer, or the Error thrown, the same in all standards.
template <class T>
T value(Expected<T> &&expected) {
    if (!expected) {
        throw Error(expected.error());
    }
    if constexpr (!std::is_void_v<T>) {
        return *std::move(expected);
    }
}
#endif

/// A text for a parameter of encast.h, which ends at its first NUL: one that holds a NUL is an error.
[[nodiscard]] inline Expected<void> whole(std::string_view text, const char *field) {
    if (text.find('\0') != std::string_view::npos) {
        return refused(Status::bad_text, std::string(field) + " holds a NUL within the text", field);
    }
    return {};
}

/// Copies a text into a fixed array of a struct, or says why it does not fit; then the array stays as it is.
template <std::size_t capacity>
[[nodiscard]] Expected<void> assign(char (&array)[capacity], std::string_view text, const char *field) {
    if (text.size() >= capacity) {
        return refused(Status::bad_text,
                       std::string(field) + " has " + std::to_string(text.size()) + " bytes: must be at most " +
                           std::to_string(capacity - 1),
                       field);
    }
    if (auto done = whole(text, field); !done) {
        return done;
    }
    text.copy(array, text.size());
    for (std::size_t i = text.size(); i < capacity; i++) {
        array[i] = '\0';
    }
    return {};
}

/// An argument that may be left out: a reference, or nothing.
template <class T>
class Optional {
public:
    /// Left out.
    constexpr Optional() noexcept = default;
    /// Given; it has to live as long as the call.
    constexpr Optional(const T &given) noexcept : given_(&given) {}
    /// A pointer as encast.h takes it.
    [[nodiscard]] constexpr const T *get() const noexcept { return given_; }

private:
    const T *given_ = nullptr;
};

}  // namespace detail

/// The text in a fixed array of a struct, such as EncastModelInfo.version; it belongs to the array.
template <std::size_t capacity>
[[nodiscard]] std::string_view text(const char (&array)[capacity]) noexcept {
    const std::string_view all(array, capacity);
    const std::size_t end = all.find('\0');
    return all.substr(0, end == std::string_view::npos ? capacity : end);
}

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_ERROR_HPP

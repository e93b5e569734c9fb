// encast::Span: std::span, or as much of it as the wrapper needs.
#ifndef ENCAST_SPAN_HPP
#define ENCAST_SPAN_HPP

#include "config.hpp"

#include <cstddef>
#if ENCAST_CPP_SPAN
#include <span>
#else
#include <type_traits>
#include <utility>
#endif

namespace encast {
inline namespace ENCAST_CPP_VARIANT {

#if ENCAST_CPP_SPAN
/// A view of elements that stand one behind the other and belong to somebody else.
template <class T>
using Span = std::span<T>;
#else
/// A view of elements that stand one behind the other and belong to somebody else: the part of C++20's std::span that
/// the wrapper needs. It converts from arrays, and from containers with data() and size().
template <class T>
class Span {
    template <class Container>
    using Data = std::remove_pointer_t<decltype(std::declval<Container &>().data())>;

public:
    /// No elements.
    constexpr Span() noexcept = default;
    /// size elements from data on.
    constexpr Span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /// All elements of an array.
    template <std::size_t size>
    constexpr Span(T (&array)[size]) noexcept : data_(array), size_(size) {}
    /// All elements of a container, which has to outlive the view.
    template <class Container, class = std::enable_if_t<std::is_convertible_v<Data<Container> (*)[], T (*)[]>>>
    constexpr Span(Container &container) noexcept : data_(container.data()), size_(container.size()) {}
    /// All elements of a container that does not change, which has to outlive the view.
    template <class Container, class = std::enable_if_t<std::is_convertible_v<Data<const Container> (*)[], T (*)[]>>>
    constexpr Span(const Container &container) noexcept : data_(container.data()), size_(container.size()) {}

    /// The first element; may be null when there are none.
    [[nodiscard]] constexpr T *data() const noexcept { return data_; }
    /// How many elements.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    /// The first element.
    [[nodiscard]] constexpr T *begin() const noexcept { return data_; }
    /// Behind the last element.
    [[nodiscard]] constexpr T *end() const noexcept { return data_ + size_; }
    /// An element; index is below size().
    [[nodiscard]] constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

}  // namespace ENCAST_CPP_VARIANT
}  // namespace encast

#endif  // ENCAST_SPAN_HPP

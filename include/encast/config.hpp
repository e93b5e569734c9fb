// What the C++ wrapper finds in its compiler. Included by the headers beside it.
#ifndef ENCAST_CONFIG_HPP
#define ENCAST_CONFIG_HPP

#if !defined(__cplusplus) || (__cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L))
#error "encast.hpp needs C++17 or later; encast.h serves older compilers"
#endif

#if defined(__has_include)
#if __has_include(<version>)
#include <version>
#endif
#endif

// 1 = the throwing forms are there. Define ENCAST_NO_EXCEPTIONS to leave them out where exceptions are on.
#if defined(__cpp_exceptions) && !defined(ENCAST_NO_EXCEPTIONS)
#define ENCAST_CPP_EXCEPTIONS 1
#else
#define ENCAST_CPP_EXCEPTIONS 0
#endif

#if defined(__cpp_lib_span)
#define ENCAST_CPP_SPAN 1
#else
#define ENCAST_CPP_SPAN 0
#endif

#if defined(__cpp_lib_expected)
#define ENCAST_CPP_EXPECTED 1
#else
#define ENCAST_CPP_EXPECTED 0
#endif

// The standards differ in what a span and an Expected are. An inline namespace for each keeps the parts of a program
// that were compiled with different standards, or without exceptions, from being taken for one another: they link into
// one program, and handing a wrapper's object from one to the other is an error of the linker.
#if ENCAST_CPP_SPAN && ENCAST_CPP_EXPECTED && ENCAST_CPP_EXCEPTIONS
#define ENCAST_CPP_VARIANT v1_span_expected
#elif ENCAST_CPP_SPAN && ENCAST_CPP_EXPECTED
#define ENCAST_CPP_VARIANT v1_span_expected_nothrow
#elif ENCAST_CPP_SPAN && ENCAST_CPP_EXCEPTIONS
#define ENCAST_CPP_VARIANT v1_span
#elif ENCAST_CPP_SPAN
#define ENCAST_CPP_VARIANT v1_span_nothrow
#elif ENCAST_CPP_EXCEPTIONS
#define ENCAST_CPP_VARIANT v1
#else
#define ENCAST_CPP_VARIANT v1_nothrow
#endif

#endif  // ENCAST_CONFIG_HPP

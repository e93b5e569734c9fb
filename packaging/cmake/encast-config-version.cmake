# A version serves what was built for an earlier one of the same series: the same major version, of 0.x the same x. That
# is what the shared library's soname says, too.
include("${CMAKE_CURRENT_LIST_DIR}/encast-location.cmake")
set(PACKAGE_VERSION "${_encast_version}")
set(PACKAGE_VERSION_COMPATIBLE FALSE)
set(PACKAGE_VERSION_EXACT FALSE)

if(PACKAGE_FIND_VERSION_RANGE)
    if(PACKAGE_VERSION VERSION_GREATER_EQUAL PACKAGE_FIND_VERSION_MIN
       AND ((PACKAGE_FIND_VERSION_RANGE_MAX STREQUAL "INCLUDE" AND PACKAGE_VERSION VERSION_LESS_EQUAL PACKAGE_FIND_VERSION_MAX)
            OR (PACKAGE_FIND_VERSION_RANGE_MAX STREQUAL "EXCLUDE" AND PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION_MAX)))
        set(PACKAGE_VERSION_COMPATIBLE TRUE)
    endif()
elseif(PACKAGE_VERSION VERSION_GREATER_EQUAL PACKAGE_FIND_VERSION)
    string(REGEX MATCH "^(0\\.[0-9]+|[0-9]+)" _encast_series "${PACKAGE_VERSION}")
    string(REGEX MATCH "^(0\\.[0-9]+|[0-9]+)" _encast_wanted "${PACKAGE_FIND_VERSION}")
    if(_encast_series STREQUAL _encast_wanted)
        set(PACKAGE_VERSION_COMPATIBLE TRUE)
    endif()
    if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
        set(PACKAGE_VERSION_EXACT TRUE)
    endif()
endif()

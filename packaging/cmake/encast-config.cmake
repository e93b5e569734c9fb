# find_package(encast 0.1 REQUIRED) defines
#   encast::encast          the shared library; the archive, where nothing else is installed
#   encast::encast_static   the archive, with the system's libraries that it needs
# Both bring the folder of encast.h and encast.hpp.
include("${CMAKE_CURRENT_LIST_DIR}/encast-location.cmake")

if(NOT _encast_pc OR NOT _encast_includedir)
    set(encast_FOUND FALSE)
    set(encast_NOT_FOUND_MESSAGE "encast.pc or encast.h is missing from the installation that ${CMAKE_CURRENT_LIST_FILE} belongs to")
    return()
endif()
foreach(_encast_component IN LISTS encast_FIND_COMPONENTS)
    if(encast_FIND_REQUIRED_${_encast_component})
        set(encast_FOUND FALSE)
        set(encast_NOT_FOUND_MESSAGE "encast has no components; asked for: ${_encast_component}")
        return()
    endif()
endforeach()

if(NOT TARGET encast::encast_static AND EXISTS "${_encast_libdir}/libencast.a")
    add_library(encast::encast_static STATIC IMPORTED)
    set_target_properties(encast::encast_static PROPERTIES
        IMPORTED_LOCATION "${_encast_libdir}/libencast.a"
        IMPORTED_LINK_INTERFACE_LANGUAGES C
        INTERFACE_INCLUDE_DIRECTORIES "${_encast_includedir}"
        INTERFACE_LINK_LIBRARIES "${_encast_system_libraries}")
endif()
if(NOT TARGET encast::encast AND EXISTS "${_encast_libdir}/libencast.so")
    add_library(encast::encast SHARED IMPORTED)
    set_target_properties(encast::encast PROPERTIES
        IMPORTED_LOCATION "${_encast_libdir}/libencast.so"
        INTERFACE_INCLUDE_DIRECTORIES "${_encast_includedir}")
elseif(NOT TARGET encast::encast AND TARGET encast::encast_static)
    add_library(encast::encast INTERFACE IMPORTED)
    set_target_properties(encast::encast PROPERTIES INTERFACE_LINK_LIBRARIES encast::encast_static)
endif()
if(NOT TARGET encast::encast)
    set(encast_FOUND FALSE)
    set(encast_NOT_FOUND_MESSAGE "there is no libencast in ${_encast_libdir}")
endif()

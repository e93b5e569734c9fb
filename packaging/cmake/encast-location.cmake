# Where this installation has its parts, and its version; for the two files beside it. These files are the same in every
# installation, moved ones too: all that differs is read from encast.pc.
get_filename_component(_encast_here "${CMAKE_CURRENT_LIST_DIR}" REALPATH)
set(_encast_libdir)
set(_encast_pc)
# cargo-c puts these files in lib/cmake also where the libraries are in lib/<architecture>.
foreach(_encast_folder "${_encast_here}/../.." "${_encast_here}/../../${CMAKE_LIBRARY_ARCHITECTURE}"
        "${_encast_here}/../../../lib64")
    if(EXISTS "${_encast_folder}/pkgconfig/encast.pc")
        get_filename_component(_encast_libdir "${_encast_folder}" REALPATH)
        set(_encast_pc "${_encast_libdir}/pkgconfig/encast.pc")
        break()
    endif()
endforeach()

set(_encast_version)
set(_encast_system_libraries)
if(_encast_pc)
    file(STRINGS "${_encast_pc}" _encast_line REGEX "^Version: ")
    string(REGEX REPLACE "^Version: *" "" _encast_version "${_encast_line}")
    file(STRINGS "${_encast_pc}" _encast_line REGEX "^Libs.private: ")
    string(REGEX REPLACE "^Libs.private: *" "" _encast_line "${_encast_line}")
    string(REGEX MATCHALL "[^ ]+" _encast_system_libraries "${_encast_line}")
endif()

set(_encast_includedir)
foreach(_encast_folder "${_encast_libdir}/../include" "${_encast_libdir}/../../include")
    if(EXISTS "${_encast_folder}/encast.h")
        get_filename_component(_encast_includedir "${_encast_folder}" REALPATH)
        break()
    endif()
endforeach()

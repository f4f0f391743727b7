# libhugetlbfs ships neither a .pc nor a CMake file. Defines Hugetlbfs::hugetlbfs.
find_path(Hugetlbfs_INCLUDE_DIR hugetlbfs.h)
find_library(Hugetlbfs_LIBRARY hugetlbfs)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hugetlbfs REQUIRED_VARS Hugetlbfs_LIBRARY Hugetlbfs_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install it: apt-get install libhugetlbfs-dev")
if(Hugetlbfs_FOUND AND NOT TARGET Hugetlbfs::hugetlbfs)
  add_library(Hugetlbfs::hugetlbfs UNKNOWN IMPORTED)
  set_target_properties(Hugetlbfs::hugetlbfs PROPERTIES
    IMPORTED_LOCATION ${Hugetlbfs_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Hugetlbfs_INCLUDE_DIR})
endif()
mark_as_advanced(Hugetlbfs_INCLUDE_DIR Hugetlbfs_LIBRARY)

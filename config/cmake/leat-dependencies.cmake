# The packages the library stands on: libnuma, libhugetlbfs, json-c.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(NUMA REQUIRED IMPORTED_TARGET numa)
pkg_check_modules(JSONC REQUIRED IMPORTED_TARGET json-c)
find_package(Hugetlbfs REQUIRED)

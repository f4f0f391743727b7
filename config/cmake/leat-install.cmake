# What "cmake --install" puts where: headers, both kinds of library, CMake and pkg-config files.
include(CMakePackageConfigHelpers)

foreach(dir ${LEAT_HEADER_DIRS})
  install(DIRECTORY ${dir}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
endforeach()

install(TARGETS leat leat_models EXPORT leatShared)
install(TARGETS leat_static leat_models_static EXPORT leatStatic)
set(cmakedir ${CMAKE_INSTALL_LIBDIR}/cmake/leat)
install(EXPORT leatShared NAMESPACE leat:: DESTINATION ${cmakedir})
install(EXPORT leatStatic NAMESPACE leat:: DESTINATION ${cmakedir})

configure_package_config_file(config/leatConfig.cmake.in ${PROJECT_BINARY_DIR}/leatConfig.cmake
  INSTALL_DESTINATION ${cmakedir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/leatConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/leatConfig.cmake ${PROJECT_BINARY_DIR}/leatConfigVersion.cmake
  config/cmake/FindHugetlbfs.cmake DESTINATION ${cmakedir})

foreach(pc leat leat-models)
  configure_file(config/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

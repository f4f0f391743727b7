# libleat and libleat-models, each shared and static, from the objects of the layers.
set(LEAT_HEADER_DIRS ${PROJECT_SOURCE_DIR}/core/include ${PROJECT_SOURCE_DIR}/bus/include
                     ${PROJECT_SOURCE_DIR}/drivers/include)

foreach(objects leat-objects leat-models-objects)
  target_include_directories(${objects} PRIVATE ${LEAT_HEADER_DIRS} ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${objects} PRIVATE LEAT_VERSION="${PROJECT_VERSION}")
endforeach()
target_link_libraries(leat-objects PRIVATE
  Threads::Threads PkgConfig::NUMA PkgConfig::JSONC Hugetlbfs::hugetlbfs)

function(leat_library name type output objects)
  add_library(${name} ${type} $<TARGET_OBJECTS:${objects}>)
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${output} LINKER_LANGUAGE C)
  foreach(dir ${LEAT_HEADER_DIRS})
    target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${dir}>)
  endforeach()
  target_include_directories(${name} PUBLIC $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  if(type STREQUAL SHARED)
    set_target_properties(${name} PROPERTIES VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  endif()
endfunction()

leat_library(leat SHARED leat leat-objects)
leat_library(leat_static STATIC leat leat-objects)
leat_library(leat_models SHARED leat-models leat-models-objects)
leat_library(leat_models_static STATIC leat-models leat-models-objects)
set_target_properties(leat_static PROPERTIES EXPORT_NAME static)
set_target_properties(leat_models PROPERTIES EXPORT_NAME models)
set_target_properties(leat_models_static PROPERTIES EXPORT_NAME models_static)
add_library(leat::leat ALIAS leat)
add_library(leat::static ALIAS leat_static)
add_library(leat::models ALIAS leat_models)
add_library(leat::models_static ALIAS leat_models_static)

target_link_libraries(leat PRIVATE
  Threads::Threads PkgConfig::NUMA PkgConfig::JSONC Hugetlbfs::hugetlbfs)
target_link_options(leat PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/config/leat.map)
if(NOT LEAT_SANITIZE)
  target_link_options(leat PRIVATE -Wl,-z,defs)
endif()
set_property(TARGET leat APPEND PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/config/leat.map)
target_link_libraries(leat_static PUBLIC
  Threads::Threads PkgConfig::NUMA PkgConfig::JSONC Hugetlbfs::hugetlbfs)
target_link_libraries(leat_models PUBLIC leat)
target_link_libraries(leat_models_static PUBLIC leat_static)

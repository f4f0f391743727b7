# What every target of ours is compiled with; nothing of it is exported.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()

add_compile_definitions(_GNU_SOURCE)

option(LEAT_WERROR "Warnings are errors (for development; off for packagers)" OFF)
set(LEAT_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=: address,undefined or thread")

add_compile_options(
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
  -Wcast-align -Wpointer-arith -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough
  -Wdouble-promotion -Wno-sign-conversion -fno-common
  $<$<AND:$<C_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wnull-dereference>
  $<$<BOOL:${LEAT_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-fstack-protector-strong>)
add_link_options(-Wl,-z,relro,-z,now)

if(LEAT_SANITIZE)
  add_compile_options(-fsanitize=${LEAT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${LEAT_SANITIZE})
else()
  # Fortify needs optimisation and does not go with sanitizers.
  add_compile_options($<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
endif()

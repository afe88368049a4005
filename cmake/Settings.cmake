# How everything of ours is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_CXX_FLAGS_RELEASE "-O3")

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers carry time stamps that ccache has to be told to ignore.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

add_library(vlrm_settings INTERFACE)
# No contraction: a fused multiply-add rounds once where two operations round twice, and which of them a machine
# has must not decide the bytes of a merge. Nobody here reads errno or the floating-point flags after arithmetic: with
# them a loop that divides under a condition is not vectorized.
target_compile_options(vlrm_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -ffp-contract=off
  -fno-math-errno -fno-trapping-math)
if(VLRM_WERROR)
  target_compile_options(vlrm_settings INTERFACE -Werror)
endif()
if(VLRM_WHEEL)  # assertions name their files
  target_compile_options(vlrm_settings INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
endif()
target_include_directories(vlrm_settings INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
if(VLRM_SANITIZE)
  target_compile_options(vlrm_settings INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With sanitizers GCC takes what is initialised through its checks for uninitialised (in std::regex, for one).
    target_compile_options(vlrm_settings INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(vlrm_settings INTERFACE -fsanitize=address,undefined)
  if(VLRM_FUZZ)
    target_compile_options(vlrm_settings INTERFACE -fsanitize=fuzzer-no-link)
  endif()
endif()

# The headers that nearly every file includes, parsed once for all rooms and once for all tests, whose flags differ. Each
# file still includes what it uses: lint compiles without them.
set(common_headers
  <algorithm> <array> <charconv> <cmath> <cstdint> <cstring> <filesystem> <functional> <map> <memory> <mutex> <optional>
  <set> <span> <string> <string_view> <utility> <vector> <fmt/format.h> <nlohmann/json.hpp>)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/common_headers.cpp CONTENT "int main() {}\n")
add_library(vlrm_common_headers STATIC ${CMAKE_BINARY_DIR}/common_headers.cpp)
target_link_libraries(vlrm_common_headers PRIVATE vlrm_settings fmt::fmt nlohmann_json::nlohmann_json)
target_precompile_headers(vlrm_common_headers PRIVATE ${common_headers})
if(VLRM_TESTS)
  add_executable(vlrm_common_test_headers ${CMAKE_BINARY_DIR}/common_headers.cpp)
  target_link_libraries(vlrm_common_test_headers
    PRIVATE vlrm_settings fmt::fmt nlohmann_json::nlohmann_json GTest::gmock GTest::gtest)
  target_precompile_headers(vlrm_common_test_headers PRIVATE ${common_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# vlrm_unity(TARGET APART a.cpp …): compiles the files of a target in one go, but for those in APART.
function(vlrm_unity target)
  cmake_parse_arguments(UNITY "" "" "APART" ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${VLRM_UNITY} UNITY_BUILD_BATCH_SIZE 30)
  if(VLRM_UNITY)
    # GCC warns of types from unnamed namespaces outside the main file, which a unity file always includes.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  set_source_files_properties(${UNITY_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# vlrm_room(NAME SOURCES a.cpp … APART b.cpp … USES other_room_or_library …): one static library per room, vlrm_NAME.
# OWN_HEADERS: without the common ones.
function(vlrm_room name)
  cmake_parse_arguments(ROOM "OWN_HEADERS" "" "SOURCES;APART;USES" ${ARGN})
  add_library(vlrm_${name} STATIC ${ROOM_SOURCES} ${ROOM_APART})
  target_link_libraries(vlrm_${name} PUBLIC vlrm_settings ${ROOM_USES})
  vlrm_unity(vlrm_${name} APART ${ROOM_APART})
  if(NOT ROOM_OWN_HEADERS)
    target_precompile_headers(vlrm_${name} REUSE_FROM vlrm_common_headers)
  endif()
endfunction()

# vlrm_test(ROOM SOURCES a_test.cpp … USES library …): one executable per room, test_ROOM, its tests known to ctest.
# OWN_HEADERS: without the common ones.
function(vlrm_test name)
  cmake_parse_arguments(TEST "OWN_HEADERS" "" "SOURCES;USES" ${ARGN})
  add_executable(test_${name} ${TEST_SOURCES})
  # GCC 12 takes std::string for smaller than it is where it inlines an append (false alarms that GCC 13 mended).
  target_compile_options(test_${name} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-stringop-overflow -Wno-restrict>)
  target_link_libraries(test_${name} PRIVATE vlrm_test_support ${TEST_USES} GTest::gmock GTest::gtest_main)
  if(NOT TEST_OWN_HEADERS)
    target_precompile_headers(test_${name} REUSE_FROM vlrm_common_test_headers)
  endif()
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 120)
endfunction()

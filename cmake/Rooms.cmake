# vlrm_unity(TARGET APART a.cpp …): compiles the files of a target together, about ten in one go, which takes a third of
# the time. Names in unnamed namespaces must then differ within a target; the files named in APART are compiled alone.
function(vlrm_unity target)
  cmake_parse_arguments(UNITY "" "" "APART" ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${VLRM_UNITY} UNITY_BUILD_BATCH_SIZE 10)
  # GCC warns of types from unnamed namespaces outside the main file, which a unity file always includes.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  set_source_files_properties(${UNITY_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# vlrm_room(NAME SOURCES a.cpp … APART b.cpp … USES other_room_or_library …): one static library per room, vlrm_NAME.
function(vlrm_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;APART;USES" ${ARGN})
  add_library(vlrm_${name} STATIC ${ROOM_SOURCES} ${ROOM_APART})
  target_link_libraries(vlrm_${name} PUBLIC vlrm_settings ${ROOM_USES})
  vlrm_unity(vlrm_${name} APART ${ROOM_APART})
endfunction()

# vlrm_test(ROOM SOURCES a_test.cpp … USES library …): one executable per room, test_ROOM, its tests known to ctest.
function(vlrm_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES" ${ARGN})
  add_executable(test_${name} ${TEST_SOURCES})
  target_link_libraries(test_${name} PRIVATE vlrm_test_support ${TEST_USES} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 120)
endfunction()

# vlrm_room(NAME SOURCES a.cpp … USES other_room_or_library …): one static library a room, vlrm_NAME.
function(vlrm_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES" ${ARGN})
  add_library(vlrm_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(vlrm_${name} PUBLIC vlrm_settings ${ROOM_USES})
endfunction()

# vlrm_test(ROOM SOURCES a_test.cpp … USES library …): one executable a room, test_ROOM, its tests known to ctest.
function(vlrm_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES" ${ARGN})
  add_executable(test_${name} ${TEST_SOURCES})
  target_link_libraries(test_${name} PRIVATE vlrm_test_support ${TEST_USES} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/vlrmTargets.cmake)

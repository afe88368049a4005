# libarrow and libparquet are the C++ side of an installed pyarrow package: the one of VLRM_PYTHON, as for libtorch.
#
# By where it is installed and not by importing it: where pip builds from source, the Python does not see its own packages.
# They are linked by hand: the wheel carries headers and libraries, but neither a CMake package nor names without a
# version.
execute_process(
  COMMAND ${VLRM_PYTHON} -c
    "import importlib.metadata as m, os, sys, sysconfig; sys.path.append(sysconfig.get_path('platlib')); \
d = m.distribution('pyarrow'); print(d.locate_file('pyarrow')); print(d.version)"
  OUTPUT_VARIABLE arrow_facts OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE arrow_missing)
if(arrow_missing AND VLRM_ARROW STREQUAL "AUTO")
  message(STATUS "No pyarrow in ${VLRM_PYTHON}: parquet and Arrow files will not be read")
  set(VLRM_ARROW OFF)
  return()
endif()
if(arrow_missing)
  message(FATAL_ERROR "No pyarrow in ${VLRM_PYTHON}. Run ./dev build, set VLRM_PYTHON to a Python that has pyarrow, "
    "or do without parquet and Arrow files: -DVLRM_ARROW=OFF.")
endif()
string(REPLACE "\n" ";" arrow_facts "${arrow_facts}")
list(GET arrow_facts 0 VLRM_ARROW_LIB)
list(GET arrow_facts 1 arrow_version)
if(arrow_version VERSION_LESS 26)
  message(FATAL_ERROR "pyarrow ${arrow_version} in ${VLRM_PYTHON} is too old: 26 or later is needed.")
endif()
string(REGEX MATCH "^[0-9]+" VLRM_ARROW_MAJOR ${arrow_version})
message(STATUS "libarrow ${arrow_version} in ${VLRM_ARROW_LIB}")

add_library(vlrm_arrow INTERFACE)
# System headers: what they have to say to our warnings is not for us to mend.
target_include_directories(vlrm_arrow SYSTEM INTERFACE ${VLRM_ARROW_LIB}/include)
foreach(name arrow parquet)
  file(GLOB library ${VLRM_ARROW_LIB}/lib${name}.so.*)
  list(LENGTH library count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "${VLRM_ARROW_LIB}: one lib${name}.so.* is needed, ${count} are there. Is pyarrow a wheel?")
  endif()
  target_link_libraries(vlrm_arrow INTERFACE ${library})
endforeach()

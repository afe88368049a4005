# libtorch is the C++ side of an installed torch package: the one of VLRM_PYTHON, which ./dev chooses.
#
# It is linked by hand instead of through find_package(Torch): for a CUDA build of torch that would ask for nvcc and the
# CUDA toolkit, which nothing here needs, since no CUDA source is compiled.
execute_process(
  COMMAND ${VLRM_PYTHON} -c
    "import importlib.util as u, os, re; d = os.path.dirname(u.find_spec('torch').origin); \
print(d); print(re.search(r\"__version__ = '([^']+)'\", open(d + '/version.py').read()).group(1))"
  OUTPUT_VARIABLE torch_facts OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE torch_missing)
if(torch_missing)
  message(FATAL_ERROR "No torch in ${VLRM_PYTHON}. Run ./dev build, or set VLRM_PYTHON to a Python that has torch.")
endif()
string(REPLACE "\n" ";" torch_facts "${torch_facts}")
list(GET torch_facts 0 torch_root)
list(GET torch_facts 1 torch_version)
if(torch_version VERSION_LESS 2.11)
  message(FATAL_ERROR "torch ${torch_version} in ${VLRM_PYTHON} is too old: 2.11 or later is needed.")
endif()
message(STATUS "libtorch ${torch_version} in ${torch_root}")

add_library(vlrm_torch INTERFACE)
# Searched last: torch's wheel carries headers of other libraries too (fmt), which must not hide the system's.
target_compile_options(vlrm_torch INTERFACE "SHELL:-idirafter \"${torch_root}/include\"")
target_link_directories(vlrm_torch INTERFACE ${torch_root}/lib)
target_link_libraries(vlrm_torch INTERFACE c10 torch_cpu torch)
if(EXISTS ${torch_root}/lib/libtorch_cuda.so)
  # The CUDA kernels register themselves when loaded, so the linker must keep a library that no symbol asks for.
  target_link_libraries(vlrm_torch INTERFACE -Wl,--no-as-needed c10_cuda torch_cuda -Wl,--as-needed)
  target_link_options(vlrm_torch INTERFACE -Wl,--allow-shlib-undefined)
endif()
set(VLRM_TORCH_LIB ${torch_root}/lib)

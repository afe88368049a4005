# libtorch is the C++ side of an installed torch package. Its ABI changes with each minor version, so there is one model
# library for each of VLRM_TORCHES: folders of torch packages, or of environments that have one. Default: that of
# VLRM_PYTHON, which ./dev chooses.
#
# It is linked by hand instead of through find_package(Torch): for a CUDA build of torch that would ask for nvcc and the
# CUDA toolkit, which nothing here needs, since no CUDA source is compiled. The CUDA libraries are not linked, so that
# what was built with a CUDA build of torch also works with one of the CPU alone, and the other way round.
set(VLRM_TORCHES "" CACHE STRING "Folders of the torch packages to build for (default: that of VLRM_PYTHON)")

# By where it is installed and not by importing it: where pip builds from source, the Python does not see its own packages.
function(vlrm_find_torch folder torch_root)
  file(GLOB found ${folder}/version.py ${folder}/torch/version.py ${folder}/lib/python3*/site-packages/torch/version.py)
  if(NOT found)
    message(FATAL_ERROR "No torch in ${folder} (VLRM_TORCHES).")
  endif()
  list(GET found 0 version_file)
  cmake_path(GET version_file PARENT_PATH directory)
  set(${torch_root} ${directory} PARENT_SCOPE)
endfunction()

if(VLRM_TORCHES)
  set(torch_roots)
  foreach(folder ${VLRM_TORCHES})
    vlrm_find_torch(${folder} torch_root)
    list(APPEND torch_roots ${torch_root})
  endforeach()
else()
  execute_process(
    COMMAND ${VLRM_PYTHON} -c
      "import importlib.util as u, os, sysconfig; s = u.find_spec('torch'); \
print(os.path.dirname(s.origin) if s else os.path.join(sysconfig.get_path('platlib'), 'torch'))"
    OUTPUT_VARIABLE torch_roots OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT EXISTS "${torch_roots}/version.py")
    message(FATAL_ERROR "No torch in ${VLRM_PYTHON}. Run ./dev build, or set VLRM_PYTHON to a Python that has torch.")
  endif()
endif()

# vlrm_torch_2_13 for each; vlrm_torch is the first.
set(VLRM_TORCH_VERSIONS)
foreach(torch_root ${torch_roots})
  file(STRINGS ${torch_root}/version.py version_line REGEX "__version__")
  string(REGEX MATCH "([0-9]+)\\.([0-9]+)" torch_version "${version_line}")
  if(torch_version VERSION_LESS 2.11)
    message(FATAL_ERROR "torch ${torch_version} in ${torch_root} is too old: 2.11 or later is needed.")
  endif()
  if(torch_version IN_LIST VLRM_TORCH_VERSIONS)
    message(FATAL_ERROR "VLRM_TORCHES names torch ${torch_version} twice.")
  endif()
  message(STATUS "libtorch ${torch_version} in ${torch_root}")
  string(REPLACE "." "_" suffix ${torch_version})
  add_library(vlrm_torch_${suffix} INTERFACE)
  # Searched last: torch's wheel carries headers of other libraries too (fmt), which must not hide the system's.
  target_compile_options(vlrm_torch_${suffix} INTERFACE "SHELL:-idirafter \"${torch_root}/include\"")
  # By their paths: a folder of libraries would be that of all torches.
  target_link_libraries(vlrm_torch_${suffix} INTERFACE ${torch_root}/lib/libc10.so ${torch_root}/lib/libtorch_cpu.so)
  target_link_options(vlrm_torch_${suffix} INTERFACE -Wl,--allow-shlib-undefined)
  list(APPEND VLRM_TORCH_VERSIONS ${torch_version})
endforeach()
list(GET torch_roots 0 VLRM_TORCH_ROOT)
list(GET VLRM_TORCH_VERSIONS 0 first_version)
string(REPLACE "." "_" suffix ${first_version})
# For our own tests, which link the parts of the first one's library: they use a GPU where there is one.
add_library(vlrm_torch INTERFACE)
target_link_libraries(vlrm_torch INTERFACE vlrm_torch_${suffix})
if(EXISTS ${VLRM_TORCH_ROOT}/lib/libtorch_cuda.so)
  # The CUDA kernels register themselves when loaded, so the linker must keep a library that no symbol asks for.
  target_link_libraries(vlrm_torch INTERFACE -Wl,--no-as-needed ${VLRM_TORCH_ROOT}/lib/libc10_cuda.so
    ${VLRM_TORCH_ROOT}/lib/libtorch_cuda.so -Wl,--as-needed)
endif()
set(VLRM_TORCH_LIB ${VLRM_TORCH_ROOT}/lib)

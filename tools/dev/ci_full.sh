# What is too long for every commit: other compilers, builds without libraries, every fuzzer.

# A build of its own under build/NAME, with other CMake flags, and its tests.
variant() {  # NAME CMAKE_FLAG …
  local name=$1
  shift
  cmake --preset release -B "build/$name" -DVLRM_PYTHON="$python" -DVLRM_TESTS=ON -DVLRM_WERROR=ON "$@" > /dev/null
  compile "$name"
  unit_tests "build/$name"
}

# As a room each; lint --all reads each file alone.
with_clang() { variant clang -DCMAKE_CXX_COMPILER=clang++; }
without_torch() { variant no-torch -DVLRM_TORCH=OFF; }
without_arrow() { variant no-arrow -DVLRM_ARROW=OFF; }
# Every call of the system fails once; ./dev test lets some of them.
every_fault() {
  build_tests
  VLRM=$PWD/build/release/bin/vlrm VLRM_FAULTS=all "$python" -m pytest -p no:cacheprovider -q tests/program/test_faults.py
}
# TRL's trainers with vlrm's rewards.
with_trl() {
  build_tests
  install_trl
  VLRM_PYTHON_PACKAGE=build/release/python "$python" -m pytest -p no:cacheprovider -q tests/python_package/test_trl.py
}
# verl's, ms-swift's and OpenRLHF's own code with vlrm's rewards.
with_trainers() {
  build_tests
  install_trainers
  VLRM_PYTHON_PACKAGE=build/release/python "$python" -m pytest -p no:cacheprovider -q -rs tests/python_package/test_verl.py \
    tests/python_package/test_swift.py tests/python_package/test_openrlhf.py
}
# What ./dev check-device would do on a machine with a GPU.
with_fake_device() { check_device --device fake; }
every_fuzzer() { build_preset fuzz; "$python" bench/run.py --vlrm build/release/bin/vlrm fuzz --minutes 1; }

ci_full() {
  local step started failed=0 log
  local options=(--torch "$torch")
  [ "$packages" = yes ] || options+=(--no-packages)
  local summary=()
  install_packages_for run test bench lint
  install_clang_with_fuzzer
  install_python run test
  mkdir -p build/ci-full
  for step in run_tests sanitize "lint --all" with_clang without_torch without_arrow with_trl with_trainers wheel_tests \
    source_tests with_fake_device every_fault every_fuzzer; do
    say "ci-full: $step"
    started=$SECONDS
    log=build/ci-full/${step%% *}.log
    # In a process of its own, so that a step that fails ends itself alone. Its output is shown and kept.
    if ./dev "${options[@]}" ci-full-step $step > >(tee "$log") 2>&1; then
      summary+=("passed  $((SECONDS - started)) s  $step")
    else
      summary+=("FAILED  $((SECONDS - started)) s  $step (see $log)")
      failed=1
    fi
  done
  say "ci-full"
  printf '%s\n' "${summary[@]}"
  return $failed
}

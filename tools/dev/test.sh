# Tests.

unit_tests() {  # FOLDER CTEST_ARGUMENT …
  local folder=$1
  shift
  ctest --test-dir "$folder" --output-on-failure --no-tests=ignore -j "$(nproc)" "$@" |
    grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test .*(Passed|Skipped) )'
}

# The program, the Python package and all tests.
build_tests() {
  install_packages_for run test
  install_python run test python
  configure release VLRM_TESTS VLRM_BUILD_PYTHON
  compile release
}

run_tests() {  # [--device D] [-R WORD]
  local device=cpu failed=0 tests=1
  local -a filter=() pytest_filter=()
  while [ $# -gt 0 ]; do
    case $1 in
      --device) device=${2:-}; [ -n "$device" ] || fail "--device needs a device"; shift 2 ;;
      -R) [ -n "${2:-}" ] || fail "-R needs a word"; filter=(-R "$2"); pytest_filter=(-k "$2"); shift 2 ;;
      *) fail "test takes --device D and -R WORD, not $1" ;;
    esac
  done
  build_tests
  install_browser
  install_mergekit
  install_hub
  export VLRM=$PWD/build/release/bin/vlrm VLRM_TEST_DEVICE=$device
  say "unit tests"
  tests=$(ctest --test-dir build/release -N "${filter[@]}" | sed -n 's/^Total Tests: //p')
  unit_tests build/release "${filter[@]}" || failed=1
  say "tests beside the peers"
  "$python" -m pytest -q -rs tests/program "${pytest_filter[@]}" || {
    [ $? -eq 5 ] || failed=1  # 5: no test matches
    [ "$tests" != 0 ] || fail "no test's name has ${filter[1]}"
  }
  say "tests of the Python package"
  VLRM_PYTHON_PACKAGE=build/release/python "$python" -m pytest -q -rs tests/python_package "${pytest_filter[@]}" ||
    [ $? -eq 5 ] || failed=1
  return $failed
}

# The tests that need no model, under AddressSanitizer and UBSan.
sanitize() {
  build_preset asan
  say "unit tests under AddressSanitizer and UBSan"
  unit_tests build/asan
}

# On a machine with a GPU.
check_device() {  # [OPTION …]
  build_tests
  "$python" tools/device_check/check_device.py "$@"
}

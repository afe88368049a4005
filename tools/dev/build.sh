# Configuring and compiling.

# Configures build/PRESET: the first time, with another torch, or for a FLAG that is not on yet (VLRM_TESTS, VLRM_BENCH).
configure() {  # PRESET FLAG …
  local preset=$1 folder=build/$1 werror=OFF stamp flag
  shift
  [ "${CI:-}" != true ] || werror=ON
  stamp="$PWD $(cat .venv/torch) $(torch_version "$python") werror=$werror"
  local wanted=()
  for flag; do
    grep -q "^$flag:BOOL=ON" "$folder/CMakeCache.txt" 2> /dev/null || wanted+=("-D$flag=ON")
  done
  if [ ${#wanted[@]} -eq 0 ] && [ -e "$folder/build.ninja" ] &&
    [ "$(cat "$folder/configured-for" 2> /dev/null)" = "$stamp" ]; then return; fi
  say "configuring $folder"
  mkdir -p "$folder"
  cmake --preset "$preset" -DVLRM_PYTHON="$python" -DVLRM_WERROR=$werror "${wanted[@]}" \
    > "$folder/configure.log" 2>&1 || { cat "$folder/configure.log" >&2; exit 1; }
  echo "$stamp" > "$folder/configured-for"
}

# Compiles the targets, or all. A build with nothing to do stays silent.
compile() {  # PRESET TARGET …
  local folder=build/$1
  shift
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1  # what another clone has compiled counts
  if [ "$(ninja -C "$folder" -n "$@" | tail -n 1)" != "ninja: no work to do." ]; then
    say "compiling $folder"
    ninja -C "$folder" "$@" >&2
  fi
}

# The program, and nothing that only tests or benchmarks need.
build_program() {
  install_packages_for run
  install_python run
  configure release
  compile release vlrm
}

# Another preset whole; asan has the tests.
build_preset() {  # PRESET
  install_packages_for run
  [ "$1" != asan ] || install_packages_for test
  [ "$1" != fuzz ] || install_clang_with_fuzzer
  install_python run
  configure "$1"
  compile "$1"
}

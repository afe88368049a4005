# Form: clang-format, ruff and shellcheck over all files, clang-tidy over those that changed.

# The .cpp files that differ from origin/main; where HEAD is origin/main, those of its last ten commits.
changed_sources() {
  local base
  base=$(git merge-base HEAD origin/main 2> /dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then
    base=$(git rev-list HEAD | sed -n 11p)  # empty in a repository of ten commits or fewer, or a shallow clone
  fi
  git diff --name-only --diff-filter=d ${base:+"$base"} -- 'src/*.cpp' 'tests/*.cpp'
}

lint() {  # [--all]
  local sources
  case ${1:-} in
    '') sources=$(changed_sources) ;;
    --all) sources=$(git ls-files 'src/*.cpp' 'tests/*.cpp') ;;
    *) fail "lint takes --all, not $1" ;;
  esac
  install_packages_for run test lint
  install_python run lint
  say "clang-format, ruff, shellcheck"
  git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format --dry-run --Werror
  .venv/bin/ruff check --quiet
  shellcheck -x dev .ci/run
  [ -n "$sources" ] || return 0
  # Each file as it stands: clang cannot read GCC's precompiled headers, nor know the parts of a unity file.
  say "clang-tidy over $(wc -l <<< "$sources") files"
  cmake --preset release -B build/lint -DVLRM_PYTHON="$python" -DVLRM_TESTS=ON -DVLRM_UNITY=OFF \
    -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON > /dev/null
  xargs -P "$(nproc)" -n 1 clang-tidy -p build/lint --quiet <<< "$sources" 2> /dev/null
}

format() {
  install_packages_for lint
  git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format -i
}

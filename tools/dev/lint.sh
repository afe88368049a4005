# Form: clang-format, ruff and shellcheck over all files, clang-tidy over those that changed.

# The .cpp files that differ from origin/main, or whose header does; where HEAD is origin/main, those of its last ten
# commits; all of them in a shallow clone.
changed_sources() {
  local base
  base=$(git merge-base HEAD origin/main 2> /dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then
    base=$(git rev-list HEAD | sed -n 11p)
  fi
  if [ -z "$base" ]; then all_sources; return; fi
  { git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } |
    sed -n 's/\.h$/.cpp/; /^\(src\|tests\)\/.*\.cpp$/p' | sort -u |
    while read -r source; do if [ -e "$source" ]; then echo "$source"; fi; done
}

all_sources() {
  git ls-files 'src/*.cpp' 'tests/*.cpp'
}

lint() {  # [--all]
  local sources
  case ${1:-} in
    '') sources=$(changed_sources) ;;
    --all) sources=$(all_sources) ;;
    *) fail "lint takes --all, not $1" ;;
  esac
  install_packages_for run test lint
  install_python run lint
  say "clang-format, ruff, shellcheck"
  git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format --dry-run --Werror
  .venv/bin/ruff check --quiet
  shellcheck -x dev .ci/run
  [ -n "$sources" ] || return 0
  command -v clang-tidy > /dev/null || fail "lint needs clang-tidy"
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

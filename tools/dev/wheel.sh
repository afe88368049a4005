# The wheel, and tests of it in fresh environments.

# Headers and libraries of each other torch, in build/torches/VERSION: a tenth of the package, which is never run here.
unpack_torches() {
  local requirement folder
  while read -r requirement; do
    folder=build/torches/${requirement#torch==}
    [ -e "$folder/torch/version.py" ] && continue
    say "fetching $requirement, to compile against"
    rm -rf "$folder" && mkdir -p "$folder"
    .venv/bin/pip download -q --disable-pip-version-check --no-deps -d "$folder/download" "$requirement"
    "$python" tools/unpack_torch.py "$folder"/download/*.whl "$folder"
    rm -r "$folder/download"
  done < <(grep '^torch==' tools/requirements/torches.txt)
}

# build/wheelhouse/vlrm-….whl: with the libraries that it needs but for torch's and pyarrow's.
wheel() {
  local torches
  install_packages_for run
  install_python run
  install_wheel_tools
  unpack_torches
  torches=$("$python" -c 'import importlib.util as u, os; print(os.path.dirname(u.find_spec("torch").origin))')
  torches+=$(printf ';%s' "$PWD"/build/torches/*/torch)
  say "building the wheel"
  rm -rf build/wheelhouse
  mkdir -p build/wheelhouse
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  {
    VLRM_TORCHES=$torches VLRM_ARROW=ON .venv-wheel/bin/python -m build --wheel --no-isolation \
      -o build/wheelhouse/linux -C cmake.define.VLRM_PYTHON="$python" . &&
      PATH=$PWD/.venv-wheel/bin:$PATH auditwheel repair --exclude 'libtorch*' --exclude 'libc10*' --exclude 'libarrow*' \
        --exclude 'libparquet*' -w build/wheelhouse build/wheelhouse/linux/*.whl
  } > build/wheelhouse/log 2>&1 || { tail -n 50 build/wheelhouse/log >&2; exit 1; }
  rm -r build/wheelhouse/linux
  echo "built $(ls build/wheelhouse/*.whl): $(wheel_needs build/wheelhouse/*.whl)"
}

# The glibc that a wheel's name asks for, and the torches it was built for.
wheel_needs() {  # WHEEL
  local glibc
  glibc=$(sed -n 's/.*manylinux_\([0-9]*\)_\([0-9]*\)_.*/\1.\2/p' <<< "$1")
  echo "needs glibc $glibc or later; for torch $(unzip_names "$1" | sed -n 's|.*lib/vlrm/torch-\(.*\)/libvlrm_model.so|\1|p' | sort -V | xargs)"
}

unzip_names() { "$python" -c 'import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep="\n")' "$1"; }

wheel_tests() {
  wheel
  say "tests of the wheel in fresh environments"
  VLRM_WHEEL=$(realpath build/wheelhouse/*.whl) "$python" -m pytest -p no:cacheprovider -q tests/wheel/test_wheel.py
}

source_tests() {
  VLRM_SOURCE_INSTALL=1 "$python" -m pytest -p no:cacheprovider -q tests/wheel/test_source.py
}

# Python environments: .venv, with the torch that is compiled against, .venv-mergekit and .venv-hub.

oldest_torch=2.11
pinned_torch=$(grep '^torch==' tools/requirements/run.txt)

# The version of PYTHON's torch, or nothing. It is read from files, since importing torch takes a second.
torch_version() {  # PYTHON
  "$1" -c 'import importlib.metadata as m; print(m.version("torch"))' 2> /dev/null
}

has_torch() {  # PYTHON
  local version
  version=$(torch_version "$1") && [ "$(printf '%s\n' "$oldest_torch" "$version" | sort -V | head -n 1)" = "$oldest_torch" ]
}

# The environment that PYTHON belongs to.
prefix_of() {  # PYTHON
  "$1" -c 'import os, sys; print(os.path.realpath(sys.prefix))'
}

# The Python that --torch PATH means: a Python, or the folder of an environment.
python_of() {  # PATH
  local python=$1
  [ -d "$python" ] && python=$python/bin/python
  command -v "$python" > /dev/null || fail "--torch $1: neither cpu, cuda, a Python, nor an environment with bin/python"
  has_torch "$python" || fail "--torch $1: its Python has no torch of $oldest_torch or later"
  [[ $(prefix_of "$python") != "$PWD/.venv"* ]] || fail "--torch $1: this is an environment that ./dev makes itself"
  realpath -s "$(command -v "$python")"
}

# Is an environment active that is not ours and has torch?
active_has_torch() {
  [ -n "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && has_torch python3 && [[ $(prefix_of python3) != "$PWD/.venv"* ]]
}

# Chooses the torch to compile against: sets torch_choice to cpu, cuda or a Python that has it, and torch_reason. What
# --torch says is kept in build/torch.
choose_torch() {
  [ -z "${torch_choice:-}" ] || return 0
  local chosen found
  mkdir -p build
  case $torch in
    auto) ;;
    cpu | cuda) echo "$torch" > build/torch ;;
    *) found=$(python_of "$torch"); echo "$found" > build/torch ;;
  esac
  chosen=$(cat build/torch 2> /dev/null || true)
  found=$(sed -n 1p .venv/torch 2> /dev/null || true)
  if [ "$torch" != auto ]; then
    torch_choice=$chosen torch_reason="--torch says so"
  elif [ -n "$chosen" ]; then
    torch_choice=$chosen torch_reason="an earlier --torch said so"
  elif active_has_torch; then
    torch_choice=$(command -v python3) torch_reason="the active environment has it"
  elif [ -n "$found" ] && has_torch .venv/bin/python; then
    torch_choice=$found torch_reason=".venv has it already; --torch changes it"
  elif command -v nvidia-smi > /dev/null; then
    torch_choice=cuda torch_reason="nvidia-smi is here"
  else
    torch_choice=cpu torch_reason="there is no nvidia-smi here; for a machine with a GPU use --torch cuda"
  fi
}

pip_install() { .venv/bin/pip install -q --disable-pip-version-check "$@"; }

# torch's CPU build: a tenth of the size, and without what only torch's Python side needs. Fails, having printed nothing,
# where no index that is reached has it; ends with pip's own words for any other trouble.
install_cpu_torch() {
  local log index
  log=$(mktemp)
  for index in "" https://download.pytorch.org/whl/cpu; do
    pip_install --no-deps ${index:+--extra-index-url "$index"} "$pinned_torch+cpu" 2> "$log" && { rm "$log"; return; }
    grep -q 'No matching distribution\|ResolutionImpossible' "$log" || { cat "$log" >&2; rm "$log"; exit 1; }
  done
  rm "$log"
  return 1
}

install_torch() {
  case $torch_choice in
    cuda) pip_install "$pinned_torch" ;;  # with the NVIDIA libraries that it depends on
    cpu)
      install_cpu_torch || {
        say "no index has torch's CPU build for this Python: installing the CUDA build, which runs on a CPU too"
        pip_install "$pinned_torch"
      } ;;
    *)  # the user's torch, seen through our environment: its folder comes after ours on the path
      "$torch_choice" -c 'import importlib.util as u, os; print(os.path.dirname(os.path.dirname(u.find_spec("torch").origin)))' \
        > "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch_of_the_user.pth" ;;
  esac
}

make_venv() {
  local creator=python3
  [ -x "$torch_choice" ] && creator=$torch_choice
  say "making the Python environment .venv, with torch (once)"
  rm -rf .venv
  "$creator" -m venv .venv
  install_torch
  printf '%s\n' "$torch_choice" "$pinned_torch" > .venv/torch
}

# Installs tools/requirements/PURPOSE.txt for each purpose, and leaves the Python that has everything in $python.
install_python() {  # PURPOSE …
  local purpose requirements
  choose_torch
  say_torch
  python=$PWD/.venv/bin/python
  if [ "$(cat .venv/torch 2> /dev/null)" != "$torch_choice"$'\n'"$pinned_torch" ] || ! has_torch "$python"; then
    make_venv
  fi
  for purpose; do
    requirements=tools/requirements/$purpose.txt
    cmp -s "$requirements" ".venv/$purpose.txt" && continue
    say "installing Python packages: $(grep -v '^#\|^torch==' "$requirements" | xargs)"
    grep -v '^torch==' "$requirements" > .venv/to-install.txt
    # The tests import torch, which needs what install_torch left out; a torch of the user's has it.
    if [ "$purpose" = test ] && [ ! -x "$torch_choice" ]; then echo "$pinned_torch" >> .venv/to-install.txt; fi
    pip_install -r .venv/to-install.txt
    cp "$requirements" ".venv/$purpose.txt"
  done
}

said_torch=no
say_torch() {
  [ $said_torch = no ] || return 0
  case $torch_choice in
    cpu) say "torch: the CPU build, because $torch_reason" ;;
    cuda) say "torch: the CUDA build, because $torch_reason" ;;
    *) say "torch: that of $torch_choice, because $torch_reason" ;;
  esac
  said_torch=yes
}

# mergekit, which needs other releases of what .venv has, in an environment of its own that sees .venv's torch.
install_mergekit() { install_beside mergekit; }

# TRL, whose trainers call vlrm's rewards.
install_trl() { install_beside trl; }

# verl, ms-swift and OpenRLHF without what they depend on, most of which wants a GPU, and what their reward code imports.
install_trainers() {
  install_beside trainers
  cmp -s tools/requirements/trainers_alone.txt .venv-trainers/alone.txt && return
  .venv-trainers/bin/pip install -q --disable-pip-version-check --no-deps -r tools/requirements/trainers_alone.txt
  cp tools/requirements/trainers_alone.txt .venv-trainers/alone.txt
}

# .venv-NAME: tools/requirements/NAME.txt, in an environment that sees what .venv has.
install_beside() {  # NAME
  local folder=.venv-$1 requirements=tools/requirements/$1.txt stamp
  stamp="$(cat .venv/torch) $(cksum < "$requirements")"
  [ "$(cat "$folder/stamp" 2> /dev/null || true)" = "$stamp" ] && return
  say "making the Python environment $folder (once)"
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$python" -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
    > "$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch_of_the_project.pth"
  "$folder/bin/pip" install -q --disable-pip-version-check -r "$requirements"
  echo "$stamp" > "$folder/stamp"
}

# hf, of a huggingface_hub that .venv's transformers does not take.
install_hub() { install_apart hub; }

# What the wheel is built with.
install_wheel_tools() { install_apart wheel; }

# .venv-NAME: tools/requirements/NAME.txt, and nothing of .venv.
install_apart() {  # NAME
  local folder=.venv-$1 requirements=tools/requirements/$1.txt
  cmp -s "$requirements" "$folder/$1.txt" && return
  say "making the Python environment $folder (once)"
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$folder/bin/pip" install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$folder/"
}

# Benchmarks: what each needs, then bench/run.py.

bench() {  # [NAME …] [OPTION …]
  local name
  install_packages_for run
  install_python run test
  configure release
  compile release vlrm
  for name; do
    case $name in
      merge) install_mergekit ;;
      kernels) install_packages_for bench; configure release VLRM_BENCH; compile release bench_kernels ;;
      fuzz) build_preset fuzz ;;
    esac
  done
  exec "$python" bench/run.py --vlrm build/release/bin/vlrm "$@"
}

# TRL trains a policy by the rewards of vlrm serve.
grpo() {  # [OPTION …]
  install_packages_for run
  install_python run test python
  configure release VLRM_BUILD_PYTHON
  compile release vlrm vlrm_package
  install_trl
  OMP_WAIT_POLICY=passive PYTHONPATH=build/release/python exec .venv-trl/bin/python tools/grpo "$@"
}

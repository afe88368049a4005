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

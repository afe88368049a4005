# Debian packages. tools/packages/PURPOSE.txt lists those of a purpose: run, test, browser, bench, clang, lint.

install_packages_for() {  # PURPOSE …
  local purpose names
  mapfile -t names < <(for purpose; do cat "tools/packages/$purpose.txt"; done)
  install_packages "${names[@]}"
}

can_sudo() {  # without a password, or where somebody can type it
  command -v sudo > /dev/null && { sudo -n true 2> /dev/null || { [ -t 0 ] && sudo -v; }; }
}

install_packages() {  # PACKAGE …
  [ "$packages" = yes ] || return 0
  command -v dpkg-query > /dev/null || return 0  # not Debian: the configure step says what it does not find
  local missing root=()
  missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort -u) | xargs)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    can_sudo || fail "Debian packages are missing, and there is neither root nor sudo to install them; ask for:" \
      "apt-get install --no-install-recommends $missing (or, if you have them elsewhere, use --no-packages)"
    root=(sudo)
  fi
  say "installing Debian packages: $missing"
  "${root[@]}" apt-get update -qq
  # shellcheck disable=SC2086  # one word per package
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
}

# For the tests of pages, which are skipped without one. Ubuntu has no such package.
install_browser() {
  if grep -qs '^ID=debian' /etc/os-release; then install_packages_for browser; fi
}

# clang with libFuzzer, whose package carries clang's version in its name.
install_clang_with_fuzzer() {
  install_packages_for clang
  install_packages "libclang-rt-$(clang --version | sed -n 's/.*version \([0-9]*\).*/\1/p')-dev"
}

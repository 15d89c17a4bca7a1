# shellcheck shell=bash
# The cluster of the tests: its name and its kubeconfig, as hack/real knows them. To be
# sourced.
export test_cluster=devloop-test

# user_cache prints what Go's os.UserCacheDir returns.
user_cache() {
  if [ "$(uname -s)" = Darwin ]; then
    printf '%s/Library/Caches' "$HOME"
  else
    printf '%s' "${XDG_CACHE_HOME:-$HOME/.cache}"
  fi
}

# test_kubeconfig prints the path of its kubeconfig.
test_kubeconfig() { printf '%s' "${DEVLOOP_TEST_KUBECONFIG:-$(user_cache)/devloop/test.kubeconfig}"; }

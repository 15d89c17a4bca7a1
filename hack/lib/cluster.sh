# shellcheck shell=bash
# Name and kubeconfig of the test cluster, the same as in hack/real. To be sourced.
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

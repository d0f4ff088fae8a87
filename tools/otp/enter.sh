#!/bin/sh
# enter.sh COMMAND... - runs a command with the /usr of the root beside this script in place of the system's, in a mount namespace of its own.
# Node.js and everything outside /usr stay what they are, and so do the process id and the signals.
root=$(dirname "$(realpath "$0")")/root
[ "${MACULA_OTP_ROOT:-}" = "$root" ] && exec "$@"
export MACULA_OTP_ROOT="$root"
node=$(command -v node || true)
exec unshare --mount --propagation private sh -c '
  root=$1 node=$2
  shift 2
  mount --rbind /usr/local "$root/usr/local" || exit 126
  if [ "${node#/usr/local/}" = "$node" ] && [ "${node#/usr/}" != "$node" ]; then
    [ -e "$root$node" ] || : >"$root$node"
    mount --bind "$(realpath "$node")" "$root$node" || exit 126
  fi
  mount --rbind "$root/usr" /usr || exit 126
  # An Erlang in /usr/local is not meant.
  PATH=/usr/bin:$PATH
  exec "$@"' sh "$root" "$node" "$@"

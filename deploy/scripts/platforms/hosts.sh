#!/usr/bin/env bash
# Verbs of deploy.sh on plain hosts: veza-slot on the nodes, veza-weights on the proxies, by ssh as root.
# To be read by environment.sh, not run. kubernetes.sh has the same names.
#
# The scripts that read this file set and use its variables.
# shellcheck disable=SC2034,SC2154
set -euo pipefail

# A proxy that hangs does not let go; its sshd does, when the connection ends.
lock_seconds_max=10

platform_check() {
  : "${VEZA_HOSTS:?is missing in the environment}" "${PROXY_HOSTS:?is missing in the environment}"
  # A host that is lost without a word is noticed after 15 s.
  : "${SSH_COMMAND:=ssh -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3}"
  : "${RELEASES:=$scripts/../../artifacts}"
  read -ra nodes <<< "$VEZA_HOSTS"
  read -ra proxies <<< "$PROXY_HOSTS"
  declare -gA port_of=() weight_of=()
}

# remote HOST COMMAND...: arguments as ssh joins them.
remote() {
  local host=$1
  shift
  # shellcheck disable=SC2086 # a command with options
  $SSH_COMMAND "$host" "$@" < /dev/null
}

# Keeps a connection to the first proxy open that holds the lock. It ends with this process, however that ends; but not
# by Ctrl-C or a lost terminal, which reach this process too: it needs the lock for its way back.
platform_lock() {
  # shellcheck disable=SC2086 # a command with options
  coproc LOCK {
    trap '' INT TERM HUP
    # shellcheck disable=SC2016 # the other side expands it
    exec $SSH_COMMAND "${proxies[0]}" \
      'flock --nonblock "${VEZA_LOCK:-/run/lock/veza-deploy}" sh -c "echo locked; exec cat" || echo no'
  }
  # shellcheck disable=SC2153 # bash sets it
  lock_pid=$LOCK_PID lock_answers=${LOCK[0]} lock_end=${LOCK[1]}
  local answer=
  read -r -t 30 -u "$lock_answers" answer || true
  [ "$answer" = locked ] || fail "another deployment holds the lock on ${proxies[0]}"
}

platform_locked() { kill -0 "$lock_pid" 2> /dev/null; }

# Returns when the other side has let go, so that the next deployment may begin at once.
platform_unlock() {
  [ -n "${lock_pid:-}" ] || return 0
  exec {lock_end}>&-
  read -r -t $lock_seconds_max -u "$lock_answers" || true
  kill -KILL "$lock_pid" 2> /dev/null || true
}

# platform_state: sets active (the slot that serves), active_version and idle_version ("none" if there is none), and
# weight_of.
platform_state() {
  local node slot shown weights
  shown=$(remote "${proxies[0]}" veza-weights --show)
  local -A weight=([blue]=0 [green]=0) releases=([blue]=none [green]=none)
  for node in "${nodes[@]}"; do
    local ports
    ports=$(remote "$node" 'veza-slot port blue; veza-slot port green; veza-slot status') ||
      fail "$node does not answer; without it no release can change"
    for slot in blue green; do
      local line=1
      [ $slot = blue ] || line=2
      port_of[$node/$slot]=$(sed -n "${line}p" <<< "$ports" | cut -d ' ' -f 1)
      weights=$(sed -n "s/^$node:${port_of[$node/$slot]}=//p" <<< "$shown")
      weight_of[$node/$slot]=${weights:-0}
      weight[$slot]=$((weight[$slot] + ${weights:-0}))
      # The hosts' releases are the same, except after an interruption.
      local found
      found=$(sed -n "s/^$slot \([^ ]*\) .*/\1/p" <<< "$ports")
      [ "$found" = none ] || releases[$slot]=$found
    done
  done
  active=none active_version=none idle_version=none
  if [ $((weight[blue] + weight[green])) -gt 0 ]; then
    if [ "${weight[green]}" -gt "${weight[blue]}" ]; then active=green; else active=blue; fi
    active_version=${releases[$active]}
    idle_version=${releases[$(other_slot $active)]}
  fi
}

# platform_place VERSION: brings the release to all nodes.
platform_place() {
  local version=$1 node tarball=veza-$1-linux-x64.tar.gz file sum
  for node in "${nodes[@]}"; do
    if remote "$node" veza-slot has "$version"; then continue; fi
    if [ -z "${file:-}" ]; then
      file=$RELEASES/$tarball
      if [[ $RELEASES == https://* ]]; then
        file=$(mktemp)
        curl --silent --show-error --fail --location --output "$file" "$RELEASES/$tarball" || return 1
      fi
      [ -f "$file" ] || { say "there is no $file; deploy/linux/build-release $version makes it"; return 1; }
      sum=$(sha256sum "$file" | cut -d ' ' -f 1)
    fi
    # shellcheck disable=SC2086 # a command with options
    $SSH_COMMAND "$node" veza-slot place "$version" - "$sum" < "$file" || return 1
  done
}

platform_start() { remote "$1" "VEZA_READY_SECONDS=$READY_SECONDS" veza-slot start "$2" "$3"; }
platform_stop() { remote "$1" veza-slot stop "$2"; }
platform_smoke() {
  # shellcheck disable=SC2086 # a command with options
  $SSH_COMMAND "$1" bash -s -- "http://$1:${port_of[$1/$2]}" < "$scripts/smoke-tests.sh"
}

# platform_ready SLOT [NODE...]
platform_ready() {
  local slot=$1 node
  shift
  for node in "${@:-${nodes[@]}}"; do
    [ "$(remote "$node" veza-slot status | sed -n "s/^$slot [^ ]* //p")" = ready ] || { echo "$node"; return 1; }
  done
}

# platform_metrics SLOT: of all nodes that answer.
platform_metrics() {
  local node
  for node in "${nodes[@]}"; do remote "$node" veza-slot metrics "$1" 2> /dev/null || true; done
}

# platform_weigh SLOT PERCENT [NODE...]: of the requests of these nodes, PERCENT go to SLOT and the others to the other
# slot.
platform_weigh() {
  local slot=$1 percent=$2 node proxy
  shift 2
  for node in "${@:-${nodes[@]}}"; do
    weight_of[$node/$slot]=$percent
    # A new node has nothing in its other slot.
    if among "$node" "${newcomers[@]}"; then continue; fi
    weight_of[$node/$(other_slot "$slot")]=$((100 - percent))
  done
  local servers=()
  for node in "${nodes[@]}"; do
    for slot in blue green; do servers+=("$node:${port_of[$node/$slot]}=${weight_of[$node/$slot]}"); done
  done
  for proxy in "${proxies[@]}"; do remote "$proxy" veza-weights "${servers[@]}" || return 1; done
}

# platform_newcomers: nodes that the proxies send nothing yet, in one line.
platform_newcomers() {
  local node found=()
  for node in "${nodes[@]}"; do
    [ $((weight_of[$node/blue] + weight_of[$node/green])) -gt 0 ] || found+=("$node")
  done
  echo "${found[*]}"
}

# platform_leave NODE...: from the next platform_weigh on, these get no requests.
platform_leave() {
  local node
  for node in "$@"; do weight_of[$node/blue]=0 weight_of[$node/green]=0; done
}

platform_prune() {
  local node
  for node in "${nodes[@]}"; do remote "$node" veza-slot prune "$1" || true; done
}

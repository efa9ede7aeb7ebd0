#!/usr/bin/env bash
# Replaces the release that serves an environment, without a failed request, and goes back by itself when the new one is
# worse.
#
#   deploy.sh ENVIRONMENT VERSION [--strategy rolling|blue-green|canary] [--skip-backup]
#
#   rolling     node after node: start, move its requests over, watch, stop the old one
#   blue-green  start on all nodes, smoke tests, move all requests at once, watch, stop the old ones
#   canary      as blue-green, with 5, 25, 50 and 100 % of the requests, and a watch at each
#
# The new release is worse when a node is not ready, or more of its requests fail, or more are slow, than of the old one
# (the nodes' own /metrics, read before and after). Settings: deploy/environments/ENVIRONMENT.env. Exit codes: 0 the new
# release serves, 1 the old one serves as before, 2 wrong arguments, 3 the way back failed too.
set -euo pipefail
name_of_script=deploy
# shellcheck source=deploy/scripts/environment.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/environment.sh"

usage() { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2; }

[ $# -ge 2 ] || usage
environment_name=$1 version=${2#v} strategy='' backup=yes
shift 2
while [ $# -gt 0 ]; do
  case $1 in
    --strategy) strategy=${2:-}; shift ;;
    --strategy=*) strategy=${1#*=} ;;
    --skip-backup) backup=no ;;
    *) usage ;;
  esac
  shift
done
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([.-][0-9A-Za-z.-]+)?$ ]] ||
  { say "$version is not a version such as 1.2.3"; exit 2; }
read_environment "$environment_name"
strategy=${strategy:-$STRATEGY}
case $strategy in rolling | blue-green | canary) ;; *) say "--strategy is $strategy; see --help"; exit 2 ;; esac

# In a row, a second apart: one probe may be lost.
ready_failures_max=3
began=$SECONDS
phase=checks
started=()
moved=''
stopped=()
rolled=''

note() {
  mkdir -p "$(dirname "$DEPLOY_LOG")"
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s s\t%s\n' "$(date -u +%FT%TZ)" "${SUDO_USER:-$(id -un)}" "$environment" \
    "${active_version:-none}" "$version" "$strategy" "$((SECONDS - began))" "$1" >> "$DEPLOY_LOG"
  "$scripts/notify.sh" "$environment" "$version" "$1" || true
}

# Everything as it was: the old release on all nodes, then all requests to it, then the new one is stopped.
undo() {
  local node failed=''
  # A second Ctrl-C must not leave the way back half gone.
  trap '' INT TERM HUP
  if [ -n "$rolled" ]; then
    platform_unroll || failed=yes
  elif [ "$active" != none ]; then
    for node in "${stopped[@]}"; do
      platform_start "$node" "$active" "$active_version" || { say "$node: the old release does not start"; failed=yes; }
    done
    if [ -n "$moved" ] && [ -z "$failed" ]; then platform_weigh "$active" 100 || failed=yes; fi
  fi
  if [ -z "$failed" ]; then
    for node in "${started[@]}"; do platform_stop "$node" "$new" || failed=yes; done
  fi
  if [ -n "$failed" ]; then
    say "the way back failed too; requests may be with both releases. health-check.sh $environment shows the state"
    note "failed, and the way back failed"
    exit 3
  fi
}

# Any end before the old release is stopped everywhere is one of these: an error, Ctrl-C, a lost terminal.
leave() {
  local code=$?
  trap - EXIT
  if [ "$phase" = changing ]; then
    say "back to ${active_version}: ${reason:-interrupted}"
    undo
    note "rolled back: ${reason:-interrupted}"
    say "as before: $active_version serves; $((SECONDS - began)) s"
    code=1
  elif [ "$phase" = checks ] && [ -n "${reason:-}" ]; then
    note "not begun: $reason"
  fi
  platform_unlock
  exit "$code"
}
trap leave EXIT
trap 'reason="interrupted by a signal"; exit 1' INT TERM HUP

give_up() {
  reason=$*
  say "$*"
  exit 1
}

# watch_new [NODE...]: for WATCH_SECONDS after WARM_UP_SECONDS, or until it is known to be worse.
watch_new() {
  local from fresh failures=0 node why
  from=$(totals "$new")
  local warm=$((SECONDS + WARM_UP_SECONDS)) is_warm=''
  local until=$((warm + WATCH_SECONDS))
  while :; do
    if node=$(platform_ready "$new" "$@"); then
      failures=0
    else
      failures=$((failures + 1))
      [ $failures -lt $ready_failures_max ] || give_up "$version is not ready on $node"
    fi
    if [ "$active" != none ]; then
      # The old release's latest figures while it runs; rolling stops it node by node, so they may get smaller.
      local totals_now
      totals_now=$(totals "$active")
      [ "${totals_now%% *}" = 0 ] || old=$(since "$old_from" "$totals_now")
    fi
    fresh=$(since "$from" "$(totals "$new")")
    [ -n "$is_warm" ] || fresh="${fresh% *} 0"
    why=$(worse "$old" "$fresh")
    [ -z "$why" ] || give_up "$version is worse: $why"
    [ $SECONDS -lt $until ] || return 0
    if [ -z "$is_warm" ] && [ $SECONDS -ge $warm ]; then
      is_warm=yes
      from=$(totals "$new")
    fi
    sleep 1
  done
}

start_new() {
  say "$1: starting $version in $new"
  # Before the start, so that one that hangs or is interrupted is stopped too.
  started+=("$1")
  platform_start "$1" "$new" "$version" || give_up "$version did not start on $1"
  platform_smoke "$1" "$new" || give_up "$version failed its smoke tests on $1"
}

move() {
  local percent=$1
  shift
  moved=yes
  say "$percent % of the requests${1:+ of $1} to $version"
  platform_weigh "$new" "$percent" "$@" || give_up "a proxy refused the weights"
}

stop_old() {
  [ "$active" != none ] || return 0
  say "$1: stopping $active_version in $active"
  stopped+=("$1")
  platform_stop "$1" "$active" || give_up "the old release did not stop on $1"
}

platform_lock
platform_state
if [ "$active" = none ]; then new=blue; else new=$(other_slot "$active"); fi
say "$environment: $active_version serves; $version comes, $strategy"
if [ "$active_version" = "$version" ] && platform_ready "$active" > /dev/null; then
  say "$version serves already"
  exit 0
fi

# shellcheck disable=SC2153 # BACKUP is of the environment, backup of the arguments
if [ "$BACKUP" = yes ] && [ "$backup" = yes ] && [ "$active" != none ]; then
  say "backing up"
  ${BACKUP_COMMAND:-"$scripts/backup.sh" "$environment_name" incremental} ||
    give_up "the backup failed; --skip-backup goes on without"
fi

platform_place "$version" || give_up "$version cannot be placed"
old_from='0 0 0' old='0 0 0'
[ "$active" = none ] || old_from=$(totals "$active")
phase=changing

if declare -F platform_roll > /dev/null && [ "$strategy" = rolling ] && [ "$active" != none ]; then
  # The platform's own way, in the slot that serves.
  new=$active
  rolled=yes
  platform_roll "$version" || give_up "$version did not become ready"
  watch_new
elif [ "$strategy" = rolling ]; then
  for node in "${nodes[@]}"; do
    start_new "$node"
    move 100 "$node"
    watch_new "$node"
    stop_old "$node"
  done
else
  for node in "${nodes[@]}"; do start_new "$node"; done
  if [ "$strategy" = blue-green ] || [ "$active" = none ]; then CANARY_PERCENTS=100; fi
  for percent in $CANARY_PERCENTS; do
    move "$percent"
    watch_new
  done
fi
if [ -n "$PUBLIC_URL" ]; then
  # shellcheck disable=SC2086 # options
  "$scripts/smoke-tests.sh" "$PUBLIC_URL" $SMOKE_OPTIONS || give_up "the smoke tests of $PUBLIC_URL failed"
fi

# From here on the new release is good, and the old one is only in the way.
phase=finished
if [ "$strategy" != rolling ]; then for node in "${nodes[@]}"; do stop_old "$node"; done; fi
platform_prune "$RELEASES_KEPT"
note deployed
say "$version serves; $((SECONDS - began)) s"

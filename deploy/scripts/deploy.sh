#!/usr/bin/env bash
# Replaces the release that serves an environment, without a failed request, and goes back by itself when the new one is
# worse.
#
#   deploy.sh ENVIRONMENT VERSION [--strategy rolling|blue-green|canary] [--skip-backup]
#
#   rolling     node after node: start, warm up, move its requests over, watch, stop the old one
#   blue-green  start on one node, then on all others, warm up, move all requests at once, watch, stop the old ones
#   canary      start on one node and watch 5 % of all requests there; then start on the others, and watch 25, 50 and
#               100 %
#
# A process that was just started still compiles: it warms up on a few requests.
# With the version that serves, it brings nodes that VEZA_HOSTS has and the proxies do not know yet.
#
# The new release is worse when a node is not ready, or more of its requests fail, or they take longer, than of the old
# one (the nodes' own /metrics). Settings: deploy/environments/ENVIRONMENT.env. Exit codes: 0 the new release serves, 1
# the old one serves as before, 2 wrong arguments, 3 the way back failed too.
set -euo pipefail
name_of_script=deploy
# shellcheck source=deploy/scripts/environment.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/environment.sh"

usage() { sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 2; }

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
# The median of five windows is that of three of them.
windows_judged=5
windows_slow=3
began=$SECONDS
phase=checks
started=()
moved=''
stopped=()
rolled=''
newcomers=()
# Of at_once: what runs, by process.
pending=()
codes=$(mktemp -d)

note() {
  mkdir -p "$(dirname "$DEPLOY_LOG")"
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s s\t%s\n' "$(date -u +%FT%TZ)" "${SUDO_USER:-$(id -un)}" "$environment" \
    "${active_version:-none}" "$version" "$strategy" "$((SECONDS - began))" "$1" >> "$DEPLOY_LOG"
  "$scripts/notify.sh" "$environment" "$version" "$1" || true
}

# Everything as it was: the old release on all nodes that had it, then all requests to it, then the new one is stopped.
undo() {
  local node failed='' back=()
  # A second Ctrl-C must not leave the way back half gone.
  trap '' INT TERM HUP
  if [ -n "$rolled" ]; then
    platform_unroll || failed=yes
  elif [ "$active" != none ]; then
    for node in "${nodes[@]}"; do
      if among "$node" "${newcomers[@]}"; then continue; fi
      if among "$node" "${stopped[@]}" && ! platform_start "$node" "$active" "$active_version"; then
        say "$node: the old release does not start"
        failed=yes
        continue
      fi
      back+=("$node")
    done
    if [ -n "$moved" ] && [ ${#back[@]} -gt 0 ]; then
      platform_leave "${newcomers[@]}"
      platform_weigh "$active" 100 "${back[@]}" || failed=yes
    fi
  fi
  if [ -z "$failed" ]; then
    stop_new
  else
    say "the way back failed too; requests may be with both releases. health-check.sh $environment shows the state"
    note "failed, and the way back failed"
    exit 3
  fi
}

# Stops the new release where it was started, or still starts.
stop_new() {
  local pid call starting=()
  for pid in "${!pending[@]}"; do starting[pid]=${pending[pid]}; done
  pending=()
  at_once stop_new_on "${started[@]}" || true
  for pid in "${!starting[@]}"; do
    call=${starting[pid]}
    until ended "$pid" "$call"; do sleep 0.1; done
    # Its node was asked to stop it a moment too early.
    [ "$code" -ne 0 ] || stop_new_on "${call#*.}"
  done
}

# at_once FUNCTION NODE...: calls it for all of them at the same time. Fails when the first fails, which failed_node
# names; the others go on.
at_once() {
  local call=$1 node pid
  shift
  for node in "$@"; do
    rm -f "$codes/$call.$node"
    coded "$call" "$node" &
    pending[$!]=$call.$node
  done
  # Bash may wait for ever for a process whose end came together with a signal that is trapped.
  while [ ${#pending[@]} -gt 0 ]; do
    for pid in "${!pending[@]}"; do
      ended "$pid" "${pending[pid]}" || continue
      failed_node=${pending[pid]#*.}
      unset "pending[pid]"
      [ "$code" -eq 0 ] || return 1
    done
    [ ${#pending[@]} -eq 0 ] || sleep 0.1
  done
}

coded() {
  local code=0
  "$1" "$2" || code=$?
  echo "$code" > "$codes/.$1.$2"
  mv "$codes/.$1.$2" "$codes/$1.$2"
}

# ended PID FUNCTION.NODE: whether it has ended, and its code. A process that was killed has left none.
ended() {
  local alive=yes
  kill -0 "$1" 2> /dev/null || alive=''
  if [ -e "$codes/$2" ]; then code=$(< "$codes/$2"); elif [ -z "$alive" ]; then code=1; else return 1; fi
}

# among WORD WORD...: whether the first is among the others.
among() {
  local wanted=$1 word
  shift
  for word in "$@"; do [ "$word" != "$wanted" ] || return 0; done
  return 1
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
  rm -rf "$codes"
  exit "$code"
}
trap leave EXIT
trap 'reason="interrupted by a signal"; exit 1' INT TERM HUP
trap '' PIPE

give_up() {
  reason=$*
  say "$*"
  exit 1
}

# warm_up [NODE...]: the new release gets a few requests, while slow ones do not count.
warm_up() {
  if [ "$active" = none ] || [ "$WARM_UP_SECONDS" = 0 ]; then return; fi
  move "${CANARY_PERCENTS%% *}" "$@"
  watch_new "$WARM_UP_SECONDS" 0 "$@"
}

# watch_new COLD SECONDS [NODE...]: for so many seconds after the cold ones, in which it may be slow; or until it is
# known to be worse.
watch_new() {
  local new_from new_now old_now windows=() window_began='' window_new window_old failures=0 node why
  local warm=$((SECONDS + $1))
  local until=$((warm + $2))
  shift 2
  new_from=$(totals "$new")
  while :; do
    if node=$(platform_ready "$new" "$@"); then
      failures=0
    else
      failures=$((failures + 1))
      [ $failures -lt $ready_failures_max ] || give_up "$version is not ready on $node"
    fi
    # Both at the same time, so that what else slows a host down is in both.
    old_now='0 0 0'
    [ "$active" = none ] || old_now=$(totals "$active")
    new_now=$(totals "$new")
    update_old "$old_now"
    why=$(failing "$old" "$(since "$new_from" "$new_now")")
    [ -z "$why" ] || give_up "$version is worse: $why"
    if [ -z "$window_began" ] && [ $SECONDS -ge $warm ]; then
      window_began=$SECONDS window_new=$new_now window_old=$old_now
    elif [ -n "$window_began" ] && [ $((SECONDS - window_began)) -ge "$WINDOW_SECONDS" ]; then
      close_window
    fi
    if [ $SECONDS -ge $until ]; then
      [ -z "$window_began" ] || close_window
      # A short watch has few windows: most of them must be slow.
      judge_windows $((${#windows[@]} / 2 + 1))
      return
    fi
    sleep "$PROBE_SECONDS"
  done
}

# update_old TOTALS: what is known of the old release. Rolling stops it node by node, and moves take its requests away;
# its latest figures stay.
update_old() {
  local latest
  # Rolled by the platform, both are in one slot.
  [ "$new" != "$active" ] && [ "${1%% *}" -gt 0 ] || return 0
  latest=$(since "$old_from" "$1")
  [ "${latest%% *}" -lt "$REQUESTS_MIN" ] || old=$latest
}

# close_window: judges the requests since the window began, if they are enough, and begins the next.
close_window() {
  local fresh old_then
  fresh=$(since "$window_new" "$new_now")
  [ "${fresh%% *}" -ge "$REQUESTS_MIN" ] || return 0
  old_then=$(since "$window_old" "$old_now")
  if [ "$new" = "$active" ] || [ "${old_then%% *}" -lt "$REQUESTS_MIN" ]; then old_then=$old; fi
  windows+=("$(slower "$old_then" "$fresh")")
  [ ${#windows[@]} -le $windows_judged ] || windows=("${windows[@]:1}")
  window_began=$SECONDS window_new=$new_now window_old=$old_now
  judge_windows $windows_slow
}

# judge_windows MAX: gives up if so many of the latest windows are slow.
judge_windows() {
  local window slow=0 why=''
  for window in "${windows[@]}"; do
    [ -n "$window" ] || continue
    slow=$((slow + 1))
    why=$window
  done
  [ $slow -lt "$1" ] || give_up "$version is worse, in $slow of the latest ${#windows[@]} windows: $why"
}

start_on() { platform_start "$1" "$new" "$version"; }
smoke_on() { platform_smoke "$1" "$new"; }
stop_old_on() { platform_stop "$1" "$active"; }
# It gets no requests any more, so that a failure is none of the deployment's.
stop_new_on() { platform_stop "$1" "$new" || say "$1: $version could not be stopped in $new, and may still run"; }

start_new() {
  say "$*: starting $version in $new"
  # Before the start, so that one that hangs or is interrupted is stopped too.
  started+=("$@")
  at_once start_on "$@" || give_up "$version did not start on $failed_node"
  at_once smoke_on "$@" || give_up "$version failed its smoke tests on $failed_node"
}

move() {
  local percent=$1
  platform_locked || give_up "the connection that holds the lock is lost"
  shift
  moved=yes
  say "$percent % of the requests${1:+ of $1} to $version"
  platform_weigh "$new" "$percent" "$@" || give_up "a proxy refused the weights"
}

stop_old() {
  [ "$active" != none ] || return 0
  say "$*: stopping $active_version in $active"
  stopped+=("$@")
  at_once stop_old_on "$@" || give_up "the old release did not stop on $failed_node"
}

# join: the release that serves, on nodes that are new.
join() {
  local node
  platform_place "$version" || give_up "$version cannot be placed"
  new=$active old_from=$(totals "$active")
  old=$old_from
  phase=changing
  for node in "${newcomers[@]}"; do
    start_new "$node"
    warm_up "$node"
    move 100 "$node"
    watch_new 0 "$WATCH_SECONDS" "$node"
  done
  phase=finished
  note "joined: ${newcomers[*]}"
}

serves_where_it_did() {
  local node serving=()
  for node in "${nodes[@]}"; do among "$node" "${newcomers[@]}" || serving+=("$node"); done
  platform_ready "$active" "${serving[@]}" > /dev/null
}

platform_lock
platform_state
if [ "$active" = none ]; then new=blue; else new=$(other_slot "$active"); fi
if [ "$active" != none ]; then read -ra newcomers <<< "$(platform_newcomers)"; fi
if [ "$active_version" = "$version" ] && serves_where_it_did; then
  if [ ${#newcomers[@]} -gt 0 ]; then join; fi
  say "$version serves; $((SECONDS - began)) s"
  exit 0
fi
say "$environment: $active_version serves; $version comes, $strategy"

# shellcheck disable=SC2153 # BACKUP is of the environment, backup of the arguments
if [ "$BACKUP" = yes ] && [ "$backup" = yes ] && [ "$active" != none ]; then
  say "backing up"
  ${BACKUP_COMMAND:-"$scripts/backup.sh" "$environment_name" incremental} ||
    give_up "the backup failed; --skip-backup goes on without"
fi

platform_place "$version" || give_up "$version cannot be placed"
# Until it has had requests meanwhile: all since its start.
old_from='0 0 0'
[ "$active" = none ] || old_from=$(totals "$active")
old=$old_from
phase=changing

if declare -F platform_roll > /dev/null && [ "$strategy" = rolling ] && [ "$active" != none ]; then
  # The platform's own way, in the slot that serves.
  new=$active
  rolled=yes
  platform_roll "$version" || give_up "$version did not become ready"
  watch_new "$WARM_UP_SECONDS" "$WATCH_SECONDS"
elif [ "$strategy" = rolling ]; then
  for node in "${nodes[@]}"; do
    start_new "$node"
    warm_up "$node"
    move 100 "$node"
    watch_new 0 "$WATCH_SECONDS" "$node"
    stop_old "$node"
  done
else
  percents=$CANARY_PERCENTS
  if [ "$strategy" = blue-green ] || [ "$active" = none ]; then percents=100; fi
  # On one first: a release that does not start, or is worse, takes nothing of the others.
  start_new "${nodes[0]}"
  if [ "$percents" != 100 ]; then
    warm_up "${nodes[0]}"
    share=$((${percents%% *} * ${#nodes[@]}))
    move $((share < 100 ? share : 100)) "${nodes[0]}"
    watch_new 0 "$WATCH_SECONDS" "${nodes[0]}"
    percents=${percents#* }
  fi
  for ((i = 1; i < ${#nodes[@]}; i += STARTS_AT_ONCE)); do start_new "${nodes[@]:i:STARTS_AT_ONCE}"; done
  if [ ${#nodes[@]} -gt 1 ] || [ "$percents" = 100 ]; then warm_up "${nodes[@]:1}"; fi
  for percent in $percents; do
    move "$percent"
    watch_new 0 "$WATCH_SECONDS"
  done
fi
if [ -n "$PUBLIC_URL" ]; then
  # shellcheck disable=SC2086 # options
  "$scripts/smoke-tests.sh" "$PUBLIC_URL" $SMOKE_OPTIONS || give_up "the smoke tests of $PUBLIC_URL failed"
fi

# From here on the new release is good, and the old one is only in the way.
phase=finished
if [ "$strategy" != rolling ]; then stop_old "${nodes[@]}"; fi
platform_prune "$RELEASES_KEPT"
note deployed
say "$version serves; $((SECONDS - began)) s"

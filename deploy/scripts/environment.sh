#!/usr/bin/env bash
# What deploy.sh, rollback.sh, health-check.sh and smoke-tests.sh share: an environment and its platform. To be read by
# these, not run; they use its variables.
# shellcheck disable=SC2034
set -euo pipefail
# Set by the platform's verbs.
nodes=()
active=none
active_version=none
idle_version=none
scripts=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# A lost terminal takes no more lines, and must not end the way back.
say() { echo "${name_of_script:-deploy}: $*" >&2 || true; }
fail() { say "$*"; exit 1; }

# read_environment NAME: deploy/environments/NAME.env, or a file if the name has a slash.
read_environment() {
  local file=$1
  [[ $file == */* ]] || file=$scripts/../environments/$1.env
  [ -f "$file" ] || { say "there is no environment $1: $file does not exist"; exit 2; }
  # Exported, because notify.sh and backup.sh are programs of their own.
  set -a
  # shellcheck source=/dev/null
  . "$file"
  set +a
  environment=$(basename "$file" .env)
  : "${PLATFORM:?is missing in $file}" "${PUBLIC_URL:=}" "${STRATEGY:=rolling}"
  # How long a node has until it is ready.
  : "${READY_SECONDS:=120}"
  # Nodes that start at the same time, after the first; fewer where hosts share processors.
  : "${STARTS_AT_ONCE:=8}"
  # How long a new release is watched at each step.
  : "${WATCH_SECONDS:=60}"
  # How long it warms up on the canary's first share, and may be slow: a process that was just started still compiles.
  : "${WARM_UP_SECONDS:=10}"
  # A second, because a process that hangs must be found within seconds.
  : "${PROBE_SECONDS:=1}"
  # More failed requests than the old release has, in per mille of its requests, are too many.
  : "${FAILED_PER_MILLE_MAX:=10}"
  # Slow is so many times the old release's mean duration in the same seconds, and nothing below so many milliseconds:
  # people do not notice less, and the noise of a host is as much.
  : "${SLOW_TIMES:=2}" "${SLOW_MS_MIN:=50}"
  # The limit where the old release had no requests to compare with.
  : "${SLOW_ALONE_MS:=500}"
  # Any window may be slow by chance, such as a backup on the host. So three of the latest five must be.
  : "${WINDOW_SECONDS:=5}"
  # Fewer requests than these say nothing.
  : "${REQUESTS_MIN:=20}"
  : "${CANARY_PERCENTS:=5 25 50 100}" "${RELEASES_KEPT:=3}" "${BACKUP:=no}"
  : "${SMOKE_OPTIONS:=}" "${DEPLOY_LOG:=${XDG_STATE_HOME:-${HOME:-/root}/.local/state}/veza/$environment.log}"
  case $PLATFORM in
    hosts | kubernetes) ;;
    *) say "PLATFORM of $file is $PLATFORM; it may be hosts or kubernetes"; exit 2 ;;
  esac
  # shellcheck source=/dev/null
  . "$scripts/platforms/$PLATFORM.sh"
  platform_check
}

other_slot() { if [ "$1" = blue ]; then echo green; else echo blue; fi; }

# totals SLOT: of all its nodes, "requests failed microseconds" since they started. Long answers are left out: their
# duration is that of a listener's stay. So are the questions of monitoring and of this script.
totals() {
  platform_metrics "$1" | awk '
    /^http_server_request_duration_seconds/ && !/http_route="[^"]*\/(live|log|audio|health|metrics)/ &&
      !/http_route="[^"]*hubs/ {
      if ($1 ~ /_count\{/) { requests += $2; if ($1 ~ /http_response_status_code="5/) failed += $2 }
      else if ($1 ~ /_sum\{/) seconds += $2
    }
    END { printf "%d %d %.0f\n", requests, failed, seconds * 1000000 }'
}

# failing "OLD TOTALS" "NEW TOTALS": how more of the new release's requests fail, or nothing.
failing() {
  local old_requests old_failed requests failed _
  read -r old_requests old_failed _ <<< "$1"
  read -r requests failed _ <<< "$2"
  [ "$requests" -ge "$REQUESTS_MIN" ] || return 0
  [ "$old_requests" -gt 0 ] || old_requests=1
  if [ $((failed * 1000 / requests)) -gt $((old_failed * 1000 / old_requests + FAILED_PER_MILLE_MAX)) ]; then
    echo "$failed of its $requests requests failed; of the old release's, $old_failed of $old_requests"
  fi
}

# slower "OLD TOTALS" "NEW TOTALS": how the new release's requests take longer, or nothing.
slower() {
  local old_requests old_us requests us _ mean old_mean=unknown limit=$SLOW_ALONE_MS
  read -r old_requests _ old_us <<< "$1"
  read -r requests _ us <<< "$2"
  [ "$requests" -ge "$REQUESTS_MIN" ] || return 0
  mean=$((us / requests / 1000))
  if [ "$old_requests" -ge "$REQUESTS_MIN" ]; then
    old_mean=$((old_us / old_requests / 1000))
    limit=$((old_us * SLOW_TIMES / old_requests / 1000))
    [ "$limit" -ge "$SLOW_MS_MIN" ] || limit=$SLOW_MS_MIN
  fi
  if [ "$mean" -gt "$limit" ]; then
    echo "a request takes it $mean ms; the old release, $old_mean ms; more than $limit ms is slow"
  fi
}

# since "EARLIER TOTALS" "TOTALS": the difference; all of it if the process started anew between.
since() {
  local a b c x y z
  read -r a b c <<< "$1"
  read -r x y z <<< "$2"
  if [ "$x" -lt "$a" ]; then echo "$x $y $z"; else echo "$((x - a)) $((y - b)) $((z - c))"; fi
}

#!/usr/bin/env bash
# Whether an environment serves: the state of its slots, the requests they have, and the public address.
#
#   health-check.sh ENVIRONMENT
#
# Exits with 0 if the release that serves is ready everywhere.
set -euo pipefail
name_of_script=health-check
# shellcheck source=deploy/scripts/environment.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/environment.sh"

[ $# -eq 1 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; }
read_environment "$1"
platform_state
[ "$active" != none ] || fail "nothing serves $environment yet"
read -r requests failed us <<< "$(totals "$active")"
echo "$environment: $active_version in $active; before it: $idle_version"
echo "since its start: $requests requests, $failed failed, $((us / (requests > 0 ? requests : 1) / 1000)) ms each"
node=$(platform_ready "$active") || fail "$active_version is not ready on $node"
if [ -n "$PUBLIC_URL" ]; then
  # shellcheck disable=SC2086 # options
  curl --silent --show-error --fail --max-time 10 --output /dev/null $SMOKE_OPTIONS "$PUBLIC_URL/health/ready" ||
    fail "$PUBLIC_URL/health/ready does not answer with 200"
fi
echo "ready"

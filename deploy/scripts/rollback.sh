#!/usr/bin/env bash
# Back to the release that served before, at once on all nodes: it still lies in the other slot.
#
#   rollback.sh ENVIRONMENT [VERSION]
#
# It goes through deploy.sh, so that release is started, checked and watched as any other, and the present one goes on
# if it does not start. No backup: the log is not rolled back, and an older release reads it.
set -euo pipefail
name_of_script=rollback
# shellcheck source=deploy/scripts/environment.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/environment.sh"

[ $# -ge 1 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; }
read_environment "$1"
version=${2:-}
if [ -z "$version" ]; then
  platform_state
  version=$idle_version
  [ "$version" != none ] || fail "no release served before $active_version; give a VERSION"
fi
exec "$scripts/deploy.sh" "$1" "$version" --strategy blue-green --skip-backup

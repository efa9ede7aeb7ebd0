#!/usr/bin/env bash
# Says how a deployment ended: {"text": "..."} by POST to NOTIFY_URL, as the webhooks of Slack, Mattermost and Teams
# take it. Without NOTIFY_URL it does nothing.
#
#   notify.sh ENVIRONMENT VERSION OUTCOME
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
[ -n "${NOTIFY_URL:-}" ] || exit 0
text="Veza $2 in $1: $3"
# JSON's own characters, and nothing that ends a line.
text=$(tr -d '\000-\037' <<< "$text" | sed 's/[\\"]/\\&/g')
curl --silent --show-error --fail --max-time 10 --output /dev/null \
  --header 'Content-Type: application/json' --data "{\"text\":\"$text\"}" "$NOTIFY_URL"

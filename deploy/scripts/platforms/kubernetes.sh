#!/usr/bin/env bash
# Verbs of deploy.sh on Kubernetes: each slot is two Deployments, veza-api-SLOT and veza-workers-SLOT. The Service veza
# selects the slot that serves, and veza-canary the other one. To be read by environment.sh, not run. hosts.sh has the
# same names. The cluster counts as one node.
#
# The scripts that read this file set and use its variables.
# shellcheck disable=SC2034,SC2154
set -euo pipefail

platform_check() {
  : "${NAMESPACE:?is missing in the environment}" "${KUBECTL:=kubectl}" "${REGISTRY:=ghcr.io/veza}"
  : "${ROLLOUT_SECONDS:=300}" "${REPLICAS_MIN:=2}"
  nodes=("$NAMESPACE")
}

kube() {
  # shellcheck disable=SC2086 # a command with options
  $KUBECTL --namespace "$NAMESPACE" "$@" < /dev/null
}

# The lock is an object, so that it holds between machines. It outlives a machine that is lost, and says whose it was.
platform_lock() {
  local owner
  owner="$(id -un)@$(hostname), $(date -u +%FT%TZ)"
  if ! kube create configmap veza-deploy-lock --from-literal="owner=$owner" > /dev/null 2>&1; then
    owner=$(kube get configmap veza-deploy-lock --output 'jsonpath={.data.owner}') || owner=unknown
    fail "another deployment holds the lock ($owner); if it is lost: kubectl -n $NAMESPACE delete cm veza-deploy-lock"
  fi
  locked=yes
}

platform_unlock() {
  [ -z "${locked:-}" ] || kube delete configmap veza-deploy-lock > /dev/null || true
}

platform_locked() { :; }

# The cluster adds and removes pods by itself.
platform_newcomers() { :; }
platform_leave() { :; }

# version_in SLOT: of its image; "none" while it has no pods.
version_in() {
  local image replicas
  image=$(kube get deployment "veza-api-$1" --output 'jsonpath={.spec.template.spec.containers[0].image}') || return 1
  replicas=$(kube get deployment "veza-api-$1" --output 'jsonpath={.spec.replicas}')
  if [ "$1" = "$active" ] && [ "${replicas:-0}" = 0 ]; then echo none; else echo "${image##*:}"; fi
}

platform_state() {
  active=$(kube get service veza --output 'jsonpath={.spec.selector.veza\.example/slot}') ||
    fail "there is no Service veza in $NAMESPACE; first: kubectl apply -k deploy/kubernetes/overlays/${environment}"
  active_version=$(version_in "$active")
  idle_version=$(version_in "$(other_slot "$active")")
  # Set up, and never started: nothing serves.
  if [ "$active_version" = none ]; then active=none; fi
}

# Images come from the registry.
platform_place() { :; }

set_images() {
  kube set image "deployment/veza-api-$1" "veza=$REGISTRY/veza-media:$2" &&
    kube set image "deployment/veza-workers-$1" "veza=$REGISTRY/veza-media:$2"
}

rolled_out() {
  kube rollout status "deployment/veza-api-$1" --timeout "${ROLLOUT_SECONDS}s" &&
    kube rollout status "deployment/veza-workers-$1" --timeout "${ROLLOUT_SECONDS}s"
}

# platform_start NODE SLOT VERSION
platform_start() {
  local part replicas
  set_images "$2" "$3" || return 1
  for part in api workers; do
    replicas=$(kube get deployment "veza-$part-$(other_slot "$2")" --output 'jsonpath={.spec.replicas}') || return 1
    [ "${replicas:-0}" -ge "$REPLICAS_MIN" ] || replicas=$REPLICAS_MIN
    kube scale "deployment/veza-$part-$2" --replicas "$replicas" || return 1
  done
  rolled_out "$2"
}

platform_stop() {
  kube scale "deployment/veza-workers-$2" --replicas 0 && kube scale "deployment/veza-api-$2" --replicas 0
}

platform_smoke() {
  select_slot veza-canary "$2" || return 1
  local path
  # Endpoints follow a Service's selector after a moment.
  for path in /health/ready /openapi/v1.json; do
    local tries=0
    until kube get --raw "/api/v1/namespaces/$NAMESPACE/services/veza-canary:http/proxy$path" > /dev/null; do
      tries=$((tries + 1))
      [ $tries -lt 10 ] || return 1
      sleep 1
    done
  done
}

platform_ready() {
  local part counts
  for part in api workers; do
    counts=$(kube get deployment "veza-$part-$1" --output 'jsonpath={.spec.replicas} {.status.readyReplicas}')
    if [ "${counts% *}" != "${counts#* }" ] || [ "${counts% *}" = 0 ]; then
      echo "veza-$part-$1 (wanted, ready: $counts)"
      return 1
    fi
  done
}

platform_metrics() {
  local pod
  for pod in $(kube get pods --selector "veza.example/slot=$1" --output 'jsonpath={.items[*].metadata.name}'); do
    kube get --raw "/api/v1/namespaces/$NAMESPACE/pods/$pod:9090/proxy/metrics" || true
  done
}

# platform_weigh SLOT PERCENT: between 0 and 100 the canary Ingress shares; at the ends the Service itself changes.
platform_weigh() {
  case $2 in
    100)
      select_slot veza "$1" && canary_weight 0
      ;;
    *) canary_weight "$2" ;;
  esac
}

# select_slot SERVICE SLOT
select_slot() {
  kube patch service "$1" --patch "{\"spec\":{\"selector\":{\"veza.example/slot\":\"$2\"}}}" > /dev/null
}

canary_weight() {
  kube annotate ingress veza-canary --overwrite "nginx.ingress.kubernetes.io/canary-weight=$1" > /dev/null
}

# platform_roll VERSION: Kubernetes' own rolling update in the slot that serves.
platform_roll() { set_images "$active" "$1" && rolled_out "$active"; }

# platform_unroll: back to what it was.
platform_unroll() {
  kube rollout undo "deployment/veza-api-$active" && kube rollout undo "deployment/veza-workers-$active" &&
    rolled_out "$active"
}

# The registry keeps releases.
platform_prune() { :; }

#!/usr/bin/env node
// Writes dashboards/*.json from the list below, so that all panels look and behave alike.
// Usage: deploy/monitoring/grafana/make-dashboards.mjs
import { writeFileSync } from "node:fs";

const q = (p, metric, by) => `histogram_quantile(${p}, sum by (${by ? `${by}, ` : ""}le) (rate(${metric}_bucket[5m])))`;
const rate = (metric, by) => `sum by (${by}) (rate(${metric}[5m]))`;
const host = (expr) => `max by (host) (${expr})`;

// title, unit, expression, legend
const dashboards = {
  overview: ["Veza: overview", [
    ["Nodes that answer", "short", 'sum by (host) (up{job="veza"})', "{{host}}"],
    ["Failed requests, 1 h (objective 0.1 %)", "percentunit", "veza:availability_errors:ratio_rate1h", "failed"],
    ["Slow commands, 1 h (objective 1 %)", "percentunit", "veza:latency_errors:ratio_rate1h", "slow"],
    ["Fallen behind, 1 h (objective 0.1 %)", "percentunit", "veza:live_errors:ratio_rate1h", "behind"],
    ["Stale read models, 1 h (objective 1 %)", "percentunit", "veza:freshness_errors:ratio_rate1h", "stale"],
    ["Requests", "reqps", "veza:requests:rate5m", "{{host}}"],
    ["Requests, 99th percentile", "s", q(0.99, "http_server_request_duration_seconds", "http_route"), "{{http_route}}"],
    ["Commands by name, 99th percentile", "s", q(0.99, "veza_commands_duration_seconds", "command"), "{{command}}"],
    ["Refusals by code", "reqps", "veza:refusals_by_code:rate5m", "{{code}}"],
    ["Memory", "bytes", host("dotnet_process_memory_working_set_bytes"), "{{host}}"],
    ["Open files of their bound", "percentunit", host("veza_process_files_open / veza_process_files_max"), "{{host}}"],
    ["Free disk", "bytes", "min by (host, volume) (veza_disk_free_bytes)", "{{host}} {{volume}}"],
    ["Garbage collection pauses", "percentunit", host("rate(dotnet_gc_pause_time_seconds_total[5m])"), "{{host}}"],
  ]],
  log: ["Veza: log and projections", [
    ["Events appended", "ops", "veza:events_appended:rate5m", "all"],
    ["Commands", "ops", "veza:commands:rate5m", "{{host}}"],
    ["Commit, 99th percentile", "s", q(0.99, "veza_log_commit_duration_seconds", "host"), "{{host}}"],
    ["Wait for a batch, 99th percentile", "s", q(0.99, "veza_log_queue_wait_seconds", "host"), "{{host}}"],
    ["Waiting commands", "short", host("veza_log_queue_commands"), "{{host}}"],
    ["Projections: events behind", "short", "max by (projection) (veza_projection_lag)", "{{projection}}"],
    ["Projections: events applied", "ops", rate("veza_projection_events_total", "projection"), "{{projection}}"],
    ["Projections that run", "short", "min by (projection) (veza_projection_healthy)", "{{projection}}"],
    ["Reactors: events behind", "short", "max by (reactor) (veza_reactor_lag)", "{{reactor}}"],
    ["Reactors: given up", "short", "max by (reactor) (veza_reactor_dead)", "{{reactor}}"],
  ]],
  live: ["Veza: live", [
    ["Live connections", "short", "sum by (host) (veza_live_connections)", "{{host}}"],
    ["Subscriptions", "short", "sum by (host) (veza_live_subscriptions)", "{{host}}"],
    ["Items sent", "ops", rate("veza_live_items_total", "host"), "{{host}}"],
    ["Fallen behind", "ops", rate("veza_live_fell_behind_total", "host"), "{{host}}"],
    ["Pages read from PostgreSQL", "ops", rate("veza_live_reads_total", "host"), "{{host}}"],
    ["Connections of their bound", "percentunit", "veza_connections_open / veza_connections_max", "{{host}} {{port}}"],
  ]],
  media: ["Veza: media", [
    ["Broadcasts", "short", "sum by (host) (veza_broadcasts_mounts)", "{{host}}"],
    ["Broadcasts without a source", "short", "sum by (host) (veza_broadcasts_interrupted)", "{{host}}"],
    ["Listeners", "short", "sum by (host) (veza_broadcasts_listeners)", "{{host}}"],
    ["Uploads", "Bps", rate("veza_media_uploaded_bytes_total", "host"), "{{host}}"],
    ["Copies by outcome", "ops", rate("veza_media_transcodes_total", "outcome"), "{{outcome}}"],
    ["ffmpeg, 99th percentile", "s", q(0.99, "veza_media_tool_duration_seconds", "program"), "{{program}}"],
  ]],
  postgresql: ["Veza: PostgreSQL", [
    ["Answers", "short", host("pg_up"), "{{host}}"],
    ["Is a standby", "short", host("pg_replication_is_replica"), "{{host}}"],
    ["Standby: bytes behind", "bytes",
      "max by (host, application_name) (pg_stat_replication_pg_wal_lsn_diff)", "{{application_name}}"],
    ["Connections by state", "short", "sum by (host, state) (pg_stat_activity_count)", "{{host}} {{state}}"],
    ["Transactions", "ops", 'sum by (host) (rate(pg_stat_database_xact_commit{datname="veza"}[5m]))', "{{host}}"],
    ["Size", "bytes", 'max by (host) (pg_database_size_bytes{datname="veza"})', "{{host}}"],
    ["Archiving that failed", "ops", rate("pg_stat_archiver_failed_count", "host"), "{{host}}"],
    ["Age of the last backup", "s",
      "time() - max by (repository, type) (veza_backup_last_success_timestamp_seconds)", "{{repository}} {{type}}"],
  ]],
};

const datasource = { type: "prometheus", uid: "prometheus" };
const panel = ([title, unit, expr, legendFormat], index) => ({
  id: index + 1,
  type: "timeseries",
  title,
  datasource,
  gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  options: { legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull", "max"] } },
  targets: [{ refId: "A", datasource, expr, legendFormat, exemplar: expr.includes("_bucket") }],
});

for (const [name, [title, panels]] of Object.entries(dashboards)) {
  const dashboard = {
    uid: `veza-${name}`,
    title,
    tags: ["veza"],
    schemaVersion: 38,
    version: 1,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    links: [
      { type: "dashboards", title: "Veza", tags: ["veza"], asDropdown: true },
      {
        type: "link",
        title: "Runbooks",
        url: "https://github.com/veza/veza/blob/main/docs/runbooks/README.md",
        targetBlank: true,
      },
    ],
    panels: panels.map(panel),
  };
  writeFileSync(new URL(`dashboards/${name}.json`, import.meta.url), `${JSON.stringify(dashboard, null, 2)}\n`);
}

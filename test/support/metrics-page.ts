import { METRICS, type MetricDefinition, type MetricOrigin, valuesOf } from '../../src/core/metrics.ts';

const ORIGINS: Readonly<Record<MetricOrigin, string>> = {
  totals: 'store',
  state: 'now',
  process: 'process',
};

/** The reference of all metrics, made from their catalogue. */
export function metricsPage(): string {
  const rows = Object.entries(METRICS).map(([name, definition]: [string, MetricDefinition]) => {
    const labels = definition.labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${definition.type} | ${labels || '–'} | ${ORIGINS[definition.from]} | ${definition.help} |`;
  });
  const labels = [
    ...new Set(Object.values(METRICS).flatMap((definition: MetricDefinition) => definition.labels)),
  ];
  return `# Metrics

What \`packprobe serve\` shows at \`/metrics\`, in OpenMetrics where the scraper asks for that (exemplars stand only there), else in the text format. The
list of metrics and labels on this page is made from the sources by \`npm run docs\`. Names are stable within a major version.

- [Scraping](#scraping)
- [What a restart does](#what-a-restart-does)
- [Times](#times)
- [Labels](#labels)
- [The list](#the-list)
- [\`/probe\`](#probe)
- [Rules, alerts and a dashboard](#rules-alerts-and-a-dashboard)
- [Without a service: textfile and Pushgateway](#without-a-service-textfile-and-pushgateway)
- [OpenTelemetry](#opentelemetry)

## Scraping

[config/prometheus/prometheus.yaml](../config/prometheus/prometheus.yaml) is an example. \`/metrics\` needs no token and listens on loopback unless
\`listen.host\` says otherwise. One environment with seven probes of twelve steps makes about 3,500 series, half of them durations by step:
\`metrics.step_histograms: off\` leaves these out, hops and the store keep the truth. Known series are there at 0 from the first scrape, so that
\`increase()\` sees the first event. Two scrapes without an event between them are the same text, but for \`process_*\`, \`nodejs_*\`,
\`packprobe_scheduler_tick_*\`, \`packprobe_store_*\` and \`packprobe_log_lines_total\`.

To see the runs behind the numbers start Prometheus with \`--enable-feature=exemplar-storage\`: exemplars have \`run_id\` and \`trace_id\`, which is the run's
id without dashes.

## What a restart does

The column *from* tells it:

- **store**: totals that are kept in the database, written together with what they count. A restart, a crash or the removal of old runs changes nothing;
  \`increase()\` over weeks is right. A new database begins at 0.
- **now**: what is so at the moment of the scrape, read from the database and the service. Gauges of the last run come back after a restart; nothing
  expires: how old it is tells the timestamp beside it.
- **process**: counted by this process alone, from 0 at each start.

Of two services that share a database each shows the same totals; sum over instances with \`max\`, not \`sum\`.

## Times

Timestamps are Unix times of the host. Durations are those of the environment: in a sandbox that runs sixty times as fast, a run of half an hour took half a
minute here. Durations of steps are of those that passed, since a limit is no duration; those of runs are of runs that passed or failed. What was errored
or cancelled is in the counters alone. A gauge that is a timestamp is 0 where there is none.

## Labels

Ids of runs, builds, tasks and updates, users and error texts are never labels. What a list below does not hold is shown as \`other\`: also a probe, step,
environment or receiver that is no longer in the configuration, whose totals move there, so that no sum ever shrinks.

| label | says |
| --- | --- |
${labels.map((label) => `| \`${label}\` | ${meaningOf(label)} |`).join('\n')}

## The list

| metric | type | labels | from | |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

Beside them stand \`process_*\` and \`nodejs_*\` of prom-client, but for gauges whose names end in \`_total\`, and for percentiles of the lag of the event loop:
to measure these an idle process would have to wake a hundred times a second.

Buckets of runs reach twelve hours, those of steps, phases and hops eight.

## \`/probe\`

\`GET /probe?probe=NAME&environment=NAME\` tells the last run in the form of the blackbox exporter, for dashboards and rules that know that: \`probe_success\`,
\`probe_duration_seconds\`, \`probe_timeout_seconds\`, and \`probe_last_run_timestamp_seconds\`. It starts nothing. After an errored run there is no \`probe_success\`:
nobody knows; a cancelled run is passed over.

## Rules, alerts and a dashboard

- [config/prometheus/packprobe.rules.yaml](../config/prometheus/packprobe.rules.yaml): recording rules and alerts, each with a page in [runbooks](runbooks/README.md).
  Its head says how to put your address into \`runbook_url\`.
- [config/grafana/packprobe.json](../config/grafana/packprobe.json): a dashboard. Two of its panels want the recording rules.

Alerts about a system fire on \`packprobe_incident_open\`: whether failures are an incident is decided in packprobe (\`incidents\` in
[configuration.md](configuration.md)), where the history is. Besides, packprobe tells receivers by itself; choose one way for people.

## Without a service: textfile and Pushgateway

For runs that something else starts, such as cron:

- \`packprobe run PROBE --textfile /var/lib/node_exporter/textfile/packprobe.prom\` writes the file at the end of the run, as a whole, for the textfile collector of
  node_exporter. Use one file for each probe and environment.
- \`packprobe run PROBE --pushgateway http://localhost:9091\` puts the same into the group \`job="packprobe"\`, \`environment\`, \`probe\`, whatever host it runs on, in the
  place of what the run before it has put there.

Both have gauges alone: ends of the last runs by outcome, duration, limit, and which systems the run spoke for or against
(\`packprobe_system_last_evidence_timestamp_seconds\`). There are no counters: a file that each run writes anew would only ever count to 1. A file that cannot be
written, or a gateway that refuses, is told on standard error and changes no exit code: the run has ended as it has. What never ran is told by age:
\`time() - packprobe_run_last_end_timestamp_seconds\`.

## OpenTelemetry

Off by default, and nothing of it is loaded then. \`metrics.otlp\` of \`packprobe.yaml\` names a collector that speaks OTLP over HTTP:

- **Traces**: one for each run, sent when it has ended; the id of the trace is that of the run without dashes. The root is \`RUN probe\` (SERVER) with
  \`cicd.pipeline.name\`, \`cicd.pipeline.run.id\`, \`cicd.pipeline.result\` and, of a fault, \`error.type\`. Below it are the steps with \`cicd.pipeline.task.*\`, below these their
  attempts, and phases as the system stamped them. Hops stand below the root with \`peer.service\`, \`packprobe.time.source\` and
  \`packprobe.time.uncertainty_s\`. Results: passed is \`success\`, failed \`failure\`, or \`timeout\` where a wait ran out, errored \`error\`, cancelled
  \`cancellation\`, skipped \`skip\`. While a run goes on, a span \`SNAPSHOT probe\` tells every ten minutes where it is: receivers drop a root that stays open for hours.
- **Metrics** every \`interval\`: \`cicd.pipeline.run.duration\`, \`.active\` and \`.errors\`, \`cicd.system.errors\` and \`cicd.worker.count\` of the conventions, and all
  others as \`packprobe.*\` with the unit beside the name: \`packprobe_hop_duration_seconds\` is \`packprobe.hop_duration\` in \`s\`.

A collector that is down or refuses costs a line of the log; no run waits for it, and what it did not take is not sent again.
`;
}

const MEANINGS: Readonly<Record<string, string>> = {
  environment: 'name of the environment',
  probe: 'name of the probe',
  step: 'id of the step in the probe file',
  receiver: 'name of the receiver',
  version: 'of packprobe',
  revision: 'of its sources, `PACKPROBE_REVISION` where it was built',
  node: 'version of Node',
  package: 'test package',
  branch: 'as the probe names it',
  file_hash: 'first twelve digits of the SHA-256 of the probe file',
};

function meaningOf(label: string): string {
  const fixed = MEANINGS[label];
  if (fixed !== undefined) return fixed;
  const of = Object.values(METRICS).filter((one: MetricDefinition) => one.labels.includes(label));
  const values = [...new Set(of.flatMap((definition) => valuesOf(definition, label) ?? []))];
  return values.map((value) => `\`${value}\``).join(', ');
}

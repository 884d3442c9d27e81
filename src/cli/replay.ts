import {
  type Config,
  type IncidentsConfig,
  incidentsSchema,
  readConfig,
  readConfigFile,
} from '../core/config.ts';
import { ConfigError } from '../core/config-error.ts';
import { formatDuration, parseDuration } from '../core/duration.ts';
import type { Incident, SystemEvidence } from '../core/incident.ts';
import { isoTime } from '../core/iso-time.ts';
import { checkRules, forecastText } from '../core/rule-forecast.ts';
import type { Site } from '../core/site.ts';
import type { Store } from '../core/store.ts';
import { type Comparison, compare, type Failure, replay } from '../incidents/replay.ts';
import { existingStore } from './asked.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { absolute, loadConfig, type PlaceOptions, shortPath } from './places.ts';
import { loadSites } from './sites.ts';
import { table } from './style.ts';
import { UsageError } from './usage-error.ts';

export interface ReplayOptions extends PlaceOptions {
  readonly rules: string;
  readonly since: string;
  readonly env?: string;
  readonly json?: boolean;
}

/** Of one environment; more pieces than these are not gathered within any retention. */
const MOST_EVIDENCE = 1_000_000;
const PAGE = 200;

interface Told {
  readonly environment: string;
  readonly scope: string;
  readonly from: number;
  readonly to: number;
  readonly runs: number;
  readonly incidents: readonly Comparison[];
  readonly forecasts: readonly string[];
}

/** `packprobe replay --rules FILE`: which incidents other rules would have opened, against what happened. Changes nothing. */
export async function replayCommand(options: ReplayOptions, host: Host): Promise<number> {
  const span = parseDuration(options.since);
  if (span === undefined || span <= 0)
    throw new UsageError(`--since ${options.since} is no duration`, 'Say how far back, such as 90d.');
  const rules = await readRules(options.rules, host);
  const config = await loadConfig(options, host);
  await using store = await existingStore(options, host);
  const scopes = await scopesOf(store, options.env);
  const now = (await host.openClock()).now();
  const all: Told[] = [];
  for (const { scope, environment, newest } of scopes) {
    // The time of a sandbox is its own: it ends with what was last heard of it.
    const to = scope === environment ? now : newest;
    const probes = await probesOf(environment, { options, config, host });
    all.push(await replayScope({ store, scope, environment, from: to - span, to, rules, probes }));
  }
  if (options.json === true) host.stdout.write(jsonText(all.map(asJson)));
  else host.stdout.write(all.map((one) => describe(one)).join('\n'));
  return EXIT.passed;
}

/** A file with nothing but rules, or the configuration of a service. */
async function readRules(name: string, host: Host): Promise<IncidentsConfig> {
  const path = absolute(host.cwd, name);
  if (!(await host.exists(path)))
    throw new UsageError(`there is no file ${path}`, 'Say where the rules are.');
  const text = await host.readText(path);
  const file = shortPath(host.cwd, path);
  if (/^incidents\s*:/m.test(text)) return readConfig(file, text).incidents;
  return readConfigFile(incidentsSchema, file, text);
}

interface KnownScope {
  readonly scope: string;
  readonly environment: string;
  readonly newest: number;
}

async function scopesOf(store: Store, wanted: string | undefined): Promise<readonly KnownScope[]> {
  const scopes = new Map<string, KnownScope>();
  for (const { scope, environment, last_good, last_bad } of await store.incidents.systems()) {
    if (wanted !== undefined && environment !== wanted) continue;
    const newest = Math.max(scopes.get(scope)?.newest ?? 0, last_good ?? 0, last_bad ?? 0);
    scopes.set(scope, { scope, environment, newest });
  }
  if (scopes.size > 0) return [...scopes.values()];
  const where = wanted === undefined ? '' : ` of ${wanted}`;
  throw new UsageError(`there is no evidence${where} to replay`, 'It is gathered by `serve` from every run.');
}

interface Place {
  readonly options: PlaceOptions;
  readonly config: Config;
  readonly host: Host;
}

/** What its probes are now; of an environment that is not configured any more nothing is known but the evidence. */
async function probesOf(environment: string, { options, config, host }: Place): Promise<Site['probes']> {
  try {
    const { sites } = await loadSites({ ...options, env: [environment] }, config, host);
    return sites[0]?.probes ?? new Map();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError) return new Map();
    throw error;
  }
}

interface Replaying {
  readonly store: Store;
  readonly scope: string;
  readonly environment: string;
  readonly from: number;
  readonly to: number;
  readonly rules: IncidentsConfig;
  readonly probes: Site['probes'];
}

async function replayScope({ store, scope, environment, from, to, rules, probes }: Replaying): Promise<Told> {
  const evidence = await store.incidents.evidence({ scope, since: from, limit: MOST_EVIDENCE });
  const replayed = replay({ evidence, failures: await failuresOf(store, evidence), rules, site: { probes } });
  const actual = await incidentsSince(store, { scope, environment, from });
  return {
    environment,
    scope,
    from,
    to,
    runs: new Set(evidence.map(({ run_id }) => run_id)).size,
    incidents: compare(replayed, actual),
    forecasts: checkRules(rules, [{ name: environment, probes }]).forecasts.map(forecastText),
  };
}

async function failuresOf(
  store: Store,
  evidence: readonly SystemEvidence[],
): Promise<ReadonlyMap<string, Failure>> {
  const failures = new Map<string, Failure>();
  for (const { good, run_id } of evidence) {
    if (good || failures.has(run_id)) continue;
    const { run } = await store.find(run_id);
    if (run?.record == null) continue;
    const step = run.record.steps.find(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped');
    failures.set(run_id, { step: step?.id ?? null, fault: run.record.fault });
  }
  return failures;
}

async function incidentsSince(
  store: Store,
  {
    scope,
    environment,
    from,
  }: { readonly scope: string; readonly environment: string; readonly from: number },
): Promise<readonly Incident[]> {
  const found: Incident[] = [];
  for (let before: string | undefined; ; ) {
    const page = await store.incidents.list({
      environment,
      limit: PAGE,
      ...(before === undefined ? {} : { before }),
    });
    found.push(...page.filter((one) => one.scope === scope && (one.resolved_at ?? one.updated_at) >= from));
    before = page.at(-1)?.incident_id;
    // Ids are in the order in which incidents began; one that began before and still lasted is at most a page further on.
    if (page.length < PAGE || page.every(({ updated_at }) => updated_at < from)) return found;
  }
}

function describe({ environment, from, to, runs, incidents, forecasts }: Told): string {
  const count = (verdict: Comparison['verdict']) => incidents.filter((one) => one.verdict === verdict).length;
  const rows = incidents.map(({ verdict, system, since, resolved_at, failures, later_ms }) => [
    verdict,
    system,
    isoTime(since).replace(/:\d\d\.\d+Z$/, 'Z'),
    resolved_at === null ? 'goes on' : `lasted ${formatDuration(resolved_at - since)}`,
    `${failures} failed`,
    later_ms === null || later_ms === 0
      ? ''
      : `told ${formatDuration(Math.abs(later_ms))} ${later_ms > 0 ? 'later' : 'earlier'}`,
  ]);
  return [
    `${environment}: ${runs} runs within ${formatDuration(to - from)}`,
    ...(rows.length === 0 ? [] : [table(rows)]),
    `  ${count('same')} told by both, ${count('missed')} missed by these rules, ${count('new')} told by these rules alone`,
    ...forecasts.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function asJson({ from, to, ...rest }: Told) {
  return {
    ...rest,
    from: isoTime(from),
    to: isoTime(to),
    incidents: rest.incidents.map((one) => ({
      ...one,
      since: isoTime(one.since),
      resolved_at: one.resolved_at === null ? null : isoTime(one.resolved_at),
    })),
  };
}

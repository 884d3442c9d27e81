import type { Config } from '../core/config.ts';
import type { Digests } from '../core/digest.ts';
import type { Incident, Incidents } from '../core/incident.ts';
import { evidenceNeeded, NORMAL_MS, rulesOf } from '../core/incident-rules.ts';
import type { RunRecord } from '../core/run.ts';
import type { Site } from '../core/site.ts';
import type { StoredRun } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import type { Known } from './digest.ts';
import { evidenceOf } from './evidence.ts';

/** How far back the run before this one may lie. Milliseconds. */
const PREVIOUS_MS = 30 * 86_400_000;

/** So many runs before it are looked at. */
const AGO = 5;

/** So much is read at least, so that the last good run is among it. */
const LEAST_EVIDENCE = 50;

interface Asked {
  readonly run: Pick<StoredRun, 'header' | 'record'>;
  readonly site: Pick<Site, 'probes'>;
  readonly config: Pick<Config, 'incidents' | 'receivers'>;
  readonly store: { readonly incidents: Incidents; readonly digests: Pick<Digests, 'ended'> };
}

/** Reads what the digest of a run is made from. A run that passed where nothing is wrong, and that no machine is told of, costs one query. */
export async function knownBefore({ run, site, config, store }: Asked): Promise<Known> {
  const { header, record } = run;
  const { scope, environment } = header;
  const live = await store.incidents.live(scope);
  if (record === null)
    return { incidents: live, evidence: [], rates: new Map(), failedBefore: 0, previous: undefined };
  const rows = evidenceOf({ record, scope, site, live, counted: true });
  const bad = rows.flatMap(({ good, system }) => (good ? [] : [system]));
  const known = new Set(live.map(({ system }) => system));
  const begun = bad.filter((system) => !known.has(system));

  const resolved = await Promise.all(
    bad.map((system) => store.incidents.list({ environment, system, state: 'resolved', limit: 10 })),
  );
  const evidence = await Promise.all(
    [...new Set([...known, ...bad])].map((system) => {
      const limit = Math.max(LEAST_EVIDENCE, evidenceNeeded(rulesOf(config.incidents, system)));
      return store.incidents.evidence({ scope, system, limit });
    }),
  );
  const rates = await Promise.all(
    begun.map(async (system): Promise<readonly [Charge, { failed: number; of: number }]> => {
      return [system, await store.incidents.failureRate(scope, system, record.ended_at - NORMAL_MS)];
    }),
  );
  const toldAll = Object.values(config.receivers).some((receiver) => 'runs' in receiver && receiver.runs);
  return {
    incidents: [...live, ...resolved.flat().filter((incident) => incident.scope === scope)],
    evidence: evidence.flat(),
    rates: new Map(rates),
    ...(toldAll || record.outcome === 'failed'
      ? await before(record, { scope, live, digests: store.digests })
      : { failedBefore: 0, previous: undefined }),
  };
}

interface Before {
  readonly scope: string;
  readonly live: readonly Incident[];
  readonly digests: Pick<Digests, 'ended'>;
}

async function before(
  record: RunRecord,
  { scope, live, digests }: Before,
): Promise<Pick<Known, 'failedBefore' | 'previous'>> {
  const since = record.ended_at - PREVIOUS_MS;
  const earlier = async (filter: { readonly probe?: string }) => {
    const ended = await digests.ended({ scope, ...filter, since, limit: AGO });
    return ended.filter((run) => run.record !== null && run.record.ended_at <= record.ended_at);
  };
  const explained = new Set(live.flatMap(({ state, system }) => (state === 'open' ? [system] : [])));
  const failedIn = (runs: readonly StoredRun[]) => {
    const telling = runs
      .filter(({ left_out }) => left_out === null)
      .flatMap((run) => (run.record === null || run.record.run_id === record.run_id ? [] : [run.record]))
      .filter(({ outcome, fault }) => {
        return outcome === 'passed' || (outcome === 'failed' && !explained.has(fault?.system ?? 'own'));
      });
    const passed = telling.findIndex(({ outcome }) => outcome === 'passed');
    return passed === -1 ? telling.length : passed;
  };
  const ofProbe = await earlier({ probe: record.probe });
  const failedBefore =
    record.outcome === 'failed' ? Math.max(failedIn(ofProbe), failedIn(await earlier({}))) : 0;
  const previous = ofProbe.find(({ header }) => header.run_id !== record.run_id)?.record ?? undefined;
  return { failedBefore, previous };
}

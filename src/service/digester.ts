import type { Config } from '../core/config.ts';
import type { Digest } from '../core/digest.ts';
import type { Environment } from '../core/environment.ts';
import { asFault } from '../core/fault.ts';
import type { Incident } from '../core/incident.ts';
import { rulesOf } from '../core/incident-rules.ts';
import { isoTime } from '../core/iso-time.ts';
import type { Clock, Ids, Logger } from '../core/ports.ts';
import type { RunRecord } from '../core/run.ts';
import { totalsOfIncident, totalsOfRun } from '../core/run-totals.ts';
import type { LeftOut } from '../core/schedule.ts';
import type { Site } from '../core/site.ts';
import type { Store, StoredRun } from '../core/store.ts';
import type { Charge } from '../core/system.ts';
import type { changesBefore } from '../incidents/changes.ts';
import { digestRun } from '../incidents/digest.ts';
import { isWatched } from '../incidents/evidence.ts';
import { knownBefore } from '../incidents/known.ts';
import type { MessageContext } from '../incidents/message.ts';
import { noticesOf, reminders } from '../incidents/notices.ts';
import { type Evidence, evidenceOf } from './evidence.ts';
import type { Broke, Loop } from './service.ts';

/** How often it is looked whether somebody has to be reminded. Milliseconds of the host. */
const REMIND_MS = 60_000;

/** When one whose consequences could not be stored is tried again. Milliseconds of the host. */
const AGAIN_MS = 60_000;

/** So many runs are read at once. */
const BATCH = 50;

export interface DigesterOptions {
  readonly store: Store;
  sites(): readonly Site[];
  config(): Pick<Config, 'incidents' | 'receivers' | 'calendar'>;
  /** The clock of an environment that is not served any more. */
  readonly clockOf: (environment: Environment) => Promise<Clock>;
  /** The period that a run lay in, where such runs are left out. */
  leftOut(site: Site, systems: readonly Charge[], from: number, to: number): LeftOut | null;
  /** What changed in the environment itself before a run failed; never throws but for the signal. */
  changes(site: Site, asked: Asked, signal: AbortSignal): ReturnType<typeof changesBefore>;
  /** All that messages need but the time. */
  readonly context: () => Omit<MessageContext, 'now'>;
  readonly ids: Ids;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly broke: Broke;
  /** Told of each run once it is digested, in this process. */
  readonly digested: (run: StoredRun, evidence: Evidence) => void;
}

const CHANGES = {
  suspected: 'an incident is suspected: its failure is not confirmed yet',
  resolved: 'an incident is over',
  dismissed: 'an incident was dismissed: its failure was not confirmed',
} as const;

export interface Asked {
  readonly record: RunRecord;
  readonly scope: string;
  readonly system: Charge;
}

export interface Digester {
  /** Works off every run that has ended (what it says of systems, whom it concerns, what has to be run next), and every incident that was closed. */
  work(signal: AbortSignal): Promise<void>;
  /** Reminds of what is still open. */
  readonly reminding: Loop;
}

/** Stands behind every finished run, whoever ran it: stored first, then counted, judged, told. */
export function openDigester(options: DigesterOptions): Digester {
  const { store, clock, log, ids } = options;
  let busy: Promise<unknown> = Promise.resolve();

  /** One after another: what reads incidents and writes them must not undo what another has just written. */
  function alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = busy.then(work);
    busy = done.catch(() => {});
    return done;
  }

  /** What fails here must not stand in the way of runs; it is done again in a later round. */
  async function kept(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await alone(work).catch((error: unknown) => {
      signal.throwIfAborted();
      options.broke('store', error);
      log.error({ err: asFault(error) }, 'what became of an incident could not be stored');
    });
  }

  /** Until when they are left alone. */
  const refused = new Map<string, number>();

  async function siteOf({ header }: StoredRun): Promise<Site> {
    const known = options.sites().find(({ scope }) => scope === header.scope);
    if (known !== undefined) return known;
    const environment = header.environment_definition as unknown as Environment;
    const itsClock = await options.clockOf(environment);
    return { environment, scope: header.scope, clock: itsClock, probes: new Map(), maxRuns: undefined };
  }

  async function digest(run: StoredRun, signal: AbortSignal): Promise<void> {
    const { record, header } = run;
    if (record === null) return;
    const site = await siteOf(run);
    const config = options.config();
    const systems = site.probes.get(record.probe)?.systems ?? [];
    const left_out = options.leftOut(site, systems, record.started_at, record.ended_at);
    const known = await knownBefore({ run, site, config, store });
    const failed = record.outcome === 'failed' ? record.fault : undefined;
    const asked = { record, scope: header.scope, system: failed?.system ?? 'own' };
    const changes = failed === undefined ? [] : await options.changes(site, asked, signal);
    const digested: Digest = digestRun({
      run,
      site,
      config,
      known,
      left_out,
      due: await store.dues.ofRun(header.run_id),
      changes,
      now: site.clock.now(),
      hostNow: clock.now(),
      ids,
      context: { ...options.context(), now: site.clock.now() },
    });
    const evidence = await evidenceOf(store, run);
    const totals = [
      ...totalsOfRun(record, { ...evidence, toHost: site.clock.toHost }),
      ...digested.incidents.flatMap((after) => {
        const before = known.incidents.find(({ incident_id }) => incident_id === after.incident_id);
        return totalsOfIncident(before, after, site.clock.toHost);
      }),
    ];
    if (!(await store.digests.digest({ ...digested, totals }))) return;
    options.digested(run, evidence);
    for (const after of digested.incidents) {
      noteChange(known.incidents.find(({ incident_id }) => incident_id === after.incident_id)?.state, after);
    }
  }

  /** What people are told stands in the log, too, for whoever has no receivers. */
  function noteChange(before: Incident['state'] | undefined, after: Incident): void {
    const { incident_id, environment, system, state, since, failures, runs } = after;
    if (state === before) return;
    const last = runs.at(-1);
    const fields = { incident_id, environment, system, since: isoTime(since), failures };
    if (state === 'open') {
      log.warn(
        { ...fields, run_id: last?.run_id, code: last?.fault.code, fault: last?.fault.message },
        'an incident was opened',
      );
    } else log.info(fields, CHANGES[state]);
  }

  async function clockOf({ scope, runs: [first] }: Incident): Promise<Clock> {
    const site = options.sites().find((one) => one.scope === scope);
    if (site !== undefined) return site.clock;
    const { run } = first === undefined ? {} : await store.find(first.run_id);
    return run === undefined ? clock : (await siteOf(run)).clock;
  }

  /** What an operator closed is over already; here it is told, and counted. */
  async function tellClosed(incident: Incident): Promise<void> {
    const its = await clockOf(incident);
    const now = clock.now();
    const closed: Incident = { ...incident, told_at: now };
    const context = { ...options.context(), now: its.now() };
    const notices =
      closed.state === 'resolved'
        ? noticesOf(closed, 'resolved', { receivers: options.config().receivers, context, now })
        : [];
    const totals = totalsOfIncident({ ...incident, state: 'open' }, closed, its.toHost);
    if (!(await store.incidents.tell(closed, notices, totals))) return;
    const { incident_id, environment, system, since, closed_by, closed_because } = closed;
    const fields = { incident_id, environment, system, since: isoTime(since), closed_by, closed_because };
    log.info(fields, 'an incident was closed by an operator');
  }

  /** What the service ran when it last looked for incidents that nobody watches. */
  let watching: readonly Site[] | undefined;
  /** Incidents whose loneliness stands in the log. */
  const lonely = new Set<string>();

  /** Finds incidents that no run will ever end: their environment, system or probe was taken out of the configuration. */
  async function lookForUnwatched(): Promise<void> {
    const sites = options.sites();
    const live = await store.incidents.live();
    for (const id of lonely) if (!live.some(({ incident_id }) => incident_id === id)) lonely.delete(id);
    for (const incident of live) {
      const { incident_id, environment, system, state, since, unwatched_since } = incident;
      if (isWatched(incident, sites)) {
        lonely.delete(incident_id);
        if (unwatched_since !== null) await store.incidents.setUnwatched(incident_id, null);
        continue;
      }
      if (unwatched_since === null) await store.incidents.setUnwatched(incident_id, clock.now());
      if (state !== 'open' || lonely.has(incident_id)) continue;
      lonely.add(incident_id);
      const fields = { incident_id, environment, system, since: isoTime(since) };
      const hint = `packprobe incidents close ${incident_id} --because TEXT`;
      log.warn(
        { ...fields, hint },
        'nobody watches an open incident any more: nothing that is served would end it',
      );
    }
    watching = sites;
  }

  async function remind(site: Site): Promise<void> {
    const { incidents: rules, receivers } = options.config();
    const told = reminders(await store.incidents.live(site.scope), ({ system }) => rulesOf(rules, system), {
      receivers,
      context: { ...options.context(), now: site.clock.now() },
      now: clock.now(),
      toHost: site.clock.toHost,
    });
    if (told.incidents.length > 0) await store.incidents.apply(told.incidents, told.notices);
  }

  return {
    async work(signal) {
      await kept(async () => {
        for (const incident of await store.incidents.untold()) await tellClosed(incident);
        if (watching !== options.sites()) await lookForUnwatched();
      }, signal);
      for (let left = true; left && !signal.aborted; ) {
        const now = clock.monotonic();
        for (const [run_id, until] of refused) if (until <= now) refused.delete(run_id);
        // Those that could not be stored must not stand in the way of those behind them.
        const asked = BATCH + refused.size;
        const ended = await store.digests.undigested(asked);
        left = ended.length === asked;
        for (const run_id of ended) {
          if (refused.has(run_id)) continue;
          if (signal.aborted) return;
          const { run } = await store.find(run_id);
          if (run === undefined) continue;
          await alone(() => digest(run, signal)).catch((error: unknown) => {
            signal.throwIfAborted();
            options.broke('store', error);
            log.error({ run_id, err: asFault(error) }, 'what follows from a run could not be stored');
            refused.set(run_id, clock.monotonic() + AGAIN_MS);
          });
        }
      }
    },
    reminding: {
      name: 'reminders',
      component: 'notifier',
      async run(signal) {
        while (!signal.aborted) {
          await alone(lookForUnwatched);
          for (const site of options.sites()) {
            await alone(() => remind(site));
          }
          await clock.sleep(REMIND_MS, signal).catch(() => {});
        }
      },
    },
  };
}

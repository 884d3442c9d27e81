/** The composition root of `serve`: makes its parts and wires them; no other command loads them. */
import type { Host } from '../cli/host.ts';
import { join } from '../cli/places.ts';
import type { ServeParts, ServiceConfig } from '../cli/serve.ts';
import { openWorlds } from '../cli/worlds.ts';
import type { Config } from '../core/config.ts';
import type { Environment } from '../core/environment.ts';
import { asFault } from '../core/fault.ts';
import type { Exec, Http } from '../core/ports.ts';
import type { Owner } from '../core/run.ts';
import { isAlive } from '../platform/processes.ts';
import { quietLogger } from '../platform/quiet-logger.ts';
import { openScheduler } from '../schedule/scheduler.ts';
import { openServer } from '../server/server.ts';
import { openDigester } from '../service/digester.ts';
import { type Lease, takeLease } from '../service/lease.ts';
import { askingSources, deadMan, openReadiness } from '../service/readiness.ts';
import { type Broke, type Loop, runService } from '../service/service.ts';
import { watchVersions } from '../service/versions.ts';
import { openWorkers } from '../service/workers.ts';
import { reachable } from '../sources/reachable.ts';
import { meteredExec, meteredHttp, meteredLogger } from '../telemetry/metered.ts';
import { openMetrics } from '../telemetry/metrics.ts';
import type { Otlp } from '../telemetry/otlp.ts';
import { openTelemetry } from '../telemetry/telemetry.ts';
import { openChanges } from './changes.ts';
import { exchanged } from './exchanged.ts';
import { whenFree } from './listen.ts';
import { givingBack } from './memory.ts';
import { observeLast, openObserved } from './observed.ts';
import { openPeriods } from './periods.ts';
import { reloading } from './reload.ts';
import { missingSecrets, secretReader } from './secrets.ts';
import { openTelling } from './telling.ts';

/** Serves until the signal aborts. Throws what keeps it from starting, and the Fault `SERVICE_REPLACED`. */
export async function serve(parts: ServeParts, host: Host): Promise<void> {
  const { data, store, signal, say, verbose } = parts;
  await using resources = new AsyncDisposableStack();
  const clock = await host.openClock();
  const ids = await host.ids();
  const owner = await host.owner();
  const telemetry = openTelemetry();
  const log = meteredLogger(
    quietLogger(
      // A container, or systemd, keeps what stands on standard error.
      await host.openLog(join(data, 'packprobe.log'), verbose ? 'debug' : 'info', 'alarms_on_stderr'),
      clock.monotonic,
    ),
    telemetry,
  );
  const isGone = exchanged(join(data, 'packprobe.db'));
  const secret = secretReader(host.env);
  let now: ServiceConfig = parts.first;
  let reload = { ok: true, at: clock.now() };
  let lease: Lease | undefined;
  const suspend = new AbortController();
  /** All that served before: none of them has a run any more. */
  let former: ReadonlySet<string> = new Set();

  const broke: Broke = (component, error) => telemetry.ownFault(component, asFault(error).kind);
  const observed = openObserved(clock);
  const meter = {
    http: (http: Http, environment: Environment) =>
      meteredHttp(observed.http(http, environment), { environment, telemetry, clock }),
    exec: (exec: Exec, environment: Environment) => meteredExec(exec, { environment, telemetry, clock }),
  };
  const worlds = openWorlds({ data, store, verbose, log, meter }, host, resources);
  /** For what belongs to no environment. */
  const plainHttp = await host.openHttp(now.sites[0]?.environment.contact ?? '');
  const periods = openPeriods({ config: () => now.config, http: plainHttp, clock, log });
  const workers = openWorkers({
    store,
    worlds,
    owner,
    isAlive: (other, unseenAreDead) => !former.has(JSON.stringify(other)) && isAlive(other, unseenAreDead),
    log,
    version: host.version,
    suspend: suspend.signal,
    broke,
    adopted({ scope, probe, package: pkg }, ended) {
      const site = now.sites.find((one) => one.scope === scope);
      const systems = site?.probes.get(probe)?.systems ?? [];
      scheduler.occupy({ scope, probe, package: pkg, systems }, ended);
    },
  });
  const scheduler = openScheduler({
    sites: now.sites,
    limits: now.config.schedule,
    dues: store.dues,
    hostClock: clock,
    log,
    launch: (due, site, probe) => workers.launch(due, site, probe),
    periodAt: periods.at,
    mayAct: async () => (await lease?.isHeld()) ?? true,
    late: (_, seconds) => telemetry.lateness(seconds),
  });
  const readiness = openReadiness({
    lease: () => lease,
    tick: scheduler.tick,
    async askSources(asking) {
      // Not through the worlds: what is asked only to see whether somebody answers counts for nothing.
      const checks = now.sites.map(async ({ environment }) =>
        reachable(environment, await host.openHttp(environment.contact), asking),
      );
      const all = (await Promise.all(checks)).flat();
      observed.checks(all);
      return [...all, ...periods.checks()];
    },
    clock,
  });
  const build = {
    version: host.version,
    revision: host.env['PACKPROBE_REVISION'] ?? '',
    node: process.version,
  };
  const metrics = openMetrics({
    sources: {
      store,
      sites: () => now.sites,
      receivers: () => Object.keys(now.config.receivers),
      service: () => ({
        leads: lease !== undefined && !lease.lost.aborted,
        tickAt: scheduler.tick()?.at,
        reload,
        ...observed.numbers(),
      }),
      nextDue: ({ scope }, probe) => scheduler.next(scope, probe),
    },
    telemetry,
    stepHistograms: now.config.metrics.step_histograms === 'on',
    build,
  });

  const otlp = await openTraces(now.config);
  if (otlp !== undefined) resources.use(otlp);
  const context = () => ({
    runbooks: now.config.runbooks,
    procedures: now.procedures,
    url: now.config.listen.url,
  });
  const changes = openChanges({
    store,
    httpOf: async ({ environment, control }) => (await worlds.of(environment, control)).close.http,
    periods: periods.all,
    clock,
  });
  const telling = openTelling({
    store,
    config: () => now.config,
    sites: () => now.sites,
    context,
    http: plainHttp,
    secret,
    data,
    env: host.env,
    clock,
    log,
  });
  await telling.check(now.config);
  const digester = openDigester({
    store,
    sites: () => now.sites,
    config: () => now.config,
    clockOf: ({ clock: definition }) => host.openClock(definition),
    leftOut: periods.leftOut,
    changes: changes.before,
    context,
    ids,
    clock,
    log,
    broke,
    digested(run, evidence) {
      const site = now.sites.find(({ scope }) => scope === run.header.scope);
      if (run.record === null || site === undefined) return;
      observed.run(run.record, evidence, site.clock);
      const hops = evidence.chains.flatMap((chain) => chain.hops);
      otlp?.runEnded(run.record, hops, site.clock.toHost);
    },
  });

  const server = resources.use(
    await whenFree(
      async () =>
        openServer({
          listen: now.config.listen,
          ...(await tlsOf(now.config)),
          store,
          sites: () => now.sites,
          metrics,
          readiness: readiness.readiness,
          live: readiness.live,
          nextDue: scheduler.next,
          nudge: scheduler.nudge,
          tokens: async () => {
            const found = await Promise.all(
              Object.entries(now.config.listen.tokens).map(([name, at]) =>
                secret(at).then(
                  (token) => [[name, token] as const],
                  (error: unknown) => {
                    log.warn({ token: name, err: error }, 'a token cannot be read: nobody has it');
                    return [];
                  },
                ),
              ),
            );
            return new Map(found.flat());
          },
          openApi: () => host.readText(join(host.packageDir, 'docs/openapi.json')),
          ids,
          clock,
          log,
          version: host.version,
        }),
      {
        async isServed() {
          const other = await store.leases.current();
          return other !== undefined && other.ended_at === null && lookAt(other.owner) !== 'dead';
        },
        waiting: () =>
          say(
            `${addressOf(now.config)} is taken by the one that serves this database: waiting until it is free …`,
          ),
        clock,
        signal,
      },
    ),
  );
  say(`packprobe ${host.version} answers on ${server.url}`);

  const configuration = reloading({
    current: () => now,
    load: parts.load,
    async use(next) {
      await telling.check(next.config);
      await tellMissing(next.config);
      const { tls } = await tlsOf(next.config);
      if (tls !== undefined && now.config.listen.tls !== undefined) server.renewTls(tls);
      const later = laterOf(next.config, parts.first.config);
      if (later.length > 0)
        say(`${later.join(', ')}: what changed there since the start is used after the next one`);
      now = next;
      await tellServed();
      scheduler.reload(now.sites, now.config.schedule);
      telling.exchange();
      periods.exchange();
    },
    tried: (ok) => {
      reload = { ok, at: clock.now() };
    },
    onHangUp: host.onHangUp,
    clock,
    log,
    say,
  });

  lease = resources.use(
    await takeLease(
      {
        leases: store.leases,
        owner,
        look: lookAt,
        isGone,
        clock,
        log,
        waiting: ({ owner: { pid, host: where } }) =>
          say(
            `process ${pid} on ${where} serves this database: this one waits, and takes over when it is gone`,
          ),
      },
      signal,
    ),
  );
  await tellServed();
  await observeLast(observed, store, now.sites);
  const before = await store.leases.before(lease.service.service_id);
  former = new Set(before.map((one) => JSON.stringify(one)));
  for (const { environment, probes } of now.sites) {
    say(
      `serving ${environment.name}: ${[...probes.keys()].join(', ') || 'no probe, for none is named there'}`,
    );
  }

  await tellMissing(now.config);

  const loops: readonly Loop[] = [
    { name: 'scheduler', component: 'scheduler', run: scheduler.run },
    telling.loop,
    periods.loop,
    digester.reminding,
    askingSources(readiness, clock),
    watchVersions({ sites: () => now.sites, note: changes.note, clock, log }),
    configuration,
    givingBack(clock),
    ...deadManOf(now.config),
  ];
  await runService(
    {
      store,
      lease,
      workers,
      loops,
      async changed(stop) {
        await digester.work(stop);
        scheduler.nudge();
        telling.nudge();
      },
      stopStarting: scheduler.stopStarting,
      suspend: () => suspend.abort(),
      broke,
      clock,
      log,
    },
    signal,
  );

  /** For commands, which ask by the database alone. */
  async function tellServed(): Promise<void> {
    if (lease === undefined) return;
    const environments = now.sites.map(({ environment: { name }, scope, probes, control = null }) => ({
      name,
      scope,
      probes: [...probes.keys()],
      control,
    }));
    const served = { configuration: now.configFile ?? null, environments };
    await store.leases.tellServed(lease.service.service_id, served);
  }

  /** OpenTelemetry is loaded only where somebody wants it. */
  async function openTraces({ metrics: { otlp: wanted } }: Config): Promise<Otlp | undefined> {
    if (wanted === undefined) return undefined;
    const { openOtlp } = await import('../telemetry/otlp.ts');
    const headers = Object.entries(wanted.headers).map(
      async ([name, at]) => [name, await secret(at)] as const,
    );
    return openOtlp({
      ...wanted,
      intervalMs: wanted.interval,
      headers: Object.fromEntries(await Promise.all(headers)),
      families: metrics.families,
      observations: store.observations,
      sites: () => now.sites,
      clock,
      log,
      build,
    });
  }

  /** What is missing only delays what needs it: no reason not to serve. */
  async function tellMissing(config: Config): Promise<void> {
    const missing = await missingSecrets(config, secret);
    if (missing.length > 0) log.warn({ missing }, 'secrets of the configuration cannot be read');
  }

  function deadManOf({ dead_man }: Config): readonly Loop[] {
    if (dead_man === undefined) return [];
    const call = async (stop: AbortSignal) => {
      const url = typeof dead_man.url === 'string' ? dead_man.url : await secret(dead_man.url);
      const { status } = await plainHttp({ url }, stop);
      if (status >= 400) throw new Error(`the dead man answers ${status}`);
    };
    return [deadMan({ everyMs: dead_man.every, readiness, listener: server.answers, call, clock, log })];
  }

  async function tlsOf({ listen: { tls } }: Config) {
    if (tls === undefined) return {};
    return { tls: { cert: await host.readText(tls.certificate), key: await host.readText(tls.key) } };
  }
}

/** What of a new configuration is only read at the start. */
function laterOf(next: Config, first: Config): readonly string[] {
  const read = ({ listen: { host, port, url }, metrics, dead_man }: Config) => ({
    listen: { host, port, url },
    metrics,
    dead_man,
  });
  const [after, before] = [read(next), read(first)];
  const keys = ['listen', 'metrics', 'dead_man'] as const;
  return keys.filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]));
}

function addressOf({ listen }: Config): string {
  return `${listen.host}:${listen.port}`;
}

/** A process on another host, or in another container, cannot be seen: only that it falls silent tells. */
function lookAt(owner: Owner): 'alive' | 'dead' | 'unseen' {
  if (isAlive(owner, true)) return 'alive';
  return isAlive(owner) ? 'unseen' : 'dead';
}

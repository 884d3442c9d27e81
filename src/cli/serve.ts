import type { Config } from '../core/config.ts';
import type { Procedures } from '../core/procedures.ts';
import type { Site } from '../core/site.ts';
import type { Store } from '../core/store.ts';
import { chosenClients } from './clients.ts';
import { EXIT, type Host, type SandboxHandle } from './host.ts';
import { configFile, dataDir, join, loadConfig, loadProcedures, shortPath } from './places.ts';
import { assertConfigFits } from './rule-check.ts';
import { parseSpeed } from './sandbox.ts';
import { loadSites, type SiteOptions } from './sites.ts';
import { databaseFile } from './stored-run.ts';
import { UsageError } from './usage-error.ts';

export interface ServeOptions extends SiteOptions {
  readonly url?: string;
  readonly listen?: string;
  readonly speed: string;
  readonly verbose?: boolean;
}

/** The configuration as the files say it at one moment. */
export interface ServiceConfig {
  readonly config: Config;
  /** Where `config` was read; undefined where there is no such file. */
  readonly configFile: string | undefined;
  readonly sites: readonly Site[];
  /** What those who run the systems have written about them. */
  readonly procedures: Procedures;
  /** All that was read. */
  readonly files: readonly string[];
}

/** What `serve` needs of the command line. */
export interface ServeParts {
  readonly first: ServiceConfig;
  /** Reads all of it anew. Throws a ConfigError or a UsageError with what is wrong. */
  readonly load: () => Promise<ServiceConfig>;
  readonly data: string;
  /** That of the data folder; who has opened it closes it. */
  readonly store: Store;
  readonly verbose: boolean;
  /** Aborts at SIGTERM and Ctrl-C. */
  readonly signal: AbortSignal;
  /** For whoever watches it start. */
  readonly say: (text: string) => void;
}

/** `packprobe serve`: the scheduler, the workers, the HTTP server, until it is told to leave. */
export async function serveCommand(options: ServeOptions, host: Host): Promise<number> {
  const code = await served(options, host);
  // What obeys no signal (a request to a dead file server) must not keep a process that has left.
  return host.exit(code);
}

/** Behind that nothing that is still open is waited for: every write stands for itself. Milliseconds of the host. */
const OUT_MS = 9500;

async function served(options: ServeOptions, host: Host): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const leave = new AbortController();
  const clock = await host.openClock();
  resources.use(
    host.onStop((name) => {
      if (leave.signal.aborted) host.exit(EXIT.cancelled);
      say(
        `${name}: leaving; runs are suspended, the next start goes on with them (again to leave at once) …`,
      );
      leave.abort();
      void clock.sleep(OUT_MS, new AbortController().signal).then(() => host.exit(EXIT.passed));
    }),
  );
  // Who listens to no SIGHUP dies of it: also while it starts, and while it waits for another to leave.
  resources.use(host.onHangUp(() => {}));
  const say = (text: string) => host.stderr.write(`${text}\n`);
  const data = dataDir(options, host);
  // Before anything that takes time, or that reports a folder which cannot be written as a trouble of its own.
  const store = resources.use(await host.openStore(databaseFile(options, host)));
  const sandbox = await openSandbox(options, data, host, resources);
  void sandbox?.ended.then(() =>
    say(
      `the sandbox at ${sandbox.control} has ended: its runs are errored, and blame no system. Start another one, and this service with it.`,
    ),
  );
  const load = () => loadAll(options, host, sandbox);
  const first = await load();
  if (sandbox !== undefined) tellAside(first, say);
  const { signal } = leave;
  await host
    .serve({ first, load, data, store, verbose: options.verbose === true, signal, say })
    .catch((error: unknown) => {
      // One that still waited for its turn had nothing to suspend.
      if (!signal.aborted || error !== signal.reason) throw error;
    });
  return EXIT.passed;
}

/** A sandbox is served alone: what a name with a slip in it was meant to say must not go in silence. */
function tellAside({ config, sites }: ServiceConfig, say: (text: string) => void): void {
  const served = sites.map(({ environment }) => environment.name);
  const aside = Object.keys(config.environments).filter((name) => !served.includes(name));
  if (aside.length > 0)
    say(
      `only ${served.join(', ')} is served: what the configuration says of ${aside.join(', ')} is left aside`,
    );
}

async function loadAll(
  options: ServeOptions,
  host: Host,
  sandbox: SandboxHandle | undefined,
): Promise<ServiceConfig> {
  const config = listening(await loadConfig(options, host), options);
  const file = await configFile(options, host);
  const named = options.env?.filter((name) => name !== 'sandbox');
  const narrowed = named === undefined || named.length === 0 ? {} : { env: named };
  const { env: _, ...others } = options;
  const { sites, files } = await loadSites({ ...others, ...narrowed }, config, host, sandbox);
  if (file !== undefined) {
    const read = { file: shortPath(host.cwd, file), text: await host.readText(file) };
    const ruled = sites.map(({ environment, probes }) => ({ name: environment.name, probes }));
    await assertConfigFits(read, config, ruled, options, host);
  }
  const own = await loadProcedures(options, host);
  const read = [file, own.file].filter((one) => one !== undefined);
  return {
    config,
    configFile: file,
    sites,
    procedures: own.procedures,
    files: [...new Set([...read, ...files])],
  };
}

/** The command line wins over the file. */
function listening(config: Config, { listen }: ServeOptions): Config {
  if (listen === undefined) return config;
  const { host, port } = /^(?<host>.+):(?<port>\d{1,5})$/.exec(listen)?.groups ?? {};
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new UsageError(`--listen ${listen} is no address`, 'Say HOST:PORT, such as 127.0.0.1:9842.');
  }
  return { ...config, listen: { ...config.listen, host, port: Number(port) } };
}

/** A sandbox of our own, or one that runs elsewhere. */
async function openSandbox(
  options: ServeOptions,
  data: string,
  host: Host,
  resources: AsyncDisposableStack,
): Promise<SandboxHandle | undefined> {
  if (options.url !== undefined) return resources.use(await host.joinSandbox(options.url));
  if (options.env?.includes('sandbox') !== true) return undefined;
  const clients = await chosenClients({}, host);
  const dir = join(data, `sandbox-${(await host.ids()).uuid()}`);
  const speed = parseSpeed(options.speed);
  host.stderr.write('starting a sandbox …\n');
  return resources.use(await host.startSandbox({ speed, seed: '1', dir, faults: [], clients, packagers: 0 }));
}

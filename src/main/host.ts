/** The real ports. What a command does not need is not loaded. */
import { isUtf8 } from 'node:buffer';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Host, Output } from '../cli/host.ts';
import type { Action, StepDefinition } from '../core/step.ts';

export interface HostOptions {
  /** Of this program, as it tells it to others. */
  readonly version: string;
  /** Variables of this process. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The real world as the commands see it. */
export function openHost({ version, env }: HostOptions): Host {
  const host: Host = {
    version,
    env,
    cwd: process.cwd(),
    stdout: output(process.stdout, env),
    stderr: output(process.stderr, env),
    packageDir: fileURLToPath(new URL('../..', import.meta.url)),
    program: env['npm_command'] === undefined ? 'packprobe' : 'npx packprobe',
    ids: async () => (await import('../platform/ids.ts')).randomIds,
    readText: async (file) => {
      const bytes = await readFile(file);
      if (isUtf8(bytes)) return bytes.toString('utf8');
      const { UsageError } = await import('../cli/usage-error.ts');
      throw new UsageError(`${file} is not UTF-8 text`, 'Save it as UTF-8.');
    },
    writeText: (file, text) => writeFile(file, text),
    replaceText: async (file, text) => (await import('../platform/files.ts')).replaceFile(file, text),
    async runMetrics(run) {
      const { oneShotText, pushAddress } = await import('../telemetry/one-shot.ts');
      const build = { version, revision: env['PACKPROBE_REVISION'] ?? '', node: process.version };
      return {
        text: await oneShotText(run, build),
        pushAddress: (gateway) => pushAddress(gateway, run),
      };
    },
    exists: (file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    listFiles: (dir) => readdir(dir),
    actions: discoverActions,
    async openStore(file) {
      const [{ openStore }, { openClock }] = await Promise.all([
        import('../store/store.ts'),
        import('../platform/clock.ts'),
      ]);
      return openStore(file, { now: openClock().monotonic });
    },
    openClock: async (definition) => (await import('../platform/clock.ts')).openClock(definition),
    openHttp: async (contact) =>
      (await import('../platform/http.ts')).nodeHttp({ userAgent: `packprobe/${version} (+${contact})` }),
    async openLog(to, level, where = 'file') {
      const { pinoLogger } = await import('../platform/logger.ts');
      return pinoLogger({ to, level, ...(where === 'file' ? {} : { alarms: process.stderr.fd }) });
    },
    sources: async (env, http, clock) =>
      (await import('../sources/sources.ts')).sourcesOf({ env, http, clock }),
    async workplaces(dataDir) {
      const [{ workplacesBelow }, { commandEnvironment, homeFiles }] = await Promise.all([
        import('../platform/workplace.ts'),
        import('../clients/home.ts'),
      ]);
      return workplacesBelow({
        dir: `${dataDir}/work`,
        env,
        commandEnvironment,
        homeFiles: (environment) => homeFiles(environment, (name) => env[name]),
      });
    },
    versionsOf: async (...asked) => (await import('../clients/versions.ts')).versionsOf(...asked),
    owner: async () => (await import('../platform/processes.ts')).thisOwner(),
    isAlive: async (othersAreDead) => {
      const { isAlive } = await import('../platform/processes.ts');
      return (owner) => isAlive(owner, othersAreDead);
    },
    endSurvivors: async () => (await import('../platform/processes.ts')).endSurvivors,
    async sandboxFaults() {
      const { discoverFaults } = await import('../sandbox/faults/declared.ts');
      return [...(await discoverFaults()).values()];
    },
    realClients: () => realClients(env),
    startSandbox: async (options) =>
      (await import('../platform/sandbox-process.ts')).startSandbox({
        ...options,
        program: process.argv[1] ?? '',
      }),
    joinSandbox: async (control) => (await import('../platform/sandbox-process.ts')).joinSandbox(control),
    isSandboxGone: async (control) => (await import('../platform/sandbox-process.ts')).isSandboxGone(control),
    async serveSandbox({ clients, scenario, ...options }, ready, signal) {
      const [{ openSandbox }, { stringify }] = await Promise.all([
        import('../sandbox/sandbox.ts'),
        import('yaml'),
      ]);
      const standIns = clients === 'real' ? await withRealClients(env) : {};
      await using sandbox = await openSandbox({ ...options, standIns, ...scenario });
      await ready(sandbox.controlUrl, stringify(sandbox.environment));
      const aborted = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      if (!signal.aborted) await Promise.race([aborted, sandbox.stopped]);
    },
    onStop(act) {
      const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => [name, () => act(name)] as const);
      for (const [name, listener] of listeners) process.on(name, listener);
      return {
        [Symbol.dispose]() {
          for (const [name, listener] of listeners) process.off(name, listener);
        },
      };
    },
    onHangUp(act) {
      process.on('SIGHUP', act);
      return { [Symbol.dispose]: () => void process.off('SIGHUP', act) };
    },
    stdinClosed: () =>
      new Promise((resolve) => {
        // It must not keep alive a process that has nothing else to do.
        process.stdin.resume().unref();
        process.stdin.once('close', resolve).once('end', resolve).once('error', resolve);
      }),
    repeat: async (everyMs, act) => (await import('../platform/clock.ts')).repeat(everyMs, act),
    serve: async (parts) => (await import('./serve.ts')).serve(parts, host),
    exit: (code) => process.exit(code),
  };
  return host;
}

async function realClients(env: HostOptions['env']) {
  const [{ findRealClients }, { WRITTEN_BY_SANDBOX }] = await Promise.all([
    import('../platform/real-clients.ts'),
    import('../sandbox/stand-ins/mark.ts'),
  ]);
  return findRealClients({
    path: env['PATH'],
    packageDir: fileURLToPath(new URL('../..', import.meta.url)),
    notWith: WRITTEN_BY_SANDBOX,
  });
}

async function withRealClients(env: HostOptions['env']) {
  const [{ found }, { isInPath }] = await Promise.all([
    realClients(env),
    import('../platform/real-clients.ts'),
  ]);
  // The hook that fedpkg puts into each clone runs spectool: without it every push would be refused by the client.
  return { programs: found, skipHooks: !(await isInPath('spectool', env['PATH'])) };
}

function output(stream: NodeJS.WriteStream, env: HostOptions['env']): Output {
  // Whoever read us has gone (`| head`): what a run made is undone all the same.
  stream.on('error', () => {});
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    colours: stream.isTTY === true && (env['NO_COLOR'] ?? '') === '',
    get columns() {
      // A terminal whose size nobody has set says 0, as in containers.
      return stream.columns || 100;
    },
    stream,
  };
}

/** A step file's path is its name: `steps/koji/build.ts` is `koji/build`. */
async function discoverActions(): Promise<ReadonlyMap<string, Action>> {
  const root = new URL('../steps/', import.meta.url);
  const files = (await readdir(root, { recursive: true })).filter((file) =>
    /^[^/]+\/[^/.]+\.(ts|js)$/.test(file),
  );
  const actions = await Promise.all(
    files.sort().map(async (file): Promise<[string, Action]> => {
      const uses = file.replace(/\.(ts|js)$/, '');
      const { default: definition } = (await import(new URL(file, root).href)) as {
        readonly default: StepDefinition;
      };
      return [uses, { uses, definition }];
    }),
  );
  return new Map(actions);
}

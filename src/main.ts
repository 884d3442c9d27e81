/** The composition root: makes the real ports, hands them to the commands, owns the process. What a command does not need is not loaded. */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Host, Output } from './cli/host.ts';
import type { Action, StepDefinition } from './core/step.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

if (process.argv[2] === '--version' || process.argv[2] === '-V') {
  process.stdout.write(`${version}\n`);
} else {
  // Node's own code for a crash is 1, which here means that a system broke the workflow.
  process.on('uncaughtException', (error) => {
    process.stderr.write(
      `${error.stack ?? error.message}\nThis is a defect of packprobe: please report it.\n`,
    );
    process.exit(3);
  });
  // A run mostly waits, and the more memory it holds the dearer it is to start a command; a sandbox works.
  if (process.argv[2] !== 'sandbox') setFlagsFromString('--optimize-for-size');
  const { main } = await import('./cli/program.ts');
  process.exitCode = await main(process.argv.slice(2), openHost());
}

function openHost(): Host {
  const host: Host = {
    version,
    env: process.env,
    cwd: process.cwd(),
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    packageDir: fileURLToPath(new URL('..', import.meta.url)),
    program: process.env['npm_command'] === undefined ? 'packprobe' : 'npx packprobe',
    ids: async () => (await import('./platform/ids.ts')).randomIds,
    readText: async (file) => {
      const bytes = await readFile(file);
      if (isUtf8(bytes)) return bytes.toString('utf8');
      const { UsageError } = await import('./cli/usage-error.ts');
      throw new UsageError(`${file} is not UTF-8 text`, 'Save it as UTF-8.');
    },
    writeText: (file, text) => writeFile(file, text),
    replaceText: async (file, text) => (await import('./platform/files.ts')).replaceText(file, text),
    async runMetrics(run) {
      const { oneShotText, pushAddress } = await import('./telemetry/one-shot.ts');
      const build = { version, revision: process.env['PACKPROBE_REVISION'] ?? '', node: process.version };
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
        import('./store/store.ts'),
        import('./platform/clock.ts'),
      ]);
      return openStore(file, { now: openClock().monotonic });
    },
    openClock: async (definition) => (await import('./platform/clock.ts')).openClock(definition),
    openHttp: async (contact) =>
      (await import('./platform/http.ts')).nodeHttp({ userAgent: `packprobe/${version} (+${contact})` }),
    openLog: async (to, level) => (await import('./platform/logger.ts')).pinoLogger({ to, level }),
    sources: async (env, http, clock) =>
      (await import('./sources/sources.ts')).sourcesOf({ env, http, clock }),
    async workplaces(dataDir) {
      const [{ workplacesBelow }, { commandEnvironment, homeFiles }] = await Promise.all([
        import('./platform/workplace.ts'),
        import('./clients/home.ts'),
      ]);
      return workplacesBelow({
        dir: `${dataDir}/work`,
        env: process.env,
        commandEnvironment,
        homeFiles: (environment) => homeFiles(environment, (name) => process.env[name]),
      });
    },
    versionsOf: async (...asked) => (await import('./clients/versions.ts')).versionsOf(...asked),
    owner: async () => (await import('./platform/processes.ts')).thisOwner(),
    isAlive: async (othersAreDead) => {
      const { isAlive } = await import('./platform/processes.ts');
      return (owner) => isAlive(owner, othersAreDead);
    },
    endSurvivors: async () => (await import('./platform/processes.ts')).endSurvivors,
    async sandboxFaults() {
      const { discoverFaults } = await import('./sandbox/faults/declared.ts');
      return [...(await discoverFaults()).values()];
    },
    realClients,
    startSandbox: async (options) =>
      (await import('./platform/sandbox-process.ts')).startSandbox({
        ...options,
        program: process.argv[1] ?? '',
      }),
    joinSandbox: async (control) => (await import('./platform/sandbox-process.ts')).joinSandbox(control),
    isSandboxGone: async (control) => (await import('./platform/sandbox-process.ts')).isSandboxGone(control),
    async serveSandbox({ clients, scenario, ...options }, ready, signal) {
      const [{ openSandbox }, { stringify }] = await Promise.all([
        import('./sandbox/sandbox.ts'),
        import('yaml'),
      ]);
      const standIns = clients === 'real' ? await withRealClients() : {};
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
    repeat: async (everyMs, act) => (await import('./platform/clock.ts')).repeat(everyMs, act),
    serve: async (parts) => (await import('./main/serve.ts')).serve(parts, host),
    exit: (code) => process.exit(code),
  };
  return host;
}

async function realClients() {
  const [{ findRealClients }, { WRITTEN_BY_SANDBOX }] = await Promise.all([
    import('./platform/real-clients.ts'),
    import('./sandbox/stand-ins/mark.ts'),
  ]);
  return findRealClients({
    path: process.env['PATH'],
    packageDir: fileURLToPath(new URL('..', import.meta.url)),
    notWith: WRITTEN_BY_SANDBOX,
  });
}

async function withRealClients() {
  const [{ found }, { isInPath }] = await Promise.all([realClients(), import('./platform/real-clients.ts')]);
  // The hook that fedpkg puts into each clone runs spectool: without it every push would be refused by the client.
  return { programs: found, skipHooks: !(await isInPath('spectool', process.env['PATH'])) };
}

function output(stream: NodeJS.WriteStream): Output {
  // Whoever read us has gone (`| head`): what a run made is undone all the same.
  stream.on('error', () => {});
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    colours: stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '',
    get columns() {
      return stream.columns ?? 100;
    },
    stream,
  };
}

/** A step file's path is its name: `steps/koji/build.ts` is `koji/build`. */
async function discoverActions(): Promise<ReadonlyMap<string, Action>> {
  const root = new URL('./steps/', import.meta.url);
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

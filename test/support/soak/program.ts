/**
 * `packprobe` as `src/main.ts` composes it, but that packager commands are answered in the process. For `serve` against a sandbox that somebody
 * else runs.
 *
 * `SOAK_HOST` is the name of the host that it believes to be on: a process on another host cannot be seen. On SIGUSR2 it collects its garbage and writes its memory, as one line of JSON, to standard output; for that Node needs `--expose-gc`.
 * `SOAK_DIST` is a folder that all of packprobe is to come out of, instead of its sources.
 */
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { takeCompiled } from './compiled.ts';

process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  process.exit(3);
});
process.on('SIGUSR2', () => {
  void globalThis.gc?.();
  process.stdout.write(`${JSON.stringify(process.memoryUsage())}\n`);
});
setFlagsFromString('--optimize-for-size');

const { SOAK_HOST, SOAK_DIST } = process.env;
if (SOAK_HOST !== undefined) {
  os.hostname = () => SOAK_HOST;
  syncBuiltinESMExports();
}

const taking = SOAK_DIST === undefined ? undefined : takeCompiled(SOAK_DIST);

// Behind the name of the host: who asks for it keeps what it was told.
const [{ main }, { openHost }, { answeringInProcess }] = await Promise.all([
  import('../../../src/cli/program.ts'),
  import('../../../src/main/host.ts'),
  import('./in-process-exec.ts'),
]);
const serveFile = import.meta.resolve('../../../src/main/serve.ts');
taking?.[Symbol.dispose]();

const host = openHost({ version: '0.0.0-soak', env: process.env });
const inProcess: typeof host = {
  ...host,
  workplaces: async (dataDir) => answeringInProcess(await host.workplaces(dataDir), process.env),
  async serve(parts) {
    const { serve } = (await import(serveFile)) as typeof import('../../../src/main/serve.ts');
    return serve(parts, inProcess);
  },
};
process.exitCode = await main(process.argv.slice(2), inProcess);

// Runs `true` through execa, one after the other, with the options of src/platform/exec.ts, and prints how many milliseconds that took.
// JavaScript, so that nothing needs to be stripped of its types in the process that is measured.
import { execa } from 'execa';

const count = Number(process.argv[2]);
const env = { PATH: process.env['PATH'], HOME: process.cwd() };
const began = performance.now();
for (let done = 0; done < count; done += 1) {
  const stop = new AbortController();
  const child = execa('true', [], {
    cwd: process.cwd(),
    env,
    extendEnv: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    cancelSignal: stop.signal,
    timeout: 120_000,
    killDescendants: true,
    forceKillAfterDelay: 5000,
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', () => {});
  const { exitCode } = await child;
  if (exitCode !== 0) throw new Error(`true ended with ${exitCode}`);
}
process.stdout.write(String(performance.now() - began));

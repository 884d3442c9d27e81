// Runs `true` through execa, one after the other, with the options of src/platform/exec.ts, and prints how many milliseconds that took. Imports first
// what a file names (see list-libraries.js), if one is given: the more memory a process has, the dearer is it to start a command.
// JavaScript, so that nothing needs to be stripped of its types in the process that is measured.
import { readFileSync } from 'node:fs';
import { execa } from 'execa';

const count = Number(process.argv[2]);
const list = process.argv[3];
const libraries = list === undefined ? {} : JSON.parse(readFileSync(list, 'utf8'));
for (const url of Object.values(libraries)) await import(url);
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

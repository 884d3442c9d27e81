/** A process of its own: a sandbox whose clock is run ahead, day after day; says what it holds after some of them, a line of JSON each. */
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const DAY_MS = 86_400_000;
const [dist, dir, packagers, ...days] = process.argv.slice(2);

const { openSandbox } = await import(pathToFileURL(`${dist}/sandbox/sandbox.js`).href);
const troubles = [];
const sandbox = await openSandbox({
  dir,
  packagers: Number(packagers),
  held: true,
  trouble: (where, error) => troubles.push(`${where}: ${error}`),
});
for (const day of days.map(Number)) {
  const since = process.cpuUsage();
  await sandbox.clock.runTo(sandbox.clock.epoch + day * DAY_MS);
  const { user, system } = process.cpuUsage(since);
  // What was dropped a moment ago is given back to the system a little later.
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await pause(200);
  }
  const { rss, heapUsed } = process.memoryUsage();
  const cpu_s = (user + system) / 1e6;
  process.stdout.write(
    `${JSON.stringify({ day, rss, heap: heapUsed, cpu_s, messages: sandbox.kit.archive.length, troubles: troubles.length })}\n`,
  );
}
if (troubles.length > 0) process.stderr.write(`${[...new Set(troubles)].slice(0, 5).join('\n')}\n`);
await sandbox[Symbol.asyncDispose]();

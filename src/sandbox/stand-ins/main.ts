import { isStandInName, standIns } from './stand-ins.ts';

const [name = '', ...argv] = process.argv.slice(2);
const interrupt = new AbortController();
// Whoever read it may have gone: `bodhi … | head`.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.on('SIGINT', () => interrupt.abort());

if (isStandInName(name)) {
  const { exit } = await standIns[name](argv, process.cwd(), process.env, {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    signal: interrupt.signal,
    readLine,
  });
  process.exitCode = exit;
} else {
  process.stderr.write(`no stand-in of ${name}\n`);
  process.exitCode = 127;
}

async function readLine(): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  for await (const line of createInterface({ input: process.stdin })) return line;
  return undefined;
}

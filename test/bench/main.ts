/** `npm run bench`: measures the built program, group by group. Results go to standard output, all else to standard error. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freshDir } from '../support/packprobe.ts';
import { ROOT } from '../support/sources.ts';
import { GROUPS } from './groups.ts';
import { type Figure, openBench } from './harness.ts';
import { holds, jsonLine, table } from './results.ts';

const EXIT = { held: 0, missed: 1, usage: 2, broken: 3, stopped: 130 } as const;

const say = (text: string) => void process.stderr.write(`${text}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const asked = read(argv);
  if (typeof asked === 'string') {
    say(`error: ${asked}\nGroups: ${Object.keys(GROUPS).join(', ')}. More with --help.`);
    return EXIT.usage;
  }
  if (asked.help) {
    process.stdout.write(help());
    return EXIT.held;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
  try {
    if (asked.build) build();
    return (await measure(asked.groups, asked.json, stop.signal)) ? EXIT.held : EXIT.missed;
  } catch (error) {
    if (stop.signal.aborted) return EXIT.stopped;
    say(`error: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof Error && error.cause !== undefined) say(`  because of ${String(error.cause)}`);
    return EXIT.broken;
  }
}

interface Asked {
  readonly groups: readonly string[];
  readonly json: boolean;
  readonly build: boolean;
  readonly help: boolean;
}

/** What the command line asks for, or what is wrong with it. */
function read(argv: readonly string[]): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      allowNegative: true,
      options: {
        json: { type: 'boolean', default: false },
        build: { type: 'boolean', default: true },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const unknown = positionals.find((name) => !Object.hasOwn(GROUPS, name));
    if (unknown !== undefined) return `there is no group ${unknown}`;
    return { ...values, groups: positionals.length > 0 ? positionals : Object.keys(GROUPS) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function help(): string {
  const groups = Object.entries(GROUPS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  return `Usage: npm run bench -- [GROUP…] [--json] [--no-build]

Builds dist/ and measures it. Each figure stands beside what it was compared to in the same run.

Groups (all of them where none is named):
${groups.join('\n')}

Options:
  --json        one JSON object a line: name, value, unit, aim, holds
  --no-build    measure dist/ as it stands

Exit code: 0 every aim holds, 1 one does not, 2 wrong usage, 3 it could not be measured.
npm itself writes to standard output: npm run --silent bench -- --json
`;
}

function build(): void {
  say('building dist/');
  const { status, error } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    throw new Error('the build failed; --no-build measures dist/ as it stands', { cause: error });
  }
}

/** Whether all aims hold. */
async function measure(groups: readonly string[], json: boolean, signal: AbortSignal): Promise<boolean> {
  using place = freshDir();
  let all = true;
  for (const name of groups) {
    say(`${name}:`);
    const dir = join(place.dir, name);
    mkdirSync(dir);
    const figures: Figure[] = [];
    const bench = openBench({ dir, signal, say: (text) => say(`  ${text}`) });
    try {
      for await (const figure of GROUPS[name]?.measure(bench) ?? []) {
        figures.push(figure);
        all &&= holds(figure);
        if (json) process.stdout.write(`${jsonLine(name, figure)}\n`);
      }
    } finally {
      // What was measured in an hour is told, also where the last of it breaks.
      if (!json && figures.length > 0) process.stdout.write(`\n${table(name, figures)}`);
    }
  }
  return all;
}

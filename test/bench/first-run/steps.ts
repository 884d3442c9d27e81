import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { alternate, type Bench, type Figure, median, PROGRAM, runNode } from '../harness.ts';

const STEPS = 200;
const BLOCKS = 9;
const script = (name: string) => join(import.meta.dirname, name);
const COMMANDS = script('execa-commands.js');

/**
 * What the engine, the journal and the log add to a command: 200 steps of `command/run` against 200 commands that execa runs alone, in a process that has
 * imported the same libraries. What it costs where nothing else is loaded is told beside it.
 */
export async function measureSteps(bench: Bench): Promise<Figure> {
  bench.say(`${STEPS} steps and ${STEPS} commands by execa, ${BLOCKS} blocks of each`);
  const [probe, environment] = [join(bench.dir, 'commands.yaml'), join(bench.dir, 'no-systems.yaml')];
  writeFileSync(probe, stringify(PROBE));
  writeFileSync(environment, stringify(ENVIRONMENT));
  let block = 0;
  const runArgs = () => {
    block += 1;
    return ['run', probe, '--env', environment, '--json', '--data', join(bench.dir, `steps-${block}`)];
  };
  const list = join(bench.dir, 'libraries-of-steps.json');
  await runNode(bench, ['--import', script('list-libraries.js'), PROGRAM, ...runArgs()], {
    LIBRARIES_FILE: list,
  });
  const bare: number[] = [];
  const { measured, reference } = await alternate(
    BLOCKS,
    async () => secondsOfSteps(JSON.parse(await bench.run(runArgs())) as PrintedRun),
    async () => {
      bare.push(await secondsOfCommands(bench));
      return secondsOfCommands(bench, list);
    },
  );
  const [ours, theirs] = [median(measured), median(reference)];
  return {
    name: 'steps',
    value: ours / theirs,
    unit: 'times',
    aim: { atMost: 1.3 },
    measured:
      `${STEPS} steps ${ours.toFixed(2)} s against ${STEPS} commands by execa with the same libraries loaded ${theirs.toFixed(2)} s ` +
      `(with execa alone ${median(bare).toFixed(2)} s), medians of ${BLOCKS} blocks`,
  };
}

const PROBE = {
  name: 'commands',
  steps: Array.from({ length: STEPS }, (_, index) => ({
    id: `step-${index + 1}`,
    uses: 'command/run',
    with: { command: ['true'] },
  })),
};

/** Without a clock of its own, so that its durations are in real time; its one system is never asked. */
const ENVIRONMENT = {
  name: 'no-systems',
  systems: { bodhi: { url: 'http://127.0.0.1:9' } },
  identity: { user: 'bench', principal: 'bench@EXAMPLE.ORG', keytab: { file: '/dev/null' } },
  packages: { single: 'bench' },
  contact: 'http://127.0.0.1/',
};

/** A finished run as `--json` prints it. */
interface PrintedRun {
  readonly outcome: string;
  readonly steps: readonly { readonly started_at: string; readonly duration_ms: number }[];
}

/** From the first step's start to the last one's end, as the run has stored it. */
function secondsOfSteps({ outcome, steps }: PrintedRun): number {
  const [first, last] = [steps.at(0), steps.at(-1)];
  if (outcome !== 'passed' || first === undefined || last === undefined) {
    throw new Error(`the run of ${STEPS} steps ended ${outcome}`);
  }
  return (Date.parse(last.started_at) + last.duration_ms - Date.parse(first.started_at)) / 1000;
}

/** In a process of their own, which is as cold as that of a run. */
async function secondsOfCommands(bench: Bench, list?: string): Promise<number> {
  const args = list === undefined ? [] : [list];
  return Number(await runNode(bench, [COMMANDS, String(STEPS), ...args])) / 1000;
}

import { Fault } from '../core/fault.ts';
import type { RunRecord } from '../core/run.ts';
import type { Store } from '../core/store.ts';
import { openEffects } from '../engine/undo.ts';
import { evidenceOf } from '../service/evidence.ts';
import { blindSources } from './blind.ts';
import { dataOption } from './data-option.ts';
import { hopTable } from './hop-table.ts';
import type { Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { junitXml } from './junit.ts';
import { lostMessages } from './lost-messages.ts';
import { absolute, dirOf, type PlaceOptions } from './places.ts';
import { painter } from './style.ts';
import { tellError } from './tell-error.ts';
import { UsageError } from './usage-error.ts';
import { headline, waterfall } from './waterfall.ts';

export interface ShowRunOptions extends PlaceOptions {
  readonly json?: boolean;
  readonly junit?: string;
}

/** The finished run on standard output, for people or programs, and as a file for CI systems where one is wanted. */
export async function showRun(
  record: RunRecord,
  store: Store,
  options: ShowRunOptions,
  host: Host,
): Promise<void> {
  const { chains, looks } = await evidenceOf(store, record.run_id);
  if (options.json === true) {
    host.stdout.write(jsonText({ ...record, chains }));
  } else {
    const paint = painter(host.stdout);
    const again = dataOption(options);
    const blind = blindSources(looks);
    const parts = [
      headline(record, paint),
      waterfall(record, paint, host.stdout.columns),
      ...chains
        .filter(({ hops }) => hops.length > 0)
        .map((chain) => `The way of ${chain.nvr}:\n${hopTable(chain)}`),
      ...lostMessages(chains, paint),
      ...(blind.length === 0 ? [] : [`Could not be asked to the end:\n  ${blind.join('\n  ')}`]),
      ...(await leftBehind(record, store, again, host)),
      `Look further:\n  ${host.program} runs show ${record.run_id}${again}\n  ${host.program} runs list${again}`,
    ];
    host.stdout.write(`\n${parts.join('\n\n')}\n`);
  }
  if (options.junit !== undefined) await writeJunit(options.junit, record, options, host);
}

/** What could not be taken away: it holds the package until somebody does. */
async function leftBehind(
  { run_id }: RunRecord,
  store: Store,
  again: string,
  { program }: Host,
): Promise<readonly string[]> {
  const { run } = await store.find(run_id);
  const left = openEffects(run?.effects ?? []);
  if (left.length === 0) return [];
  const what = left.map(({ kind, identity }) => `  ${kind} ${identity ?? ''}`.trimEnd());
  return [`Left behind:\n${what.join('\n')}\nTake it away: ${program} tidy ${run_id}${again}`];
}

/** Its trouble is told, not thrown: the run has ended as it has, whoever reads its report. */
async function writeJunit(
  name: string,
  record: RunRecord,
  options: ShowRunOptions,
  host: Host,
): Promise<void> {
  const file = absolute(host.cwd, name);
  try {
    await host.writeText(file, junitXml(record));
  } catch (error) {
    const fault = new Fault(`cannot write ${file}`, {
      code: 'FILE_NOT_WRITTEN',
      kind: 'prober',
      hint: `Does its folder exist, and can this user write there? The run itself is stored: packprobe runs show ${record.run_id}`,
      cause: error,
    });
    tellError(fault, host, dataOption(options));
  }
}

/** Refuses a report that could not be written at the end, before hours of walking. */
export async function assertJunitFolder({ junit }: ShowRunOptions, host: Host): Promise<void> {
  if (junit === undefined) return;
  const folder = dirOf(absolute(host.cwd, junit));
  if (await host.exists(folder)) return;
  throw new UsageError(`there is no folder ${folder} for the JUnit file`, 'Make it, or name another file.');
}

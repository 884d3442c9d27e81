import { Fault } from '../core/fault.ts';
import type { FinishedRun } from '../core/finished-run.ts';
import { dataOption } from './data-option.ts';
import type { Host } from './host.ts';
import { absolute, dirOf, type PlaceOptions } from './places.ts';
import { tellError } from './tell-error.ts';
import { UsageError } from './usage-error.ts';

export interface RunMetricsOptions extends PlaceOptions {
  readonly textfile?: string;
  readonly pushgateway?: string;
}

/** Refuses what could not be written or sent at the end, before hours of walking. */
export async function assertMetricsOptions(
  { textfile, pushgateway }: RunMetricsOptions,
  host: Host,
): Promise<void> {
  if (pushgateway !== undefined && !/^https?:\/\/[^\s@]+$/.test(pushgateway)) {
    throw new UsageError(
      `"${pushgateway}" is no address of a Pushgateway`,
      'Say it as http://localhost:9091, without a login in it: others can read arguments.',
    );
  }
  if (textfile === undefined) return;
  const folder = dirOf(absolute(host.cwd, textfile));
  if (await host.exists(folder)) return;
  throw new UsageError(`there is no folder ${folder} for the metrics`, 'Make it, or name another file.');
}

/** Hands the numbers of a run to a collector. Its trouble is told, not thrown: the run has ended as it has. */
export async function handOverMetrics(
  run: FinishedRun,
  contact: string,
  options: RunMetricsOptions,
  host: Host,
): Promise<void> {
  const { textfile, pushgateway } = options;
  if (textfile === undefined && pushgateway === undefined) return;
  const { text, pushAddress } = await host.runMetrics(run);
  for (const act of [
    () => writeTextfile(textfile, text, host),
    () => push(pushgateway === undefined ? undefined : pushAddress(pushgateway), text, contact, host),
  ]) {
    try {
      await act();
    } catch (error) {
      tellError(error, host, dataOption(options));
    }
  }
}

async function writeTextfile(name: string | undefined, text: string, host: Host): Promise<void> {
  if (name === undefined) return;
  const file = absolute(host.cwd, name);
  try {
    await host.replaceText(file, text);
  } catch (error) {
    throw new Fault(`cannot write ${file}`, {
      code: 'FILE_NOT_WRITTEN',
      kind: 'prober',
      hint: 'Does its folder exist, and can this user write there? The run itself is stored.',
      cause: error,
    });
  }
}

async function push(url: string | undefined, body: string, contact: string, host: Host): Promise<void> {
  if (url === undefined) return;
  const http = await host.openHttp(contact);
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
  // PUT takes the place of all that the run before it has left in the group.
  const answer = await http(
    { method: 'PUT', url, headers, body, limitMs: PUSH_LIMIT_MS },
    new AbortController().signal,
  );
  if (answer.status < 300) return;
  throw new Fault(`the Pushgateway at ${url} answered ${answer.status}`, {
    code: 'METRICS_REFUSED',
    kind: 'prober',
    evidence: { status: answer.status, answer: answer.body.slice(0, 500) },
    hint: 'Is this the address of a Pushgateway? The run itself is stored.',
  });
}

/** Nobody waits longer at the end of a run. Milliseconds. */
const PUSH_LIMIT_MS = 10_000;

import { whoAsks, writeDown } from './asked.ts';
import { dataOption } from './data-option.ts';
import { EXIT, type Host } from './host.ts';
import type { PlaceOptions } from './places.ts';
import { findRun, storeWith } from './stored-run.ts';
import { UsageError } from './usage-error.ts';

/** `packprobe runs cancel ID`: asks whoever is at work on a run to end it. */
export async function runsCancelCommand(id: string, options: PlaceOptions, host: Host): Promise<number> {
  await using store = await storeWith(id, options, host);
  const { header, record, owner } = await findRun(store, id, options, host);
  const { run_id } = header;
  const over = () =>
    new UsageError(
      `run ${run_id} has ended: there is nothing to cancel`,
      `Look at it with: packprobe runs show ${run_id}`,
    );
  if (record !== null) throw over();
  const who = await whoAsks(host);
  const clock = await host.openClock();
  await writeDown(store, clock, { who, action: 'run.cancel', subject: run_id, detail: '' });
  // It may have ended since it was looked at.
  if (!(await store.askToCancel(run_id, who))) throw over();
  const isAlive = await host.isAlive();
  host.stdout.write(`${run_id}\n`);
  host.stderr.write(
    isAlive(owner)
      ? `process ${owner.pid} on ${owner.host} was asked to cancel it: it aborts its step, takes away what it made and ends as cancelled\n`
      : `nobody is at work on it: \`serve\` cancels it when it goes on with it; without one: ${host.program} tidy ${run_id}${dataOption(options)}\n`,
  );
  return EXIT.passed;
}

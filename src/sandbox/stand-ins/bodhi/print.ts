import { type Update, updateBox, updateLine } from './boxes.ts';
import type { BodhiClient } from './client.ts';
import type { BodhiRun } from './version.ts';

/** What the server answers to most commands. */
export interface Reply {
  readonly updates?: readonly Update[];
  readonly total?: number;
  readonly update?: Update;
  readonly title?: string;
  readonly comment?: { readonly text: string; readonly update: { readonly alias: string } };
  readonly caveats?: readonly { readonly description: string }[];
}

/** Prints a reply: one update as a box, several as lines, then what the server warns of. */
export async function printReply(run: BodhiRun, client: BodhiClient, reply: Reply): Promise<void> {
  if (reply.updates !== undefined) {
    const [only] = reply.updates;
    if (only !== undefined && reply.updates.length === 1) run.print(await updateBox(client, only));
    else for (const update of reply.updates) run.print(updateLine(update, Date.now()));
    if (reply.total !== undefined) run.print(`${reply.total} updates found (${reply.updates.length} shown)`);
  } else if (reply.update !== undefined) {
    run.print(await updateBox(client, reply.update));
  } else if (reply.title !== undefined) {
    run.print(await updateBox(client, reply as unknown as Update));
  } else if (reply.comment !== undefined) {
    run.print(`The following comment was added to ${reply.comment.update.alias}`);
    run.print(reply.comment.text);
  }
  if (reply.caveats === undefined || reply.caveats.length === 0) return;
  run.print('Caveats:');
  for (const { description } of reply.caveats) run.print(description);
}

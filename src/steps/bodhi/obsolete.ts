import { z } from 'zod';
import { type Bodhi, bodhi } from '../../clients/bodhi.ts';
import {
  blameRefusal,
  readRefusal,
  requestCommand,
  runBodhi,
  saysUnknownUpdate,
  updateIdOf,
} from '../../clients/bodhi-command.ts';
import { systemOf } from '../../core/environment.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary:
    'Makes an update obsolete; a stable one is never touched, for Bodhi would take its builds out of the release.',
  system: 'bodhi',
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({ update: z.string().describe('Alias of the update.') }),
  output: z.object({
    update_status: z.string().describe('Status afterwards; `unknown` where Bodhi has no such update.'),
    left_alone: z.boolean().describe('True where there was nothing left to take away.'),
  }),
  commands: ({ update }, { env }) => {
    const { file, args } = requestCommand(systemOf(env, 'bodhi'), { alias: update, request: 'obsolete' });
    return [[file, ...args]];
  },

  async run({ update }, ctx) {
    const address = systemOf(ctx.env, 'bodhi');
    const client = bodhi({ http: ctx.http, url: address.url });
    const before = await statusOf(client, update, ctx.signal);
    // Bodhi never deletes an update: one that it does not show may be there all the same.
    if (isDone(before)) return { update_status: before, left_alone: true };

    const command = requestCommand(address, { alias: update, request: 'obsolete' });
    for (let attempt = 1; ; attempt += 1) {
      const result = await runBodhi(command, { exec: ctx.exec, http: ctx.http, address }, ctx.signal);
      const after = await statusOf(client, update, ctx.signal);
      const isTaken = updateIdOf(result) !== undefined;
      if (isDone(after) || (after === UNKNOWN && (isTaken || saysUnknownUpdate(result))))
        return { update_status: after, left_alone: false };
      const fault = isTaken ? stillThere(update, after) : readRefusal(result, address);
      // The first call after a long pause only drops a login that has expired.
      if (fault.code !== 'BODHI_LOGIN_EXPIRED' || attempt === 2)
        throw await blameRefusal(fault, { ...ctx, address }, ctx.signal);
    }
  },
});

const UNKNOWN = 'unknown';

async function statusOf(client: Bodhi, alias: string, signal: AbortSignal): Promise<string> {
  return (await client.update(alias, signal))?.status ?? UNKNOWN;
}

function isDone(status: string): boolean {
  return status !== 'pending' && status !== 'testing' && status !== UNKNOWN;
}

function stillThere(alias: string, status: string): Fault {
  return new Fault(`update ${alias} is ${status} after it was made obsolete`, {
    code: 'UPDATE_NOT_OBSOLETED',
    kind: 'rejected',
    system: 'bodhi',
    evidence: { update: alias, status },
  });
}

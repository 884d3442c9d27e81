import { z } from 'zod';
import { wordsOf } from '../../clients/command.ts';
import { kinitCommand, klistCommand, klistSilentCommand, login } from '../../clients/kerberos.ts';
import { isoOf } from '../../core/civil.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Gets a Kerberos ticket from the keytab and reads back whose it is and how long it lasts.',
  system: 'fas',
  repeatable: true,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({}),
  output: z.object({
    principal: z.string().describe('Whose ticket it is, with realm.'),
    expires_at: z.string().describe('When the ticket ends, ISO 8601 in UTC.'),
  }),

  commands(_input, { env }) {
    const { keytab, principal } = env.identity;
    const file = 'file' in keytab ? keytab.file : `<keytab from ${keytab.env}>`;
    return [kinitCommand(file, principal), klistSilentCommand(), klistCommand()].map(wordsOf);
  },

  async run(_input, ctx) {
    const keytab = await ctx.secretFile(ctx.env.identity.keytab);
    const ticket = await login(ctx.exec, { keytab, principal: ctx.env.identity.principal }, ctx.signal);
    return { principal: ticket.principal, expires_at: isoOf(ctx.clock.fromHost(ticket.expires)) };
  },
});

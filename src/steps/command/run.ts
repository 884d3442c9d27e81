import { resolve } from 'node:path';
import { z } from 'zod';
import { evidenceOf, killedFault } from '../../clients/command.ts';
import { firstBytes } from '../../clients/first-bytes.ts';
import { duration } from '../../core/duration.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep } from '../../core/step.ts';

const OUTPUT_LIMIT_BYTES = 64 * 1024;

export default defineStep({
  summary: 'Runs one command, without a shell, and compares its exit code with what is expected.',
  system: undefined,
  // Nobody but the author of the probe knows what the command leaves behind.
  repeatable: false,
  timeoutMs: 15 * 60_000,
  input: z.strictObject({
    command: z.array(z.string()).min(1).describe('The command and its arguments; nothing is expanded.'),
    dir: z.string().optional().describe("Where it runs; the run's work folder where left out."),
    expect_exit: z
      .number()
      .int()
      .min(0)
      .max(255)
      .default(0)
      .describe('The exit code that counts as success.'),
    limit: duration.optional().describe('Longest time of the command in real time; 120 s where left out.'),
  }),
  output: z.object({
    stdout: z.string().describe('What it wrote to standard output, trimmed; the first 64 kB.'),
    exit_code: z.number().int().describe('How it ended.'),
  }),

  commands: ({ command }) => [command],

  async run({ command, dir, expect_exit, limit }, ctx) {
    const [file = '', ...args] = command;
    const result = await ctx.exec(
      {
        file,
        args,
        cwd: dir === undefined ? ctx.dir : resolve(ctx.dir, dir),
        ...(limit === undefined ? {} : { limitMs: limit }),
      },
      ctx.signal,
    );
    const killed = killedFault(result);
    if (killed !== undefined) throw killed;
    if (result.exit !== expect_exit) {
      throw new Fault(`${file} ended with exit code ${result.exit} instead of ${expect_exit}`, {
        code: 'COMMAND_FAILED',
        kind: 'rejected',
        evidence: evidenceOf(result),
        hint: 'Read the last lines of the command in the evidence.',
      });
    }
    return { stdout: firstBytes(result.stdout.trim(), OUTPUT_LIMIT_BYTES), exit_code: expect_exit };
  },
});

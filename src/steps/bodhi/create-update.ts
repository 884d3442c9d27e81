import { z } from 'zod';
import { type Bodhi, type BodhiUpdate, bodhi, releaseOf, updateSubject } from '../../clients/bodhi.ts';
import {
  blameRefusal,
  maybeDone,
  newUpdateCommand,
  readRefusal,
  runBodhi,
  updateIdOf,
} from '../../clients/bodhi-command.ts';
import { usualQuestion } from '../../clients/gate.ts';
import { decisionSubject } from '../../clients/greenwave.ts';
import { below } from '../../clients/http-answer.ts';
import { kojiHub } from '../../clients/koji.ts';
import { buildsOf } from '../../clients/nvrs.ts';
import { systemOf } from '../../core/environment.ts';
import { Fault } from '../../core/fault.ts';
import { defineStep, type PlanFacts, type StepContext } from '../../core/step.ts';

/** After a doubtful answer the work often goes on behind it: when the update is looked for again. Milliseconds. */
const LATER = [10_000, 20_000, 40_000] as const;

export default defineStep({
  summary: 'Creates an update of builds by hand, which nothing but its owner will push.',
  system: 'bodhi',
  // A second attempt looks first for the update of the run.
  repeatable: true,
  timeoutMs: 30 * 60_000,
  input: z.strictObject({
    nvr: z.string().optional().describe('The build, where it is one.'),
    builds: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('The builds, where they are several; all of one release.'),
    notes: z
      .string()
      .max(9000)
      .default('')
      .describe('First lines of the notes; who runs this, the run, and that karma is not needed is added.'),
    type: z
      .enum(['bugfix', 'enhancement', 'newpackage'])
      .default('enhancement')
      .describe('Type of the update.'),
  }),
  output: z.object({
    update: z.string().describe('Alias of the update.'),
    url: z.string().describe('Its page.'),
  }),
  commands: (input, facts) => {
    const { file, args } = newUpdateCommand(systemOf(facts.env, 'bodhi'), {
      builds: input.builds ?? [input.nvr ?? '<nvr>'],
      notes: notesOf(input.notes, facts),
      type: input.type,
    });
    return [[file, ...args]];
  },

  async run(input, ctx) {
    const address = systemOf(ctx.env, 'bodhi');
    const client = bodhi({ http: ctx.http, url: address.url });
    const builds = buildsOf(input);
    const command = newUpdateCommand(address, { builds, notes: notesOf(input.notes, ctx), type: input.type });
    const find = async (signal: AbortSignal) =>
      (await updateOfRun({ client, builds, runId: ctx.run.id }, signal))?.alias;

    const alias = await ctx.effect<string>({
      kind: 'update',
      key: [...builds].sort().join(' '),
      find,
      async make(signal) {
        // Two creations of one build at once break Bodhi: never without having looked.
        const known = await find(signal);
        if (known !== undefined) return known;
        const result = await runBodhi(command, { exec: ctx.exec, http: ctx.http, address }, signal);
        // What Bodhi has named must be undone, whether or not it shows it already.
        const named = updateIdOf(result);
        if (named !== undefined) return named;
        // Neither exit 0 nor silence is an answer: the update is there, or it is not.
        const made = await find(signal);
        if (made !== undefined) return made;
        const refusal = readRefusal(result, address);
        if (maybeDone(refusal)) {
          const later = await laterOn(find, ctx, signal);
          if (later !== undefined) return later;
        }
        const blamed = await blameTag(refusal, builds, ctx, signal);
        throw await blameRefusal(blamed, { ...ctx, address }, signal);
      },
      undo: (update) => ({ uses: 'bodhi/obsolete', with: { update } }),
      subjects: (update) => [updateSubject(update)],
    });
    const shown = (signal: AbortSignal) => client.update(alias, signal);
    if ((await shown(ctx.signal)) === undefined && (await laterOn(shown, ctx, ctx.signal)) === undefined) {
      throw lost(builds, alias);
    }
    // From now on Greenwave must say no until the tests have passed: who looks only then does not see that it said yes all the time.
    if (ctx.env.systems.greenwave !== undefined) {
      ctx.events.follow(decisionSubject(usualQuestion(await releaseOf(ctx), builds, alias)));
    }
    return { update: alias, url: below(address.url, `updates/${alias}`) };
  },
});

/** Bodhi takes no build that is not in the candidate tag: where Koji itself shows that it is not, the missing tag is Koji's. */
async function blameTag(
  refusal: Fault,
  builds: readonly string[],
  ctx: StepContext,
  signal: AbortSignal,
): Promise<Fault> {
  const { koji } = ctx.env.systems;
  if (refusal.code !== 'BUILD_NOT_ACCEPTED' || koji === undefined) return refusal;
  try {
    const { candidate_tag } = await releaseOf(ctx);
    const known = await kojiHub({ http: ctx.http, url: koji.url }).builds(builds, signal);
    const tagsOf = (nvr: string) => (known.get(nvr)?.taggings ?? []).map((row) => row['tag.name']);
    const untagged = builds.filter((nvr) => known.has(nvr) && !tagsOf(nvr).includes(candidate_tag));
    if (untagged.length === 0) return refusal;
    const tags = Object.fromEntries(untagged.map((nvr) => [nvr, tagsOf(nvr)]));
    return new Fault(`koji never tagged ${untagged.join(', ')} with ${candidate_tag}; ${refusal.message}`, {
      code: refusal.code,
      kind: refusal.kind,
      system: 'koji',
      evidence: { ...refusal.evidence, koji_tags: tags },
      cause: refusal,
    });
  } catch {
    signal.throwIfAborted();
    return refusal;
  }
}

/** Asks again and again, each time after a longer pause. */
async function laterOn<Found>(
  look: (signal: AbortSignal) => Promise<Found | undefined>,
  { clock }: Pick<StepContext, 'clock'>,
  signal: AbortSignal,
): Promise<Found | undefined> {
  for (const pause of LATER) {
    await clock.sleep(pause, signal);
    const found = await look(signal);
    if (found !== undefined) return found;
  }
  return undefined;
}

function notesOf(text: string, { run, env }: Pick<PlanFacts, 'run' | 'env'>): string {
  const own =
    `Made by packprobe (${env.contact}), run ${run.id}, to see whether the packager workflow works. ` +
    'Karma is not needed; the update will be withdrawn.';
  return text === '' ? own : `${text}\n\n${own}`;
}

interface Sought {
  readonly client: Bodhi;
  readonly builds: readonly string[];
  readonly runId: string;
}

/** The update whose notes name this run; one that is no longer on its way only where there is no other. */
async function updateOfRun(
  { client, builds, runId }: Sought,
  signal: AbortSignal,
): Promise<BodhiUpdate | undefined> {
  const updates = await client.updatesWith(builds, signal);
  const ours = updates.filter(({ notes }) => notes?.includes(runId));
  return ours.find(({ status }) => status !== 'obsolete' && status !== 'unpushed') ?? ours[0];
}

function lost(builds: readonly string[], alias: string): Fault {
  return new Fault(`bodhi named ${alias} but does not know it`, {
    code: 'UPDATE_LOST',
    kind: 'rejected',
    system: 'bodhi',
    evidence: { builds: [...builds], update: alias },
  });
}

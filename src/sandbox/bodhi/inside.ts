import { type Bodhi, BodhiError, transaction } from './context.ts';
import { createUpdate } from './create.ts';
import { waiveResults } from './gating.ts';
import { comment } from './life.ts';
import type { Build, Comment, Update } from './model.ts';

export interface InsideUpdate {
  readonly user: string;
  /** NVRs of complete builds of one release. */
  readonly builds: readonly string[];
  readonly notes: string;
  readonly type: 'bugfix' | 'security' | 'newpackage' | 'enhancement';
  readonly severity: 'unspecified' | 'low' | 'medium' | 'high' | 'urgent';
}

/** What an update of others is asked about. */
export interface InsideLook {
  readonly status: Update['status'];
  readonly gating: Update['gating'];
}

/** Which updates go: those submitted before a time, epoch ms. */
export interface UpdateLimits {
  /** Whether a package is somebody else's. */
  readonly isTheirs: (pkg: string) => boolean;
  /** Of those that are stable, obsolete or unpushed. */
  readonly ended: number;
  /** Of all others. */
  readonly stuck: number;
}

/** What packagers who live inside the sandbox ask of Bodhi, by the rules of its API but without the wire. */
export interface BodhiInside {
  /** Alias of a new update with the usual settings; undefined where Bodhi says no. */
  submit(wanted: InsideUpdate): Promise<string | undefined>;
  look(alias: string): InsideLook | undefined;
  /** Alias of the update that a build is in. */
  updateOf(nvr: string): string | undefined;
  comment(
    alias: string,
    said: { readonly author: string; readonly text: string; readonly karma: number },
  ): Promise<void>;
  waive(alias: string, user: string, why: string): Promise<void>;
  /** Throws away old updates of other people's packages, with their builds and comments. */
  retire(limits: UpdateLimits): void;
}

export function bodhiInside(bodhi: Bodhi): BodhiInside {
  const { store, ports } = bodhi;
  return {
    async submit({ user, builds, notes, type, severity }) {
      const facts = builds.map((nvr) => ports.koji.build(nvr)).filter((build) => build !== undefined);
      const release = store.releases.find(
        ({ candidate_tag }) => facts[0]?.tags.includes(candidate_tag) === true,
      );
      if (release === undefined || facts.some(({ tags }) => !tags.includes(release.candidate_tag)))
        return undefined;
      if (facts.some(({ nvr }) => store.builds.get(nvr)?.update !== undefined)) return undefined;
      const rows = facts.map((build) => store.build(build, release));
      const values = {
        display_name: '',
        close_bugs: true,
        type,
        severity,
        notes,
        autokarma: true,
        stable_karma: 2,
        unstable_karma: -2,
        suggest: 'unspecified',
        require_bugs: false,
        require_testcases: false,
        autotime: true,
        stable_days: 7,
      };
      try {
        const { update } = await transaction(bodhi, (work) =>
          createUpdate(bodhi, work, {
            release,
            builds: rows,
            user: store.user(user),
            checked: { from_tag: null, bugs: [], builds: [], edited: undefined },
            values,
          }),
        );
        return update.alias;
      } catch (error) {
        if (error instanceof BodhiError) return undefined;
        throw error;
      }
    },
    look: (alias) => store.update(alias),
    updateOf: (nvr) => store.builds.get(nvr)?.update?.alias,
    async comment(alias, said) {
      const update = store.update(alias);
      if (update === undefined || update.locked) return;
      await transaction(bodhi, (work) => comment(bodhi, work, update, said));
    },
    async waive(alias, user, why) {
      const update = store.update(alias);
      if (update?.gating !== 'failed' || update.locked) return;
      try {
        await transaction(bodhi, () => waiveResults(bodhi, update, { user, comment: why, tests: [] }));
      } catch (error) {
        if (!(error instanceof BodhiError)) throw error;
      }
    },
    retire({ isTheirs, ended, stuck }) {
      const isEnded = ({ status }: Update) =>
        status === 'stable' || status === 'obsolete' || status === 'unpushed';
      const isOld = (update: Update) =>
        !update.locked &&
        update.date_submitted < (isEnded(update) ? ended : stuck) &&
        update.builds.every(({ name }) => isTheirs(name));
      const gone = new Set(store.updates.filter(isOld));
      if (gone.size === 0) return;
      keep(store.updates, (update) => !gone.has(update));
      keep(store.comments, ({ update }: Comment) => !gone.has(update));
      const isGone = ({ update }: Build) => update !== undefined && gone.has(update);
      for (const [nvr, build] of store.builds) if (isGone(build)) store.builds.delete(nvr);
    },
  };
}

function keep<Row>(rows: Row[], isKept: (row: Row) => boolean): void {
  const kept = rows.filter(isKept);
  rows.length = 0;
  for (const row of kept) rows.push(row);
}

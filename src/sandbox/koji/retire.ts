import { discard } from '../kit/rows.ts';
import { type Build, type Hub, REPO, type Task, type User } from './hub.ts';
import { stampOf } from './stamps.ts';
import { hasEnded } from './tasks.ts';

/** Up to when what others did is thrown away, epoch ms. */
export interface Limits {
  /** Tasks with their logs, runs and repos. */
  readonly tasks: number;
  /** Builds with their RPMs and tags. */
  readonly builds: number;
  /** Builds that somebody still speaks of, however old. */
  readonly isNeeded: (nvr: string) => boolean;
}

/**
 * Throws away what other people's work has left. The real hub keeps every row for ever, in a database; here all is in memory. What packprobe's
 * packager and the services did for it stays.
 */
export function retire(hub: Hub, limits: Limits): void {
  const { others } = hub.kit.world;
  if (others === undefined) return;
  const names = new Set(['releng', 'kojira', ...others.people]);
  const isTheirs = ({ name }: User) => names.has(name);
  const [tasksBefore, buildsBefore] = [stampOf(limits.tasks), stampOf(limits.builds)];

  const isOldTask = (task: Task) =>
    isTheirs(task.owner) && hasEnded(task) && (task.completion_ts ?? 0) < tasksBefore;
  discard(hub.runs, ({ task }) => isOldTask(task));
  const old = new Set(hub.tasks.filter(isOldTask).map(({ id }) => String(id)));
  for (const path of hub.sourcePackages.keys()) {
    if (old.has(path.split('/')[2] ?? '')) hub.sourcePackages.delete(path);
  }
  discard(hub.tasks, isOldTask);

  const gone = new Set<Build>();
  for (const build of hub.builds) {
    const isOld = (build.completion_ts ?? build.start_ts) < buildsBefore;
    if (isOld && isTheirs(build.owner) && !limits.isNeeded(build.nvr)) gone.add(build);
  }
  const isOldBuild = (build: Build) => gone.has(build);
  for (const build of hub.builds) {
    if (isTheirs(build.owner) && (build.completion_ts ?? build.start_ts) < tasksBefore) {
      build.logs.clear();
      // The task is gone; its number is all that is still told of it.
      if (build.task !== null && build.task.files.size > 0) build.task.files.clear();
    }
  }
  discard(hub.rpms, ({ build }) => isOldBuild(build));
  discard(hub.taggings, ({ build }) => isOldBuild(build));
  discard(hub.builds, isOldBuild);

  const newest = new Set(
    hub.tags.map((tag) => hub.repos.findLast((repo) => repo.tag === tag && repo.state === REPO.ready)),
  );
  discard(hub.repos, (repo) => repo.created.ts < tasksBefore && !newest.has(repo));
  discard(hub.repoRequests, (request) => !request.active && request.update_ts < tasksBefore);
  discard(hub.events, ({ ts }) => ts < buildsBefore);
}

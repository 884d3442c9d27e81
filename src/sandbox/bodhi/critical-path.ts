import type { Bodhi } from './context.ts';
import { thresholds, type Update } from './model.ts';

/** Groups of the critical path with their packages; those without one of `components` are left out where any is named. */
export function criticalPath(
  bodhi: Bodhi,
  components: readonly string[] = [],
): Readonly<Record<string, readonly string[]>> {
  const groups = Object.entries(bodhi.kit.world.critpath ?? {}).map(([group, packages]) => [
    group,
    components.length === 0 ? packages : packages.filter((name) => components.includes(name)),
  ]);
  return Object.fromEntries(groups.filter(([, packages]) => (packages?.length ?? 0) > 0));
}

/** Looks up again whether the builds of an update are critical. */
export function refreshCriticalPath(bodhi: Bodhi, update: Update): void {
  const names = update.builds.map(({ name }) => name);
  const groups = names.length === 0 ? [] : Object.keys(criticalPath(bodhi, names)).sort();
  update.critpath = groups.length > 0;
  update.critpath_groups = groups.join(' ');
}

/** The karma that a release wants before anybody may push to stable. */
export function mandatoryKarma({ release, critpath }: Pick<Update, 'release' | 'critpath'>): number {
  const { critpath_min_karma, min_karma } = thresholds(release);
  return critpath ? critpath_min_karma : min_karma;
}

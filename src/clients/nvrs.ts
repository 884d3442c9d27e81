import { Fault } from '../core/fault.ts';

/** The builds of a step that takes either one `nvr` or several `builds`; the list wins, since one is bound by itself. */
export function buildsOf({
  nvr,
  builds,
}: {
  readonly nvr?: string | undefined;
  readonly builds?: readonly string[] | undefined;
}): string[] {
  const all = builds ?? (nvr === undefined ? [] : [nvr]);
  if (all.length > 0) return [...new Set(all)];
  throw new Fault('the step was given no build', {
    code: 'NO_BUILD_GIVEN',
    kind: 'prober',
    hint: 'Give `nvr` or `builds`, or put a koji/build before this step.',
  });
}

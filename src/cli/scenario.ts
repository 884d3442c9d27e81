import type { Host, SandboxOptions } from './host.ts';
import { loadScenario, type PlaceOptions } from './places.ts';
import { UsageError } from './usage-error.ts';

export interface ScenarioOptions {
  readonly scenario?: string;
  readonly packagers?: string;
}

/** Most people that a sandbox has been tried with, many times over. */
const MOST_PACKAGERS = 10_000;

/** Refuses `--scenario` and `--packagers` where no sandbox of our own is started. */
export function assertScenarioFits(
  { scenario, packagers, env, url }: ScenarioOptions & { readonly env?: string; readonly url?: string },
  { program }: Host,
): void {
  const option = scenario === undefined ? '--packagers' : '--scenario';
  if ((scenario ?? packagers) === undefined) return;
  if (url !== undefined) {
    throw new UsageError(
      `${option} cannot change a sandbox that is joined`,
      `Start one with it: \`${program} sandbox ${option} ${scenario ?? packagers}\`.`,
    );
  }
  if (env !== undefined && env !== 'sandbox') {
    throw new UsageError(
      `${option} is for a sandbox, not for the environment ${env}`,
      `Use --env sandbox, or leave ${option} out.`,
    );
  }
}

/** What plays in the sandbox, and how many other people are in it; the command line wins over the scenario. */
export async function chosenScenario(
  options: ScenarioOptions & PlaceOptions,
  host: Host,
): Promise<Pick<SandboxOptions, 'scenario' | 'packagers'>> {
  const asked = options.packagers === undefined ? undefined : parsePackagers(options.packagers);
  if (options.scenario === undefined) return { packagers: asked ?? 0 };
  const scenario = await loadScenario(options.scenario, options, host);
  return { scenario, packagers: asked ?? scenario.scenario.packagers };
}

function parsePackagers(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= MOST_PACKAGERS) return count;
  throw new UsageError(`--packagers takes a whole number from 0 to ${MOST_PACKAGERS}, got "${text}"`);
}

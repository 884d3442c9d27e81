import type { Kit } from '../kit/kit.ts';
import { othersPackage, type WorldRelease } from '../kit/world.ts';
import { whenStored } from '../resultsdb/stored.ts';
import { decide, type Judge } from './decision.ts';

/** Pause before the question is put again where an upstream could not answer. Sandbox ms. */
const AGAIN_MS = 30_000;

/** Writes down since when Greenwave says yes to the push to testing, whether or not anybody asks it. */
export function keepDecisionTruth(kit: Kit, judge: Judge): void {
  const satisfied = new Set<string>();

  async function look(nvr: string, at: number): Promise<void> {
    // Nobody compares what is said of other people's builds.
    if (othersPackage(kit.world, nvr) !== undefined) return;
    const release = releaseOf(nvr, kit.world.releases);
    if (release === undefined) return;
    const body = {
      product_version: `fedora-${release.version}`,
      decision_context: ['bodhi_update_push_testing'],
      subject: [{ type: 'koji_build', item: nvr }],
    };
    const decided = await decide(body, judge).catch(() => undefined);
    if (decided === undefined) {
      kit.clock.after(AGAIN_MS, () => void look(nvr, kit.clock.now()));
      return;
    }
    if (decided.answer['policies_satisfied'] !== true) {
      satisfied.delete(nvr);
    } else if (!satisfied.has(nvr)) {
      satisfied.add(nvr);
      kit.truth(nvr, 'decision', at);
    }
  }

  // One after the other: a later answer must not be overtaken by an earlier one.
  let tail = Promise.resolve();
  whenStored(kit, ({ nvr, at }) => {
    tail = tail.then(() => look(nvr, at));
  });
}

/** The release whose dist tag the build's release ends with: `foo-1.0-3.fc44`. */
export function releaseOf(nvr: string, releases: readonly WorldRelease[]): WorldRelease | undefined {
  const release = nvr.slice(nvr.lastIndexOf('-') + 1);
  return releases.find(({ version }) => new RegExp(`\\.fc${version}(\\.|$)`).test(release));
}

import type { BodhiInside } from '../bodhi/inside.ts';
import type { Delay } from '../kit/draw.ts';
import type { Kit } from '../kit/kit.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** From the last build to the update: some wait for nothing, some for the next day. */
const TO_UPDATE: Delay = { least: MINUTE_MS, median: 25 * MINUTE_MS, most: 30 * HOUR_MS };
/** Until somebody else has tried it. */
const TO_KARMA: Delay = { least: 20 * MINUTE_MS, median: 16 * HOUR_MS, most: 150 * HOUR_MS };
/** Until its owner looks at an update that is blocked. */
const TO_WAIVER: Delay = { least: HOUR_MS, median: 6 * HOUR_MS, most: 90 * HOUR_MS };

/** How many testers an update finds: most none. */
const TESTERS = [0.55, 0.8, 0.94];
const UNHAPPY = 0.04;
const TYPES = ['bugfix', 'bugfix', 'bugfix', 'enhancement', 'enhancement', 'security', 'newpackage'] as const;
const PRAISE = ['Works for me.', 'No regressions noted.', 'LGTM', 'Works fine here, thanks!', ''];

/** What people do with their updates. */
export interface Updates {
  submitLater(made: {
    readonly owner: string;
    readonly builds: readonly string[];
    readonly subject: string;
  }): void;
  /** An automatic update needs nobody, unless its tests fail. */
  mindAutomatic(nvr: string, owner: string): void;
}

export function minded(kit: Kit, bodhi: BodhiInside, people: readonly string[]): Updates {
  const { clock, draw } = kit;
  const some = <Item>(items: readonly Item[], point: string, subject: string): Item =>
    items[Math.floor(draw(point, subject) * items.length)] as Item;
  const quietly = (act: () => Promise<unknown>) =>
    void act().catch((error: unknown) => kit.trouble('the update of another packager', error));

  function waiveLater(alias: () => string | undefined, owner: string, subject: string): void {
    clock.after(kit.delay('weather.waiver', subject, TO_WAIVER), () => {
      const found = alias();
      if (found === undefined || bodhi.look(found)?.gating !== 'failed') return;
      quietly(() => bodhi.waive(found, owner, 'The test fails for a reason of its own.'));
    });
  }

  function testLater(alias: string, owner: string, subject: string): void {
    const draws = draw('weather.testers', subject);
    const testers = TESTERS.filter((bound) => draws >= bound).length;
    for (let i = 0; i < testers; i++) {
      const voice = `${subject} ${i}`;
      clock.after(kit.delay('weather.karma', voice, TO_KARMA), () => {
        const status = bodhi.look(alias)?.status;
        if (status !== 'pending' && status !== 'testing') return;
        const author = some(people, 'weather.tester', voice);
        if (author === owner) return;
        const isUnhappy = draw('weather.unhappy', voice) < UNHAPPY;
        const text = isUnhappy ? 'Does not start for me any more.' : some(PRAISE, 'weather.praise', voice);
        quietly(() => bodhi.comment(alias, { author, text, karma: isUnhappy ? -1 : 1 }));
      });
    }
  }

  return {
    submitLater({ owner, builds, subject }) {
      clock.after(kit.delay('weather.update', subject, TO_UPDATE), () => {
        const type = some(TYPES, 'weather.type', subject);
        quietly(async () => {
          const alias = await bodhi.submit({
            user: owner,
            builds,
            notes: `${type === 'newpackage' ? 'First build of' : 'New release of'} ${builds.map((nvr) => nvr.split('-').slice(0, -2).join('-')).join(', ')}.`,
            type,
            severity:
              type === 'security'
                ? some(['low', 'medium', 'high'] as const, 'weather.severity', subject)
                : 'unspecified',
          });
          if (alias === undefined) return;
          testLater(alias, owner, subject);
          waiveLater(() => alias, owner, subject);
        });
      });
    },
    mindAutomatic(nvr, owner) {
      waiveLater(() => bodhi.updateOf(nvr), owner, nvr);
    },
  };
}

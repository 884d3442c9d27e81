import type { IncidentRules, IncidentsConfig } from './config.ts';
import { formatDuration } from './duration.ts';
import { rulesOf, ruleText } from './incident-rules.ts';
import { intervalOf, type SiteProbe } from './site.ts';
import { SYSTEMS, type System } from './system.ts';
import type { Path } from './yaml-document.ts';

/** How many runs fail by chance, each at any of its steps alike: what a rule has to live with. */
export const CHANCE = 0.02;

const DAY_MS = 86_400_000;
const WINDOW_MS = 90 * DAY_MS;

/** More pages than these without an outage, within 90 days, and nobody believes the next. */
const MOST_FALSE = 10;

/** What a rule comes to, told before anybody is woken by it. */
export interface Forecast {
  /** Pages without an outage, within 90 days. */
  readonly false_pages: number;
  /** From the beginning of an outage to the page, at most, as long as steps take what is normal. Milliseconds. */
  readonly delay_ms: number;
}

type Probes = ReadonlyMap<string, SiteProbe>;

/** A probe that speaks of a system by itself. */
interface Speaker {
  readonly probe: SiteProbe;
  readonly intervalMs: number;
}

/** Undefined where no probe speaks of the system by itself. */
export function forecast(rules: IncidentRules, system: System, probes: Probes): Forecast | undefined {
  const speakers = [...probes.values()].flatMap((probe): readonly Speaker[] => {
    const { intervalMs } = probe;
    return intervalMs === undefined || !probe.systems.includes(system) ? [] : [{ probe, intervalMs }];
  });
  if (speakers.length === 0) return undefined;
  const { open } = rules;
  switch (open.when) {
    case 'confirmed':
      return confirmedForecast(speakers, system, probes);
    case 'in_a_row':
      return {
        false_pages: rowForecast(speakers, system, (share) => share ** open.count * (1 - share)),
        delay_ms: timeOfRow(speakers, system, open.count),
      };
    case 'of_last':
      return {
        false_pages: rowForecast(
          speakers,
          system,
          (share) => share * atLeast(open.failed - 1, open.of - 1, share),
        ),
        delay_ms: timeOfRow(speakers, system, open.failed),
      };
  }
}

function confirmedForecast(speakers: readonly Speaker[], system: System, probes: Probes): Forecast {
  let falsePages = 0;
  const delays: number[] = [];
  for (const { probe, intervalMs } of speakers) {
    const named = probe.confirm_with === undefined ? undefined : probes.get(probe.confirm_with);
    const other = named?.systems.includes(system) === true ? named : probe;
    const actions = new Set(other.plan.steps.map(({ uses }) => uses));
    const own = probe.plan.steps.filter((step) => step.system === system);
    // What the other probe does not do is asked of this one once more.
    const unanswered = own.filter(({ uses }) => !actions.has(uses)).length / Math.max(1, own.length);
    const again = shareOf(other, system) + unanswered * shareOf(probe, system);
    // A third failing run in a row is told, whomever it charges.
    falsePages += (WINDOW_MS / intervalMs) * shareOf(probe, system) * (again + CHANCE ** 2);
    const seen = intervalMs + timeTo(probe, system);
    delays.push(seen + timeTo(other, system) + (unanswered > 0 ? timeTo(probe, system) : 0));
  }
  return { false_pages: falsePages, delay_ms: Math.min(...delays) };
}

/** All pieces of evidence of a system stand in one row, whatever probe they are of. */
function rowForecast(
  speakers: readonly Speaker[],
  system: System,
  opensAt: (share: number) => number,
): number {
  const counts = speakers.map(({ intervalMs }) => WINDOW_MS / intervalMs);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const failed = speakers.reduce(
    (sum, { probe }, index) => sum + (counts[index] ?? 0) * shareOf(probe, system),
    0,
  );
  return all * opensAt(failed / all);
}

/** When the last of so many runs has failed, where each probe has just run as the outage begins. */
function timeOfRow(speakers: readonly Speaker[], system: System, count: number): number {
  const ends = speakers.flatMap(({ probe, intervalMs }) =>
    Array.from({ length: count }, (_, index) => (index + 1) * intervalMs + timeTo(probe, system)),
  );
  return ends.toSorted((a, b) => a - b)[count - 1] ?? 0;
}

/** How many runs fail by chance at a step of the system. */
function shareOf({ plan }: SiteProbe, system: System): number {
  const charged = plan.steps.filter((step) => step.system === system).length;
  return (CHANCE * charged) / Math.max(1, plan.steps.length);
}

/** Until the first step of the system has ended, where all takes what is normal. */
function timeTo({ plan }: SiteProbe, system: System): number {
  const last = plan.steps.findIndex((step) => step.system === system);
  return plan.steps.slice(0, last + 1).reduce((sum, { normalMs = 0 }) => sum + normalMs, 0);
}

/** Probability that of `of` draws `wanted` or more have this probability's outcome. */
function atLeast(wanted: number, of: number, share: number): number {
  let sum = 0;
  let ways = 1;
  for (let drawn = 0; drawn <= of; drawn += 1) {
    if (drawn >= wanted) sum += ways * share ** drawn * (1 - share) ** (of - drawn);
    ways = (ways * (of - drawn)) / (drawn + 1);
  }
  return Math.min(1, sum);
}

/** One environment that the rules are for. */
export interface RuledSite {
  readonly name: string;
  readonly probes: Probes;
}

/** What rules come to in one environment, for all systems that share them. */
export interface RuleForecast extends Forecast {
  readonly environment: string;
  readonly rule: string;
  readonly systems: readonly System[];
  /** Whose outage is told last. */
  readonly slowest: System;
}

export interface RuleFault {
  readonly path: Path;
  readonly message: string;
}

export interface RuleCheck {
  readonly forecasts: readonly RuleForecast[];
  readonly faults: readonly RuleFault[];
}

/** Works out what the rules come to at the rates of these probes, and what of that makes no sense. Paths begin at `incidents`. */
export function checkRules(config: IncidentsConfig, sites: readonly RuledSite[]): RuleCheck {
  const forecasts: RuleForecast[] = [];
  const faults: RuleFault[] = [];
  const shared = SYSTEMS.filter((system) => config.systems[system]?.open === undefined);
  const groups = [
    { systems: shared, path: ['open'] },
    ...SYSTEMS.filter((system) => !shared.includes(system)).map((system) => ({
      systems: [system],
      path: ['systems', system, 'open'],
    })),
  ] as const;
  for (const site of sites) {
    for (const { systems, path } of groups) {
      const found = forecastGroup(config, systems, site);
      if (found === undefined) continue;
      forecasts.push(found);
      faults.push(...faultsOf(found, path, site));
    }
    faults.push(...reminderFaults(config, site));
  }
  return { forecasts, faults };
}

function forecastGroup(
  config: IncidentsConfig,
  systems: readonly System[],
  { name, probes }: RuledSite,
): RuleForecast | undefined {
  const each = systems.flatMap((system) => {
    const found = forecast(rulesOf(config, system), system, probes);
    return found === undefined ? [] : [{ system, ...found }];
  });
  const slowest = each.toSorted((a, b) => b.delay_ms - a.delay_ms)[0];
  if (slowest === undefined) return undefined;
  return {
    environment: name,
    rule: ruleText(rulesOf(config, slowest.system).open),
    systems: each.map(({ system }) => system),
    false_pages: each.reduce((sum, { false_pages }) => sum + false_pages, 0),
    delay_ms: slowest.delay_ms,
    slowest: slowest.system,
  };
}

function faultsOf(found: RuleForecast, path: Path, { probes }: RuledSite): readonly RuleFault[] {
  const { false_pages, delay_ms, slowest, environment, rule } = found;
  const faults: RuleFault[] = [];
  if (false_pages > MOST_FALSE) {
    faults.push({
      path,
      message: `would cry wolf about ${Math.round(false_pages)} times in 90 days on ${environment}, where ${CHANCE * 100} runs in 100 fail by chance; expected at most ${MOST_FALSE}`,
    });
  }
  // A probe that runs once a week cannot tell within a day; to wait for more runs than a confirmation is the rule's own doing.
  if (rule !== 'confirmed' && delay_ms > Math.max(DAY_MS, intervalOf({ probes }, slowest) ?? 0)) {
    faults.push({
      path,
      message: `would tell an outage of ${slowest} on ${environment} only after ${formatDuration(delay_ms)}, at the rate of its probes; expected within a day`,
    });
  }
  return faults;
}

function reminderFaults(config: IncidentsConfig, { name, probes }: RuledSite): readonly RuleFault[] {
  const faults = SYSTEMS.flatMap((system): readonly RuleFault[] => {
    const interval = intervalOf({ probes }, system);
    const { remind_every } = rulesOf(config, system);
    if (interval === undefined || remind_every >= interval) return [];
    const own = config.systems[system]?.remind_every !== undefined;
    const message = `shorter than the time between two runs of ${system} on ${name}, ${formatDuration(interval)}: nothing new can be known by then`;
    return [{ path: own ? ['systems', system, 'remind_every'] : ['remind_every'], message }];
  });
  // One line for each place: of a value that all systems share the first tells enough.
  return faults.filter(({ path }, index) => {
    return faults.findIndex((other) => other.path.join('.') === path.join('.')) === index;
  });
}

/** `confirmed: would cry wolf about 0.3 times in 90 days; tells an outage after at most 8h 20m` */
export function forecastText({ rule, false_pages, delay_ms, environment, systems }: RuleForecast): string {
  const wolf = false_pages < 0.05 ? 'less than 0.1' : `about ${false_pages.toFixed(1)}`;
  const length = formatDuration(delay_ms).replace(/ 00s$/, '');
  const whose = systems.length === 1 ? ` of ${systems[0]}` : '';
  return `incidents on ${environment}, ${rule}: would cry wolf ${wolf} times in 90 days; tells an outage${whose} after at most ${length}`;
}

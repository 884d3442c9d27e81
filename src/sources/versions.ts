import { z } from 'zod';
import { askJson, below, readAs } from '../clients/http-answer.ts';
import { kojiHub } from '../clients/koji.ts';
import type { System } from '../core/system.ts';
import type { SourceOptions } from './options.ts';

const bodhiVersion = z.object({ version: z.string().min(1) });

/**
 * Versions of the systems that tell theirs. Never throws but for the signal: what does not answer is left out, for whether it works is asked by the
 * steps.
 */
export async function systemVersions(
  { http, env }: Pick<SourceOptions, 'http' | 'env'>,
  signal: AbortSignal,
): Promise<Readonly<Partial<Record<System, string>>>> {
  const { koji, bodhi } = env.systems;
  const asked: readonly (readonly [System, Promise<string> | undefined])[] = [
    ['koji', koji && kojiVersion(http, koji.url, signal)],
    ['bodhi', bodhi && versionOfBodhi(http, bodhi.url, signal)],
  ];
  const told = await Promise.allSettled(
    asked.map(async ([system, answer]) => [system, await answer] as const),
  );
  signal.throwIfAborted();
  const found: Partial<Record<System, string>> = {};
  for (const one of told) {
    if (one.status === 'rejected' || one.value[1] === undefined) continue;
    const [system, version] = one.value;
    found[system] = version;
  }
  return found;
}

async function kojiVersion(http: SourceOptions['http'], url: string, signal: AbortSignal): Promise<string> {
  const answer = await kojiHub({ http, url }).call({ method: 'getKojiVersion', params: [] }, signal);
  return readAs(z.string().min(1), answer, { system: 'koji', what: 'getKojiVersion' });
}

async function versionOfBodhi(
  http: SourceOptions['http'],
  url: string,
  signal: AbortSignal,
): Promise<string> {
  const answer = await askJson(http, 'bodhi', { url: below(url, 'api_version') }, signal);
  return readAs(bodhiVersion, answer, { system: 'bodhi', what: 'api_version' }).version;
}
